"""kill -9 at any moment: what was acknowledged is there once, and an import goes on from there."""

import csv
import gzip
import json
import random
import subprocess
import threading

import pytest
from konomi_e2e import BINARY, order, run_konomi, wait_for
from tills import Tills, Watcher, judge

COPIES = 20  # Of the Tokyo sample, so that there is a middle to be killed in.
KILLS = 5
TILLS = 8


def copied_orders(data, target, copies, with_ids=True):
    """What make_load.py writes: every count is `copies` times as large."""
    source = data / "tokyo_foursquare" / "orders_sample.csv.gz"
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header if with_ids else header[1:])
        for order_id, user_id, *rest in rows:
            for copy in range(copies):
                ids = [f"{order_id}.{copy}"] if with_ids else []
                writer.writerow([*ids, f"{user_id}.{copy}", *rest])
    return len(rows) * copies


@pytest.fixture(scope="module")
def load(data, tmp_path_factory):
    directory = tmp_path_factory.mktemp("load")
    with_ids, without_ids = directory / "with_ids.csv", directory / "without_ids.csv"
    rows = copied_orders(data, with_ids, COPIES)
    copied_orders(data, without_ids, COPIES, with_ids=False)
    truth = json.loads((data / "truth.json").read_text())["tokyo_sample"]
    return with_ids, without_ids, rows, truth


def start_import(file, server):
    return subprocess.Popen([BINARY, "import", file, "--url", server.url, "--wait"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def assert_equals_truth(server, truth):
    server.wait_counted()
    days = {day["date"]: day for day in server.days()}
    assert len(days) == truth["days_with_orders"]
    assert sum(day["orders"] for day in days.values()) == truth["orders"] * COPIES
    for date, expected in truth["days"].items():
        counts = {entry["menu_type"]: entry["count"] for entry in days[date]["counts"]}
        for menu_type in truth["menu_types"]:
            assert counts[menu_type] == expected[menu_type] * COPIES, (date, menu_type)
        assert days[date]["users"] == expected["users"] * COPIES, date
    segments = server.get("/api/v1/segments")
    assert {entry["menu_type"]: entry["users"] for entry in segments["segments"]} == {
        name: users * COPIES for name, users in truth["segments"].items()}
    assert segments["users"] == truth["distinct_users"] * COPIES
    assert server.status()["dead_letters"] == 0


def assert_lists_equal_segments(server):
    for segment in server.get("/api/v1/segments")["segments"]:
        lines = server.segment_csv(segment["menu_type"]).splitlines()[1:]
        users = [line.split(",", 1)[0] for line in lines]
        assert len(users) == segment["users"], segment
        assert users == sorted(set(users)), segment


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_import_goes_on_when_the_server_was_killed(servers, load, seed):
    file, _, rows, truth = load
    chance = random.Random(seed)
    server = servers.start()
    importing = start_import(file, server)
    pause = threading.Event()
    killed_while_importing = 0
    for target in sorted(chance.randrange(1, rows) for _ in range(KILLS)):
        def reached():
            return importing.poll() is not None or server.status()["log"]["end"] >= target
        wait_for(reached, f"seed {seed}: the log reaches {target}", 120)
        pause.wait(chance.uniform(0, 0.02))
        killed_while_importing += server.status()["log"]["end"] < rows
        server.kill()
        server.start()
    assert killed_while_importing > 0, "the import was too quick; make COPIES larger"
    output, _ = importing.communicate(timeout=300)
    if importing.returncode != 0:  # It may give up; then the same command goes on.
        output += run_konomi("import", file, "--url", server.url, "--wait").stdout
    assert_equals_truth(server, truth)
    assert_lists_equal_segments(server)


@pytest.mark.parametrize("seed", [4, 5])
def test_figures_are_right_when_the_server_was_killed_while_it_counted(servers, load, seed):
    file, _, _, truth = load
    chance = random.Random(seed)
    server = servers.start()
    run_konomi("import", file, "--url", server.url)
    pause = threading.Event()
    for _ in range(KILLS):
        pause.wait(chance.uniform(0, 0.4))
        server.kill()
        server.start()
    assert_equals_truth(server, truth)
    assert_lists_equal_segments(server)


@pytest.mark.parametrize("with_ids", [True, False], ids=["with_ids", "without_ids"])
def test_a_killed_import_is_resumed_and_nothing_counts_twice(servers, load, with_ids):
    file = load[0] if with_ids else load[1]
    rows, truth = load[2], load[3]
    chance = random.Random(6)
    server = servers.start()
    for target in sorted(chance.randrange(1, rows) for _ in range(3)):
        importing = start_import(file, server)
        try:
            wait_for(lambda: importing.poll() is not None
                     or server.status()["log"]["end"] >= target, f"the log reaches {target}", 120)
        finally:
            importing.kill()
            importing.communicate()
    run_konomi("import", file, "--url", server.url, "--wait")
    assert_equals_truth(server, truth)


def test_every_acknowledged_order_is_counted_once_after_kill_9(servers, request, capsys):
    """The long form: pytest tests/e2e/test_crash.py -k counted_once --kills 200 --seed 4711."""
    seed, kills = request.config.getoption("--seed"), request.config.getoption("--kills")
    chance = random.Random(seed)
    server = servers.start()
    with Tills(TILLS, seed, [server.url]) as tills, Watcher([server.url], tills.book) as watcher:
        for _ in range(kills):
            wanted = tills.book.numbers["orders acknowledged"] + chance.randrange(20, 1000)

            def reached():
                tills.check()
                watcher.check()
                return tills.book.numbers["orders acknowledged"] >= wanted

            wait_for(reached, f"seed {seed}: {wanted} orders are acknowledged", 60)
            server.kill()
            server.launch()
            if chance.random() < 0.3:  # Also while it starts.
                tills.all[0].closing.wait(chance.uniform(0, 0.3))
                server.kill()
                server.launch()
        tills.close(60)
        server.wait_counted()
        watcher.check()
    judgement = judge(server, tills.book)
    with capsys.disabled():
        numbers = tills.book.numbers
        print(f"\ncrash: seed {seed}, {kills} kills; orders acknowledged "
              f"{numbers['orders acknowledged']}, batches sent again "
              f"{numbers['batches sent again']}; {str(judgement).splitlines()[0]}; longest wait of "
              f"a till for its acknowledgement {tills.book.longest_wait_s:.1f} s")
    assert judgement.is_clean, (f"{judgement}\nplay it again: build/venv/bin/pytest "
                                f"tests/e2e/test_crash.py -k counted_once --kills {kills} "
                                f"--seed {seed}")


def test_orders_sent_again_after_a_kill_count_once(servers):
    """Orders that were sent, killed, and sent again by a client that heard no answer."""
    server = servers.start()
    orders = [order(f"user{number % 50}", order_id=f"o{number}") for number in range(500)]
    server.post_orders(orders)
    server.kill()
    server.start()
    server.post_orders(orders)
    server.wait_counted()
    day = server.get("/api/v1/days/2025-05-31")
    assert (day["orders"], day["users"]) == (500, 50)
