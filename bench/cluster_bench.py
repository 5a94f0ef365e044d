#!/usr/bin/env python3
"""The cluster engine beside the limits of the Kafka and the Cassandra it runs on, in one run.

usage: bench/cluster_bench.py [--only PART,…] [--rounds N] [--seconds N] [--orders N]
                              [--backlog N] [--build DIR]

Starts a Kafka and a Cassandra of its own, on free ports, and stops them at the end.

  ingest     wrk posts orders to `konomi serve --roles ingest`; the limits are librdkafka alone
             with the same records and as many in flight, and a server that does nothing
  drain      `konomi serve --roles consume` stores --orders orders that wait in the topic; the limit
             is the bridge alone, writing the same rows in batches of one partition
  aggregate  `konomi aggregate` counts that day: in one process, and in two with half each
  memory     what ingest, consume, aggregate and api hold while --backlog orders come in, and while
             they are drained

Figures are the medians of the rounds. Everything shares one machine, so processor time is given
beside each rate: it moves less than the rate when something else runs.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import ingest_bench

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEV_STACK = ROOT / "scripts" / "dev-stack.sh"
PARTS = ("ingest", "drain", "aggregate", "memory")
DAY = "2025-05-31"  # Of the orders that kafka_bench and cassandra_bench make.
BULK_IN_FLIGHT = 10_000
DEADLINE = 1800  # Seconds that any one step may take.
TICKS = os.sysconf("SC_CLK_TCK")


def fail(message):
    sys.exit(f"cluster_bench: {message}")


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=DEADLINE, check=False, **options)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))} ended with {done.returncode}:\n"
             f"{done.stdout}{done.stderr}")
    return done.stdout


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Stopwatch:
    """Seconds, and the processor time of some processes, from its making on."""

    def __init__(self, **pids):
        self.pids = pids
        self.begin = time.monotonic()
        self.cpu_begin = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def seconds(self):
        return time.monotonic() - self.begin

    def cpu(self, name):
        return cpu_seconds(self.pids[name]) - self.cpu_begin[name]


class Stack:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def command(self, *arguments):
        # What servers that run for days have, and tests that run for seconds do not want.
        options = os.environ.get("DEV_STACK_JVM_OPTIONS", "-XX:TieredStopAtLevel=4")
        return run([DEV_STACK, *arguments, "--dir", self.directory],
                   env={**os.environ, "DEV_STACK_JVM_OPTIONS": options})

    def up(self):
        self.command("up", "--free-ports")
        for line in self.command("env").splitlines():
            if line.startswith("export "):
                name, value = line.removeprefix("export ").split("=", 1)
                os.environ[name] = value.strip("'\"")

    def pid(self, node):
        found = re.search(rf"{node}.*process (\d+)", self.command("status"))
        if not found:
            fail(f"{node} does not run; see {self.directory}/{node}/server.log")
        return int(found[1])


class Bench:
    def __init__(self, arguments, stack):
        self.arguments = arguments
        self.konomi = arguments.build / "konomi"
        self.programs = arguments.build / "bench"
        self.kafka = stack.pid("kafka-1")
        self.cassandra = stack.pid("cassandra-1")
        self.names = 0

    def new_place(self):
        """A topic and a keyspace of their own for what comes next."""
        self.names += 1
        os.environ["KONOMI_KAFKA_TOPIC"] = f"orders-{self.names}"
        os.environ["KONOMI_KAFKA_GROUP"] = f"konomi-{self.names}"
        os.environ["KONOMI_CASSANDRA_KEYSPACE"] = f"konomi_{self.names}"
        run([self.konomi, "topics", "apply"])
        run([self.konomi, "schema", "apply"])

    @contextlib.contextmanager
    def serve(self, roles):
        url = f"http://127.0.0.1:{ingest_bench.free_port()}"
        server = ingest_bench.Server(
            [self.konomi, "serve", "--roles", roles, "--listen", url.removeprefix("http://")],
            url, "/readyz")
        try:
            yield server
        finally:
            server.stop()

    def program(self, name, *arguments):
        """The lines of a program of bench/: words."""
        connection = {
            "kafka_bench": ["--brokers", os.environ["KONOMI_KAFKA_BROKERS"],
                            "--topic", os.environ["KONOMI_KAFKA_TOPIC"]],
            "cassandra_bench": ["--contact-points", os.environ["KONOMI_CASSANDRA_CONTACT_POINTS"],
                                "--keyspace", os.environ["KONOMI_CASSANDRA_KEYSPACE"]]}[name]
        lines = run([self.programs / name, *arguments, *connection]).splitlines()
        return [line.split() for line in lines]

    def rounds(self, measure):
        """The medians of what `measure` returns, column by column."""
        return ingest_bench.median([measure() for _ in range(self.arguments.rounds)])

    # ---- ingest

    def ingest(self):
        self.new_place()
        port = ingest_bench.free_port()
        no_op = ingest_bench.Server([self.programs / "http_bench", str(port), "2"],
                                    f"http://127.0.0.1:{port}", "/")
        head = ("connections  orders/s   p50 ms   p99 ms   librdkafka/s   ratio   order log/s"
                "   CPU us an order: konomi, Kafka; librdkafka")
        try:
            with self.serve("ingest") as konomi:
                # A broker that has just started is many times slower than one that runs.
                self.kafka_limits(BULK_IN_FLIGHT)
                print("\nHTTP to Kafka: one order a request, answered when Kafka has it\n"
                      f"{head}   no-op HTTP/s   ratio")
                for connections in ingest_bench.CONNECTIONS:
                    self.print_ingest(konomi, connections, ("/api/log", "orders.lua", 1),
                                      connections, no_op)
                print(f"\nHTTP to Kafka: 1 000 orders a request; librdkafka with {BULK_IN_FLIGHT}"
                      f" in flight\n{head}")
                for connections in (1, 4):
                    self.print_ingest(konomi, connections,
                                      ("/api/v1/orders", "orders_ndjson.lua", 1000),
                                      BULK_IN_FLIGHT)
        finally:
            no_op.stop()

    def print_ingest(self, konomi, connections, how, in_flight, no_op=None):
        seconds = self.arguments.seconds

        def measure():
            limits = self.kafka_limits(in_flight)
            nothing = ingest_bench.wrk(no_op.url + "/", connections, seconds,
                                       "http_bench.lua")[:1] if no_op else ()
            return (*self.post(konomi, connections, *how), *limits, *nothing)

        rate, p50, p99, konomi_cpu, kafka_cpu, bare, bare_cpu, log, *nothing = self.rounds(measure)
        line = (f"{connections:11} {rate:9.0f} {p50:8.2f} {p99:8.2f} {bare:14.0f}"
                f" {rate / bare:7.2f} {log:13.0f} {konomi_cpu:24.1f} {kafka_cpu:6.1f}"
                f" {bare_cpu:11.1f}")
        if nothing:
            line += f" {nothing[0]:14.0f} {rate / nothing[0]:7.2f}"
        print(line, flush=True)

    def post(self, konomi, connections, path, script, orders):
        """Orders a second, two percentiles, and microseconds of processor time an order."""
        watch = Stopwatch(konomi=konomi.process.pid, kafka=self.kafka)
        rate, p50, p99 = ingest_bench.wrk(konomi.url + path, connections, self.arguments.seconds,
                                          script)
        count = rate * orders * self.arguments.seconds
        return (rate * orders, p50, p99, watch.cpu("konomi") * 1e6 / count,
                watch.cpu("kafka") * 1e6 / count)

    def kafka_limits(self, in_flight):
        """Of librdkafka alone orders a second and microseconds of processor time for each; and
        orders a second of konomi's order log on it."""
        bare, log = self.program("kafka_bench", "--in-flight", in_flight,
                                 "--seconds", max(1, self.arguments.seconds / 2))
        return float(bare[2]), float(bare[3]) / 1000, float(log[2])

    # ---- drain and aggregate

    def drain(self):
        orders = self.arguments.orders
        print(f"\nKafka to Cassandra: {orders} orders of one day")
        print("                                 orders/s   CPU us: this process, Cassandra   ratio")

        def limit(what):
            watch = Stopwatch(cassandra=self.cassandra)
            line = self.program("cassandra_bench", what, "--rows", orders)[0]
            return float(line[2]), float(line[3]) / 1000, watch.cpu("cassandra") * 1e6 / orders

        # A server that has just started is many times slower than one that runs.
        self.new_place()
        self.program("cassandra_bench", "batches", "--rows", orders)
        rates = {"batches": [], "store": [], "consume": []}
        for _ in range(self.arguments.rounds):
            self.new_place()
            rates["batches"].append(limit("batches"))
            rates["store"].append(limit("store"))
            self.new_place()  # Ends with the orders stored in it: the part after this counts them.
            self.program("kafka_bench", "--fill", orders)
            rates["consume"].append(self.consume(orders))
        medians = {name: ingest_bench.median(rounds) for name, rounds in rates.items()}
        for name, what in (("batches", "the bridge alone, 100 a batch"),
                           ("store", "the order store, 5 000 a put"),
                           ("consume", "konomi serve --roles consume")):
            rate, own, cassandra = medians[name]
            print(f"{what:30} {rate:10.0f} {own:24.1f} {cassandra:10.1f}"
                  f" {rate / medians['batches'][0]:7.2f}", flush=True)

    def consume(self, orders):
        with self.serve("consume") as konomi:
            # Joining the consumer group takes seconds, however much there is to do.
            wait_until(lambda: stored(konomi) > 0, "the first orders are stored", 0.02)
            watch = Stopwatch(konomi=konomi.process.pid, cassandra=self.cassandra)
            stored_before = stored(konomi)
            wait_until(lambda: stored(konomi) >= orders, f"{orders} orders are stored", 0.05)
            count = orders - stored_before
            return (count / watch.seconds(), watch.cpu("konomi") * 1e6 / count,
                    watch.cpu("cassandra") * 1e6 / count)

    def aggregate(self):
        orders = self.arguments.orders
        if "drain" not in self.arguments.only:
            self.new_place()
            self.program("kafka_bench", "--fill", orders)
            self.consume(orders)
        print(f"\nCounting a day of {orders} orders by 100 000 users")
        print("                        seconds   orders/s   CPU s: konomi, Cassandra"
              "   peak MB a process")
        whole, halves = ("0/1",), ("0/2", "1/2")
        for what, measure in (
                # Notes what it has counted, which counting a single day does not.
                ("for the first time", lambda: self.count(whole, "--dirty")),
                ("again", lambda: self.rounds(lambda: self.count(whole, "--date", DAY))),
                ("again, two processes", lambda: self.rounds(lambda: self.count(halves, "--date",
                                                                                DAY))),
                ("nothing to count", lambda: self.rounds(lambda: self.count(whole, "--dirty")))):
            seconds, konomi, cassandra, peak = measure()
            print(f"{what:22} {seconds:8.2f} {orders / seconds:10.0f} {konomi:15.1f}"
                  f" {cassandra:10.1f} {peak:19.0f}", flush=True)

    def count(self, shards, *arguments):
        """Seconds, processor time of konomi and of Cassandra, and the largest process's memory."""
        watch = Stopwatch(cassandra=self.cassandra)
        pids = [os.posix_spawn(self.konomi, [str(self.konomi), "aggregate", *arguments,
                                             "--shard", shard], os.environ,
                               file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
                for shard in shards]
        cpu, peak = 0, 0
        for pid in pids:
            _, status, used = os.wait4(pid, 0)
            if status != 0:
                fail(f"konomi aggregate ended with {os.waitstatus_to_exitcode(status)}")
            cpu += used.ru_utime + used.ru_stime
            peak = max(peak, used.ru_maxrss / 1024)
        return watch.seconds(), cpu, watch.cpu("cassandra"), peak

    # ---- memory

    def memory(self):
        self.new_place()
        backlog = self.arguments.backlog
        print(f"\nMemory while {backlog} orders come in and are drained, MB, every second")
        with contextlib.ExitStack() as servers:
            servers_by_role = {"ingest": servers.enter_context(self.serve("ingest")),
                               "api": servers.enter_context(self.serve("api"))}
            with Sampler(servers_by_role) as filling:
                watch = Stopwatch()
                while status(servers_by_role["api"])["log"]["end"] < backlog:
                    ingest_bench.wrk(servers_by_role["ingest"].url + "/api/v1/orders", 4, 1,
                                     "orders_ndjson.lua")
                end = status(servers_by_role["api"])["log"]["end"]
                filled = watch.seconds()
            filling.report(f"{end} orders come in, {filled:.0f} s")

            for role in ("consume", "aggregate"):
                servers_by_role[role] = servers.enter_context(self.serve(role))
            watch = Stopwatch()
            with Sampler(servers_by_role) as draining:
                wait_until(lambda: log_of(servers_by_role["api"], "stored_up_to") >= end,
                           "the backlog is stored", 1)
                drained = watch.seconds()
                wait_until(lambda: log_of(servers_by_role["api"], "counted_up_to") >= end,
                           "the backlog is counted", 1)
            draining.report(f"drained in {drained:.0f} s, counted {watch.seconds() - drained:.0f} s"
                            " later; api answers /status every second")


class Sampler:
    """The resident memory of processes, every second, as long as it is entered."""

    def __init__(self, servers):
        self.pids = {role: server.process.pid for role, server in servers.items()}
        self.samples = {role: [] for role in servers}
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def sample(self):
        while True:
            for role, pid in self.pids.items():
                self.samples[role].append(resident_mb(pid))
            if self.stop.wait(1):
                return

    def report(self, what):
        print(f"{what}\n  role         first  1/4    1/2    3/4   last    max   last half / first "
              "half (medians)")
        for role, samples in self.samples.items():
            middle = max(1, len(samples) // 2)
            at = [samples[(len(samples) - 1) * quarter // 4] for quarter in range(5)]
            growth = statistics.median(samples[middle:] or samples) \
                / statistics.median(samples[:middle])
            print(f"  {role:10}" + "".join(f"{value:7.0f}" for value in [*at, max(samples)])
                  + f"{growth:14.2f}", flush=True)


def status(server):
    with urllib.request.urlopen(server.url + "/api/v1/status", timeout=60) as answer:
        return json.load(answer)


def log_of(server, name):
    try:
        return status(server)["log"][name]
    except OSError:  # The servers behind it are busy; asked again.
        return 0


def stored(server):
    """How many orders a consuming process has stored."""
    with urllib.request.urlopen(server.url + "/metrics", timeout=60) as answer:
        text = answer.read().decode()
    found = re.search(r"^konomi_consume_orders_stored_total (\S+)", text, re.MULTILINE)
    return float(found[1]) if found else 0


def wait_until(condition, what, every):
    until = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > until:
            fail(f"after {DEADLINE} s it is still not so that {what}")
        time.sleep(every)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=PARTS, type=lambda text: text.split(","),
                        metavar="PART,…", help=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement with wrk")
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--backlog", type=int, default=5_000_000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    arguments = parser.parse_args()
    unknown = set(arguments.only) - set(PARTS)
    if unknown:
        parser.error(f"--only {','.join(sorted(unknown))}: expected some of {','.join(PARTS)}")
    for program in (arguments.build / "konomi", arguments.build / "bench" / "kafka_bench"):
        if not program.exists():
            fail(f"{program} is not built; make build, or name another --build")
    if not shutil.which("wrk"):
        fail("wrk is not installed; apt-get install wrk")
    return arguments


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # The servers must not stay.
    directory = tempfile.mkdtemp(prefix="konomi-bench-")
    stack = Stack(directory)
    try:
        stack.up()
        bench = Bench(arguments, stack)
        for part in PARTS:
            if part in arguments.only:
                getattr(bench, part)()
    finally:
        stack.command("reset")
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
