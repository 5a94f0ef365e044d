"""A cluster of konomi processes on real Kafka and real Cassandra, for the tests beside it."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

from konomi_e2e import ROOT, Server, run_konomi, wait_for

DEV_STACK = ROOT / "scripts" / "dev-stack.sh"
ROLES = ("ingest", "consume", "aggregate", "api")


class Stack:
    """One Kafka and one Cassandra in a directory, which up() starts on free ports."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def command(self, *arguments):
        done = subprocess.run([DEV_STACK, *arguments, "--dir", self.directory],
                              capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"dev-stack.sh {arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def up(self):
        self.command("up", "--free-ports")
        return self.read_settings()

    def read_settings(self):
        lines = self.command("env").splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines
                 if line.startswith("export "))
        self.settings = {name: value.strip("'\"") for name, value in pairs}
        return self

    def down(self):
        self.command("reset")
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def brokers(self):
        return self.settings["KONOMI_KAFKA_BROKERS"]


class Process(Server):
    """A konomi process of a cluster; `roles` says which parts."""

    def __init__(self, directory, roles, environment, *flags):
        super().__init__(directory, *flags)
        self.roles = roles
        self.environment = environment

    def command(self, *flags):
        base = super().command(*flags)
        at = base.index("--data-dir")
        return base[:at] + base[at + 2:] + ["--roles", self.roles]

    def launch(self, *flags):
        assert self.process is None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(*flags), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT,
                                            env={**os.environ, **self.environment})
        return self


@dataclasses.dataclass
class Cluster:
    """Processes that share a topic and a keyspace. Made with `make`."""
    stack: Stack
    directory: pathlib.Path
    environment: dict
    flags: tuple
    processes: list = dataclasses.field(default_factory=list)

    @classmethod
    def make(cls, stack, directory, name, *flags):
        environment = {**stack.settings, "KONOMI_KAFKA_TOPIC": f"orders-{name}",
                       "KONOMI_KAFKA_GROUP": f"konomi-{name}",
                       "KONOMI_CASSANDRA_KEYSPACE": f"konomi_{name}"}
        cluster = cls(stack, pathlib.Path(directory), environment, flags)
        cluster.run("topics", "apply")
        cluster.run("schema", "apply")
        return cluster

    def run(self, *arguments, **options):
        """A command of konomi with this cluster's settings."""
        return run_konomi(*arguments, env={**os.environ, **self.environment}, **options)

    def add(self, roles, *flags):
        """One more process, started."""
        process = Process(self.directory / f"{roles.replace(',', '-')}{len(self.processes)}", roles,
                          self.environment, "--settle", "200ms", *self.flags, *flags)
        self.processes.append(process)
        return process.start()

    def start_pairs(self):
        """Two processes of each role; the aggregators share the buckets."""
        for index in range(2):
            self.add("ingest")
            self.add("consume")
            self.add("aggregate", "--aggregate-shard", f"{index}/2")
            self.add("api")
        return self

    def of(self, roles):
        return [process for process in self.processes
                if process.roles == roles and process.process is not None]

    @property
    def api(self):
        return self.of("api")[0]

    def import_file(self, path, *flags, ingest=0):
        return run_konomi("import", path, "--url", self.of("ingest")[ingest].url, "--status-url",
                          self.api.url, "--wait", "--output", "json", *flags)

    def wait_counted(self, limit_s=300):
        # A server that has just come back may refuse at first.
        wait_for(lambda: self.api.http.get("/api/v1/status").status_code == 200,
                 "/api/v1/status answers", 60)
        return self.api.wait_counted(limit_s)

    def wait_stored(self, orders, limit_s=120):
        wait_for(lambda: self.api.status()["log"]["stored_up_to"] >= orders,
                 f"{orders} orders are stored", limit_s)

    def end(self):
        for process in self.processes:
            if process.process is not None:
                process.kill()
