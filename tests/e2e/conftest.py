"""Every test gets servers of its own; the log of a failed test's servers is kept."""

import os
import pathlib
import re
import shutil
import signal

import pytest
from cluster_e2e import Cluster, Stack
from konomi_e2e import BINARY, ROOT, SHARED, Server, run_konomi

KEPT = ROOT / "build" / "test-logs" / "e2e"
QUICK = ("--settle", "100ms")  # So that a test need not wait a second for its figures.


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=1,
                     help="of the faults that tests play and the requests that they make up")
    parser.addoption("--examples", type=int, default=15,
                     help="how many requests of each kind test_schemathesis.py makes up")
    parser.addoption("--nemesis-seconds", type=int, default=45,
                     help="how long test_nemesis.py breaks the cluster")
    parser.addoption("--kills", type=int, default=6,
                     help="how often test_crash.py kills the server under load")


def pytest_configure(config):
    config.addinivalue_line("markers", "cluster: needs Kafka and Cassandra, which it starts")


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not there; build it with `make build`", returncode=3)
    # The settings of whoever runs the tests must not decide them.
    for name in [name for name in os.environ if name.startswith("KONOMI_")]:
        del os.environ[name]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in servers_of(item):
            keep_log(item, server)


def servers_of(item):
    for value in getattr(item, "funcargs", {}).values():
        if isinstance(value, Server):
            yield value
        elif isinstance(value, Servers):
            yield from value.all
        elif isinstance(value, Clusters):
            for cluster in value.all:
                yield from cluster.processes


def keep_log(item, server):
    name = re.sub(r"[^\w.-]+", "_", item.name)[:100]
    target = KEPT / pathlib.Path(item.fspath).stem / name
    target.mkdir(parents=True, exist_ok=True)
    if server.log.exists():
        shutil.copy(server.log, target / f"serve-{server.port}.log")


class Servers:
    """Makes servers in a directory, and ends those that still run."""

    def __init__(self, directory):
        self.directory = directory
        self.all = []

    def make(self, *flags, **options):
        """A server that is not started yet. Flags of the caller come last, so that they win."""
        server = Server(self.directory / f"server{len(self.all)}", *flags, **options)
        self.all.append(server)
        return server

    def start(self, *flags, **options):
        return self.make(*QUICK, *flags, **options).start()

    def end(self):
        for server in self.all:
            if server.process is not None:
                server.end(signal.SIGKILL)


@pytest.fixture
def servers(tmp_path):
    made = Servers(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def module_servers(tmp_path_factory):
    made = Servers(tmp_path_factory.mktemp("servers"))
    yield made
    made.end()


@pytest.fixture
def konomi(servers):
    """An empty konomi with the default settings (Asia/Tokyo)."""
    return servers.start()


class Clusters:
    """Makes clusters on one stack, each with a topic and a keyspace of its own."""

    def __init__(self, stack, directory):
        self.stack = stack
        self.directory = directory
        self.all = []

    def make(self, *flags):
        name = f"{self.directory.name}_{len(self.all)}".replace("-", "_").lower()[-30:]
        cluster = Cluster.make(self.stack, self.directory / name, name, *flags)
        self.all.append(cluster)
        return cluster

    def end(self):
        for cluster in self.all:
            cluster.end()


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """Real servers: those of scripts/with_stack.sh, or of their own. A machine where they cannot
    start fails, and says why."""
    if shared := os.environ.get("DEV_STACK_DIR"):
        yield Stack(shared).read_settings()
        return
    made = Stack(tmp_path_factory.mktemp("stack"))
    try:
        yield made.up()
    finally:
        made.down()


@pytest.fixture
def clusters(stack, tmp_path):
    made = Clusters(stack, tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def module_clusters(stack, tmp_path_factory):
    made = Clusters(stack, tmp_path_factory.mktemp("clusters"))
    yield made
    made.end()


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The real orders and the right answers, in a directory that an import may write to."""
    if not (SHARED / "data" / "truth.json").exists():
        pytest.skip(f"the real orders are not there: {SHARED}/data (KONOMI_SHARED names another)")
    directory = tmp_path_factory.mktemp("data")
    shutil.copytree(SHARED / "data", directory, dirs_exist_ok=True)
    for path in directory.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return directory


@pytest.fixture(scope="module")
def tokyo(module_servers, data):
    """A konomi that holds the Tokyo sample, for tests that only read."""
    server = module_servers.start("--time-zone", "Asia/Tokyo")
    run_konomi("import", data / "tokyo_foursquare" / "orders_sample.csv.gz", "--url", server.url,
               "--wait")
    return server
