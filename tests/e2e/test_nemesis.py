"""Three Kafkas, three Cassandras, two processes of each role, and somebody who breaks all of them.

    build/venv/bin/pytest tests/e2e/test_nemesis.py --nemesis-seconds 1800 --seed 4711

Afterwards every acknowledged order is counted exactly once. docs/reliability.md has the figures.
"""

import os
import time

import pytest
from conftest import Clusters
from konomi_e2e import run_konomi, wait_for
from nemesis import SESSION_TIMEOUT_S, Keeper, Nemesis, ProxiedStack, Proxies
from tills import Tills, Watcher, judge

pytestmark = pytest.mark.cluster

TILLS = 6
TOPICS_MADE = 8  # A quarter of them failed once.
PEACE_LIMIT_S = 90  # For what waits to be acknowledged, after everything was healed.
COUNTED_LIMIT_S = 180
# The smaller the servers, the sooner they are back; the load is small.
SMALL_SERVERS = {"DEV_STACK_CASSANDRA_HEAP_MB": "512", "DEV_STACK_KAFKA_HEAP_MB": "384"}


@pytest.fixture(scope="module")
def three_nodes(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        for name, value in SMALL_SERVERS.items():
            environment.setenv(name, value)
        stack = ProxiedStack(tmp_path_factory.mktemp("nemesis"))
        try:
            yield stack.up()
        finally:
            stack.down()


@pytest.fixture
def proxies(three_nodes):
    made = Proxies(three_nodes.links())
    yield made
    made.end()


@pytest.fixture
def proxied_clusters(three_nodes, proxies, tmp_path):
    made = Clusters(three_nodes, tmp_path)
    yield made
    made.end()


def test_topics_are_made_though_brokers_learn_of_them_one_after_the_other(three_nodes, proxies):
    for attempt in range(TOPICS_MADE):
        settings = {**three_nodes.settings, "KONOMI_KAFKA_TOPIC": f"new-{attempt}"}
        run_konomi("topics", "apply", env={**os.environ, **settings})


class Diary:
    """What happens when, told at the end or when the test fails."""

    def __init__(self):
        self.began = time.monotonic()
        self.lines = []

    def __call__(self, text, when=None):
        line = f"[{(when or time.monotonic()) - self.began:6.1f} s] {text}"
        self.lines.append(line)
        print(line, flush=True)


def report(seed, nemesis, tills, watcher, keeper, judgement, recovery):
    numbers, book = tills.book.numbers, tills.book
    faults = ", ".join(f"{what} ×{times}" for what, times in sorted(nemesis.played.items()))
    read = ", ".join(f"{what} ×{times}" for what, times in watcher.answers.items())
    return "\n".join((
        f"nemesis: seed {seed}, {sum(nemesis.played.values())} faults: {faults}",
        f"  orders acknowledged {numbers['orders acknowledged']} "
        f"(as {len(book.acknowledged)} that stand), batches sent again "
        f"{numbers['batches sent again']}",
        f"  {str(judgement).splitlines()[0]}",
        f"  attempts refused (503) {numbers['refused']}, unanswered {numbers['unanswered']}, "
        f"not reached {numbers['not reached']}",
        f"  longest wait of a till for its acknowledgement {book.longest_wait_s:.1f} s; after "
        f"healing all acknowledged in {recovery[0]:.1f} s, stored and counted in "
        f"{recovery[1]:.1f} s",
        f"  figures read meanwhile: {read}; processes that ended by themselves: "
        f"{len(keeper.ended)}"))


def test_every_acknowledged_order_is_counted_once(proxied_clusters, three_nodes, proxies, request,
                                                  capsys):
    seed = request.config.getoption("--seed")
    seconds = request.config.getoption("--nemesis-seconds")
    diary = Diary()
    again = (f"play it again: build/venv/bin/pytest tests/e2e/test_nemesis.py --seed {seed} "
             f"--nemesis-seconds {seconds}")
    diary(again)
    cluster = proxied_clusters.make("--kafka-options",
                                    f"session.timeout.ms={SESSION_TIMEOUT_S * 1000}")
    cluster.start_pairs()
    processes = {f"{process.roles}{number // 4}": process
                 for number, process in enumerate(cluster.processes)}
    keeper = Keeper(processes)
    keeper.start()
    tills = Tills(TILLS, seed, [process.url for process in cluster.of("ingest")])
    api_urls = [process.url for process in cluster.of("api")]
    try:
        with tills, Watcher(api_urls, tills.book) as watcher:
            wait_for(lambda: tills.book.numbers["orders acknowledged"] > 100, "orders are taken")
            nemesis = Nemesis(seed, seconds, three_nodes, proxies, keeper, diary)

            def check():
                tills.check()
                watcher.check()

            nemesis.run(check)
            healed = time.monotonic()
            diary("all is healed")
            tills.close(PEACE_LIMIT_S)
            acknowledged = time.monotonic()
            diary("everything sent is acknowledged")
            cluster.wait_counted(COUNTED_LIMIT_S)
            counted = time.monotonic()
            diary("everything is stored and counted")
            watcher.check()
    finally:
        keeper.end()
        for when, what in tills.book.long_waits:
            diary(what, when)
        diary(again)  # Also at the end of what a failure shows.
    judgement = judge(cluster.api, tills.book)
    told = report(seed, nemesis, tills, watcher, keeper, judgement,
                  (acknowledged - healed, counted - healed))
    with capsys.disabled():
        print(f"\n{told}")
    assert judgement.is_clean, f"{judgement}\n{again}"
    # A process may fail to start while its servers are away; none may crash.
    crashed = [(name, code) for name, code in keeper.ended if code != 1]
    assert not crashed, crashed
