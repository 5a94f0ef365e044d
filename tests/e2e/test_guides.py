"""docs/getting-started.md is run block by block, in the order in which it is read, against a real
konomi, and so is the first try in README.md; and docs/examples/till.py delivers everything once,
whatever becomes of konomi meanwhile."""

import csv
import dataclasses
import importlib.util
import io
import os
import threading

import pytest
from guide import CONNECT, COUPONS, PARTS, README_STEPS, Shell
from konomi_e2e import BINARY, ROOT, order, run_konomi, wait_for

TILL = ROOT / "docs" / "examples" / "till.py"


@pytest.fixture
def reader(konomi, tmp_path):
    """A shell for which `konomi` is the one of this machine."""
    directory = tmp_path / "reader"
    (directory / "home").mkdir(parents=True)
    (directory / "docs").symlink_to(ROOT / "docs")
    shell = Shell(directory, {"127.0.0.1:8080": konomi.url.removeprefix("http://")}, f"""
konomi() {{
  case $1 in simulate|export) set -- "$@" --url {konomi.url} ;; esac
  {BINARY} "$@"
}}
""", cwd=directory, env={"PATH": os.environ["PATH"], "HOME": str(directory / "home"),
                         "LC_ALL": "C.UTF-8"})
    yield shell
    shell.end()


@pytest.mark.parametrize("title", [COUPONS, CONNECT])  # The third: tests/package/test_service.py.
def test_the_guide_says_what_happens(konomi, reader, title):
    for step in PARTS[title]:
        reader.run(step)
        konomi.wait_counted()


def test_the_readme_ends_in_a_figure(reader):
    assert len(README_STEPS) == 1
    reader.run(README_STEPS[0])


@pytest.mark.parametrize("change", [
    lambda step: dataclasses.replace(step, text=step.text.replace("washoku", "")),
    lambda step: dataclasses.replace(step, text=step.text.replace("/orders", "/order")),
    lambda step: dataclasses.replace(step, text="false\n" + step.text),
    lambda step: dataclasses.replace(step, shown=step.shown.replace("till1-0001", "till1-0002")),
    lambda step: dataclasses.replace(step, shown=None),
])
def test_a_wrong_block_is_found(reader, change):
    step = PARTS[CONNECT][0]
    wrong = change(step)
    assert wrong != step
    with pytest.raises(AssertionError, match="failed: false|prints"):
        reader.run(wrong)


