"""What leaves by age, and what stays: figures as they were, on both engines the same."""

import datetime
import itertools
import json

import pytest
from konomi_e2e import order, run_konomi, wait_for
from test_cluster import stream

JUDGED = ("users", "segments", "changes")
KINDS = ("days", *JUDGED)


def metric(server, name):
    lines = server.http.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def exported(server, kind):
    """Without the guest who orders today."""
    lines = run_konomi("export", kind, "--url", server.url).stdout.splitlines()
    today = datetime.datetime.now().strftime("%Y-%m")
    return [line for line in lines if '"today"' not in line and today not in line]


def numbers_of(days):
    """Without who moved between segments: the guest who was erased has moved nowhere."""
    return [{**json.loads(day), "moves": None} for day in days]


def order_today(server, number):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.post_orders([order("today", "washoku", now, order_id=f"t{number}")])


def expired(server):
    return metric(server, "konomi_aggregate_buckets_expired_total") > 0


def assert_figures_stay(ingest, api, before):
    assert {kind: exported(api, kind) for kind in KINDS} == before
    orders = run_konomi("export", "orders", "--url", api.url).stdout.splitlines()
    assert {json.loads(line)["user_id"] for line in orders} == {"today"}
    verified = run_konomi("verify", "--url", api.url).stdout
    assert "no differences" in verified
    assert "attested" in verified
    ingest.post_orders([order("late", "washoku", "2025-05-03T12:00:00+09:00", order_id="x")])
    wait_for(lambda: api.status()["dead_letters"] == 1, "a late order is a dead letter", 60)
    letters = api.http.get("/api/v1/dead_letters").json()["dead_letters"]
    assert [letter["reason"] for letter in letters] == ["expired_day"]
    api.wait_counted()
    assert {kind: exported(api, kind) for kind in KINDS} == before


def judged_by_five(servers):
    """All orders are there, and min_orders is 5."""
    server = servers.start("--min-orders", "5")
    for batch in stream(5):
        server.post_orders(batch)
    server.wait_counted()
    return server


def test_raw_orders_leave_and_figures_stay(servers):
    server = servers.start()
    for batch in stream(5):
        server.post_orders(batch)
    server.wait_counted()
    before = {kind: exported(server, kind) for kind in KINDS}
    assert all(before.values())
    server.stop()
    server.start("--retention-orders", "30d")
    # The log is stored past the announcement when an order comes after it.
    numbers = itertools.count()
    wait_for(lambda: order_today(server, next(numbers)) or expired(server), "raw orders leave", 60)
    server.wait_counted()
    assert_figures_stay(server, server, before)
    # An erased guest goes, and leaves the numbers of expired days as they are.
    run_konomi("erase", "--user", "guest 7", "--yes", "--url", server.url)
    assert numbers_of(exported(server, "days")) == numbers_of(before["days"])
    assert server.http.get("/api/v1/users/guest%207").status_code == 404
    server.stop()
    server.start("--retention-dead-letters", "1s")
    wait_for(lambda: server.status()["dead_letters"] == 0, "the letter leaves")
    assert metric(server, "konomi_retention_dead_letters_total") == 1
    server.stop()
    run_konomi("aggregate", "--dirty", "--data-dir", server.data_dir, "--min-orders", "5")
    server.start()
    other = judged_by_five(servers)
    run_konomi("erase", "--user", "guest 7", "--yes", "--url", other.url)
    other.wait_counted()
    for kind in JUDGED:
        assert exported(server, kind) == exported(other, kind) != before[kind], kind


def test_the_log_leaves_by_age_and_nothing_else(servers):
    server = servers.start()
    server.post_orders([order("u1", "washoku", order_id="o1")])
    server.wait_counted()
    server.stop()
    server.start("--retention-log", "2s")
    wait_for(lambda: metric(server, "konomi_retention_log_orders_total") == 1, "the log leaves")
    server.post_orders([order("u1", "washoku", order_id="o2")])
    server.wait_counted()
    server.kill()
    server.start()
    server.wait_counted()
    assert "no differences" in run_konomi("verify", "--url", server.url).stdout
    assert len(server.http.get("/api/v1/users/u1/orders").json()["orders"]) == 2


@pytest.mark.cluster
def test_a_cluster_keeps_the_same_figures(clusters, servers):
    cluster = clusters.make()
    ingest = cluster.add("ingest")
    api = cluster.add("api")
    cluster.add("consume")
    first = cluster.add("aggregate")
    for batch in stream(5):
        ingest.post_orders(batch)
    cluster.wait_counted()
    before = {kind: exported(api, kind) for kind in KINDS}
    first.stop()
    aggregate = cluster.add("aggregate", "--retention-orders", "30d")
    order_today(ingest, 1)
    # A minute for clocks that disagree, and one that an idle log is behind.
    wait_for(lambda: expired(aggregate), "raw orders leave", 240)
    cluster.wait_counted()
    assert_figures_stay(ingest, api, before)
    aggregate.stop()
    cluster.add("aggregate", "--retention-orders", "30d", "--min-orders", "5")
    other = judged_by_five(servers)
    expected = {kind: exported(other, kind) for kind in JUDGED}
    wait_for(lambda: {kind: exported(api, kind) for kind in JUDGED} == expected,
             "everybody is judged by other rules", 120)
