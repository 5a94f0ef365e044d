"""kill -9 at any moment: what was acknowledged is there once, and an import goes on from there."""

import csv
import gzip
import json
import random
import subprocess
import threading

import httpx
import pytest
from konomi_e2e import BINARY, order, quoted, run_konomi, wait_for

COPIES = 20  # Of the Tokyo sample, so that there is a middle to be killed in.
KILLS = 5


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


class Writer(threading.Thread):
    """Posts single orders, one after the other, and notes those that were acknowledged."""

    def __init__(self, server, number, stopping):
        super().__init__()
        self.url, self.number, self.stopping = server.url, number, stopping
        self.acknowledged = []

    def run(self):
        with httpx.Client(base_url=self.url, timeout=10) as http:
            for sequence in range(1_000_000):
                if self.stopping.is_set():
                    return
                order_id = f"{self.number}-{sequence}"
                body = order(f"writer{self.number}", order_id=order_id,
                             ordered_at=f"2025-05-{1 + sequence % 28:02}T12:00:00+09:00")
                try:
                    answer = http.post("/api/v1/orders", json=body)
                except httpx.TransportError:
                    self.stopping.wait(0.01)
                    continue
                if answer.status_code == 202:
                    self.acknowledged.append(order_id)


@pytest.mark.parametrize("seed", [7, 8])
def test_every_acknowledged_order_is_there_after_kill_9(servers, seed):
    chance = random.Random(seed)
    server = servers.start()
    stopping = threading.Event()
    writers = [Writer(server, number, stopping) for number in range(8)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            before = sum(len(writer.acknowledged) for writer in writers)
            wanted = before + chance.randrange(50, 500)
            wait_for(lambda: sum(len(writer.acknowledged) for writer in writers) >= wanted,
                     f"seed {seed}: {wanted} orders are acknowledged", 60)
            server.kill()
            server.start()
    finally:
        stopping.set()
        for writer in writers:
            writer.join()
    server.wait_counted()
    for writer in writers:
        found = user_orders(server, f"writer{writer.number}")
        missing = set(writer.acknowledged) - set(found)
        assert not missing, f"seed {seed}: acknowledged and lost: {sorted(missing)[:10]}"
        assert len(found) == len(set(found))
        counted = server.get(f"/api/v1/users/writer{writer.number}")["counts"]
        assert sum(entry["orders"] for entry in counted) == len(found)


def user_orders(server, user_id):
    """The order ids of a user, all pages."""
    found, cursor = [], None
    while True:
        page = server.get(f"/api/v1/users/{quoted(user_id)}/orders", limit=1000,
                          **({"cursor": cursor} if cursor else {}))
        found += [entry["order_id"] for entry in page["orders"]]
        cursor = page["next_cursor"]
        if not cursor:
            return found


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