def load_till():
    spec = importlib.util.spec_from_file_location("till", TILL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Till:
    """docs/examples/till.py at work: its outbox, its sender's thread, what a person was told."""

    def __init__(self, directory, url, api_key=None):
        module = load_till()
        self.told = []
        self.outbox = module.Outbox(directory / "outbox.db")
        self.sender = module.Sender(self.outbox, url, api_key, self.told.append)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sender.run, args=(self.stop,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(timeout=90)
        assert not self.thread.is_alive()

    def wait_empty(self):
        def empty():
            assert self.thread.is_alive() or self.stop.is_set()
            return not self.outbox.first(1)
        wait_for(empty, f"the outbox is empty; told: {self.told}", 120)


def stored(server, *flags, env=None):
    """Every order, by its id."""
    text = run_konomi("export", "orders", "--format", "csv", "--url", server.url, *flags,
                      env=env).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    by_id = {row["order_id"]: (row["user_id"], row["menu_type"], row["status"]) for row in rows}
    assert len(by_id) == len(rows)
    return by_id


def test_a_till_delivers_everything_once_whatever_happens(servers, tmp_path):
    """konomi is stopped, away, killed and started again while a till takes orders, corrects and
    cancels them; the till itself is started anew in the middle."""
    server = servers.start()
    expected = {}
    made = 0

    def take(till, count):
        nonlocal made
        for _ in range(count):
            made += 1
            item = order(f"guest-{made % 17}", order_id=f"till1-{made}", status="placed")
            till.outbox.put(item)
            if made % 5 == 0:
                item = {**item, "menu_type": "yoshoku"}
                till.outbox.put(item)
            if made % 7 == 0:
                item = {**item, "status": "cancelled"}
                till.outbox.put(item)
            expected[item["order_id"]] = (item["user_id"], item["menu_type"], item["status"])

    with Till(tmp_path, server.url) as till:
        till.sender.batch = 3  # Many small requests: each stop and each kill meets some.
        take(till, 100)
        server.stop()
        take(till, 50)
        server.start()
        for _ in range(3):
            take(till, 60)
            server.kill()
            take(till, 20)
            server.start()
    take(till, 30)  # While nobody sends.
    with Till(tmp_path, server.url) as till:
        till.wait_empty()
    assert not till.outbox.refused()
    server.wait_counted()
    found = stored(server)
    assert set(found) == set(expected)
    for order_id, (user, menu_type, status) in expected.items():
        assert found[order_id][0] == user and found[order_id][2] == status, order_id
        assert status == "cancelled" or found[order_id][1] == menu_type, order_id
    day = server.get("/api/v1/days/2025-05-31")
    placed = [menu_type for _, menu_type, status in expected.values() if status == "placed"]
    assert day["orders"] == len(placed)
    assert {each["menu_type"]: each["count"] for each in day["counts"]} == \
        {name: placed.count(name) for name in set(placed)}


def test_a_till_puts_aside_what_is_refused_and_delivers_the_rest(konomi, tmp_path):
    with Till(tmp_path, konomi.url) as till:
        for item in (order("", order_id="1"), order("guest-1", order_id="2"),
                     order("guest-1", order_id="3", ordered_at="noon")):
            till.outbox.put(item)
        till.wait_empty()
    assert [(item["order_id"], why.split()[0]) for item, why in till.outbox.refused()] == \
        [("1", "/user_id"), ("3", "/ordered_at")]
    assert len(till.told) == 2
    assert list(stored(konomi)) == ["2"]
    with pytest.raises(ValueError, match="order_id"):
        till.outbox.put(order("guest-1"))


def test_a_till_sends_less_at_a_time_when_a_body_is_too_large(servers, tmp_path):
    server = servers.start("--http-body-bytes-max", "1KiB")
    with Till(tmp_path, server.url) as till:
        for number in range(40):
            till.outbox.put(order("guest-1", order_id=f"o{number}"))
        till.outbox.put(order("guest-1", order_id="large", note="x" * 2000))
        till.outbox.put(order("guest-1", order_id="last"))
        till.wait_empty()
    assert [item["order_id"] for item, _ in till.outbox.refused()] == ["large"]
    assert set(stored(server)) == {f"o{number}" for number in range(40)} | {"last"}


def test_a_till_keeps_its_orders_until_its_key_is_right_and_asks_no_faster_than_it_may(
        servers, tmp_path):
    keys = tmp_path / "keys.toml"

    def key(*flags):
        return run_konomi("keys", "create", "--keys-file", keys, "--name", "till", *flags
                          ).stdout.strip()

    reader = key("--scopes", "read,export")
    server = servers.start("--keys-file", keys)
    with Till(tmp_path, server.url, "konomi_nobody") as till:
        till.sender.batch = 1
        for number in range(5):
            till.outbox.put(order("guest-1", order_id=f"o{number}"))
        wait_for(lambda: any("401" in text for text in till.told), "a person is told of the key")
        till.sender.api_key = reader
        wait_for(lambda: any("403" in text for text in till.told), "and of its scope")
        assert len(till.outbox.first(10)) == 5 and not till.outbox.refused()
        till.sender.api_key = key("--scopes", "ingest", "--requests-per-second-max", 1)
        till.sender.batch = 1
        till.wait_empty()
    assert set(stored(server, env={**os.environ, "KONOMI_API_KEY": reader})) == \
        {f"o{number}" for number in range(5)}
