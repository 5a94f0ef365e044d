"""Records that cannot be stored: held while they are many, kept, mended, replayed, discarded."""

import json
import re
import shutil

import pytest
from konomi_e2e import order, run_konomi, wait_for
from test_cluster import counts, produce

REFUSE = ("--unknown-menu-types", "refuse")


def replay_log(servers, orders, *flags):
    """A konomi whose stores are filled again from its log, with other settings than before: so
    that it refuses types that were welcome when the orders came."""
    server = servers.start()
    server.post_orders(orders)
    server.wait_counted()
    server.stop()
    shutil.rmtree(server.data_dir / "stores")
    return server.start(*REFUSE, *flags)


def wait_stored(server):
    wait_for(lambda: server.status()["log"]["lag_records"] == 0, "everything is stored or a letter")
    return server.wait_counted()


def dlq(server, *arguments, **options):
    return run_konomi("dlq", *arguments, "--url", server.url, **options)


def listed(server, *arguments):
    lines = dlq(server, "list", "--output", "json", *arguments).stdout.splitlines()
    return [json.loads(line) for line in lines]


def day(server, date="2025-05-31"):
    server.wait_counted()
    return counts(server, date)


def test_an_outage_is_held_until_it_is_mended(servers):
    server = replay_log(servers, [order(f"u{n}", "ramen", order_id=f"o{n}") for n in range(30)])

    def held():
        consume = server.status()["consume"]
        return consume if consume["state"] == "retrying" else None

    consume = wait_for(held, "consume says that it holds a batch")
    assert re.search(r"30 of 30 records fail alike \(unknown_menu_type\).*ramen", consume["error"])
    assert "poison_percent_max = 100" in consume["error"]
    assert server.status()["dead_letters"] == 0
    assert 'konomi_consume_retrying{reason="unknown_menu_type"} 1' in server.http.get(
        "/metrics").text
    server.http.put("/api/v1/menu_types", json={"menu_types": [{"menu_type": "ramen"}]})
    status = wait_stored(server)
    assert (status["dead_letters"], status["consume"]["state"]) == (0, "running")
    assert day(server) == {"ramen": 30}


def test_an_operator_may_let_an_outage_pass(servers):
    server = replay_log(servers, [order(f"u{n}", "ramen", order_id=f"o{n}") for n in range(30)],
                        "--poison-percent-max", "100")
    assert wait_stored(server)["dead_letters"] == 30


def test_letters_are_mended_by_rule_and_replayed_once(servers):
    orders = [order(f"u{n}", "washok" if n < 5 else "washoku", order_id=f"o{n}") for n in range(15)]
    server = replay_log(servers, orders)
    assert wait_stored(server)["dead_letters"] == 5
    assert day(server) == {"washoku": 10}
    letters = listed(server, "--menu-type", "washok")
    assert [(item["letter"], item["state"], item["reason"]) for item in letters] == [
        (f"0-{n}", "waiting", "unknown_menu_type") for n in range(5)]

    # A correction that comes before the replay is the later one all the same.
    server.post_orders([order("u1", "yoshoku", order_id="o1")])
    rename = ("replay", "--reason", "unknown_menu_type", "--rename-menu-type", "washok=washoku")
    dry = dlq(server, *rename, "--dry-run").stdout
    assert 'would be replayed: menu_type "washok" is now "washoku"' in dry
    assert server.status()["dead_letters"] == 5
    done = json.loads(dlq(server, *rename, "--output", "json").stdout)
    assert (done["replayed"], done["failed_again"]) == (5, 0)
    assert day(server) == {"washoku": 14, "yoshoku": 1}
    assert server.status()["dead_letters"] == 0
    assert "no letter is meant" in dlq(server, *rename).stdout
    again = dlq(server, "replay", "0-2").stdout
    assert "skipped" in again
    assert day(server) == {"washoku": 14, "yoshoku": 1}
    shown = dlq(server, "show", "0-2").stdout
    assert re.search(r"replayed \(0-\d+\): menu_type \"washok\" is now \"washoku\"", shown)


def test_one_letter_is_edited_and_one_discarded(servers):
    orders = [order("u1", "a", order_id="o1"), order("u2", "b", order_id="o2"), order("u3")]
    server = replay_log(servers, orders)
    assert wait_stored(server)["dead_letters"] == 2
    failed = dlq(server, "replay", "0-0", "--set", "menu_type=c", check=False)
    assert failed.returncode == 3
    assert 'failed_again (unknown_menu_type): menu type "c"' in failed.stdout
    assert listed(server)[0]["attempts"] == 2
    dlq(server, "replay", "0-0", "--set", "menu_type=yoshoku")
    missing = dlq(server, "discard", "0-1", check=False)
    assert missing.returncode == 2 and "--why" in missing.stderr
    dlq(server, "discard", "0-1", "--why", "a test of the till")
    assert day(server) == {"washoku": 1, "yoshoku": 1}
    assert listed(server) == []
    assert [item["state"] for item in listed(server, "--state", "any")] == ["replayed", "discarded"]
    assert "a test of the till" in dlq(server, "show", "0-1").stdout
    for _ in range(2):  # It survives kill -9.
        server.kill()
        server.start(*REFUSE)
        assert server.status()["dead_letters"] == 0
    nobody = dlq(server, "show", "0-9", check=False)
    assert nobody.returncode == 1 and "there is no dead letter 0-9" in nobody.stderr


def test_letters_of_a_stopped_konomi(servers):
    server = replay_log(servers, [order("u1", "washok", order_id="o1"), order("u2")])
    assert wait_stored(server)["dead_letters"] == 1
    server.stop()
    at_rest = ("--data-dir", server.data_dir, *REFUSE)
    assert "0-0" in run_konomi("dlq", "list", *at_rest).stdout
    run_konomi("dlq", "replay", "--all", "--rename-menu-type", "washok=washoku", *at_rest)
    server.start(*REFUSE)
    assert day(server) == {"washoku": 2}
    assert server.status()["dead_letters"] == 0


def test_letters_must_be_meant(servers):
    server = servers.start()
    for action in (("replay",), ("discard", "--why", "x")):
        refused = dlq(server, *action, check=False)
        assert refused.returncode == 2
        assert "--all" in refused.stderr
    misspelt = server.http.post("/api/v1/dead_letters/replay", json={"filter": {}, "dryrun": True})
    assert misspelt.status_code == 400
    assert misspelt.json()["errors"][0]["pointer"] == "/dryrun"


@pytest.mark.cluster
def test_a_topic_with_malformed_lines_is_put_right(clusters):
    cluster = clusters.make(*REFUSE)
    noon = "2025-05-31T12:00:00+09:00"
    good = [f"u{n}\tu{n},{noon},washoku" for n in range(40)]
    broken = [f"u90\tu90,{noon}", "u91\tu91,yesterday,washoku"]
    misspelt = [f"m{n}\tm{n},{noon},washok" for n in range(3)]
    corrected = "c1\t" + json.dumps({"order_id": "X", "user_id": "c1", "ordered_at": noon,
                                     "menu_type": "washok"})
    produce(cluster, good + broken + misspelt + [corrected])
    cluster.add("consume,aggregate")
    api = cluster.add("api")
    assert cluster.wait_counted()["dead_letters"] == 6
    ingest = cluster.add("ingest")
    ingest.post_orders([order("c1", "yoshoku", noon, order_id="X")])
    cluster.wait_counted()
    rename = ("replay", "--menu-type", "washok", "--rename-menu-type", "washok=washoku")
    assert json.loads(dlq(api, *rename, "--dry-run", "--output", "json").stdout)["replayed"] == 4
    assert json.loads(dlq(api, *rename, "--output", "json").stdout)["replayed"] == 4
    assert cluster.wait_counted()["dead_letters"] == 2
    # The correction, which came later than the record that it corrects, stays.
    assert counts(api, "2025-05-31") == {"washoku": 43, "yoshoku": 1}
    line = next(item for item in listed(api, "--reason", "unreadable"))
    assert line["order"] is None
    dlq(api, "replay", line["letter"], "--set", "user_id=u90", "--set", f"ordered_at={noon}",
        "--set", "menu_type=yoshoku")
    cluster.wait_counted()
    user = api.get("/api/v1/users/u90/orders")["orders"]
    partition, offset = line["letter"].split("-")
    assert [item["order_id"] for item in user] == [f"p{partition}-o{offset}"]
    dlq(api, "discard", "--reason", "invalid_order", "--why", "nobody knows when")
    assert cluster.wait_counted()["dead_letters"] == 0
    assert counts(api, "2025-05-31") == {"washoku": 43, "yoshoku": 2}
    shown = dlq(api, "show", line["letter"]).stdout
    assert f"value: u90,{noon}" in shown and "is now" in shown


@pytest.mark.cluster
def test_a_topic_of_malformed_lines_is_drained_when_the_operator_says_so(clusters):
    cluster = clusters.make()
    produce(cluster, [f"u\tnonsense {n}" for n in range(50)])
    consume = cluster.add("consume")
    api = cluster.add("api")
    wait_for(lambda: 'konomi_consume_retrying{reason="unreadable"} 1'
             in consume.http.get("/metrics").text, "consume says that it holds a batch", 60)
    assert api.status()["dead_letters"] == 0
    consume.stop()
    consume.start("--poison-percent-max", "100")
    wait_for(lambda: api.status()["dead_letters"] == 50, "every line is a dead letter", 60)
