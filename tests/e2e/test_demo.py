"""`konomi simulate --demo`: 60 days that look like a restaurant, up to now; interrupted and run
again, nothing is double and nothing is missing."""

import datetime
import subprocess

from konomi_e2e import BINARY, order, run_konomi, wait_for

DAYS = 60
TYPES = {"washoku": ("和食", "Japanese"), "yoshoku": ("洋食", "Western"), "chuka": ("中華", "Chinese"),
         "cafe": ("カフェ", "Café"), "ethnic": ("エスニック", "Ethnic")}
JAPAN = datetime.timezone(datetime.timedelta(hours=9))


def demo(server):
    return run_konomi("simulate", "--demo", "--url", server.url)


def today():
    return datetime.datetime.now(JAPAN).date()


def figures(server, before):
    """What was counted for the whole days before `before`."""
    server.wait_counted()
    return {day["date"]: (day["orders"], day["users"], day["counts"], day["hours"])
            for day in server.days() if day["date"] < before.isoformat()}


def labels(server):
    return {entry["menu_type"]: (entry["labels"]["ja"], entry["labels"]["en"])
            for entry in server.get("/api/v1/menu_types")["menu_types"]}


def test_sixty_days_look_like_a_restaurant_and_every_type_has_labels(konomi):
    began = today()
    demo(konomi)
    found = figures(konomi, began)
    assert len(found) == DAYS
    for date, (orders, users, counts, hours) in found.items():
        assert 350 < orders < 850, date
        assert 0.7 * orders < users <= orders, date
        assert {each["menu_type"] for each in counts} == set(TYPES), date
        assert max(hours[11:14]) > 2 * max(hours[0:5]), date
    assert konomi.days()[-1]["date"] <= today().isoformat(), "an order of the future"
    assert labels(konomi) == TYPES
    segments = konomi.get("/api/v1/segments")["segments"]
    assert all(segment["users"] > 50 for segment in segments), segments


def test_interrupted_and_run_again_it_is_as_if_it_had_never_stopped(servers):
    whole, broken = servers.start(), servers.start()
    began = today()
    demo(whole)
    process = subprocess.Popen([BINARY, "simulate", "--demo", "--url", broken.url],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: broken.status()["log"]["end"] > 0, "orders come in")
    process.terminate()
    process.wait(timeout=60)
    demo(broken)
    assert figures(broken, began) == figures(whole, began)

    # Once more: only the last day is sent again, and no figure changes.
    end = broken.status()["log"]["end"]
    demo(broken)
    assert broken.status()["log"]["end"] - end < 2_000
    assert figures(broken, began) == figures(whole, began)


def test_it_goes_on_with_the_last_day_that_has_orders(konomi):
    began = today()
    last = began - datetime.timedelta(days=3)
    konomi.post_orders([order("guest-1", order_id="o1", ordered_at=f"{last}T12:00:00+09:00")])
    konomi.wait_counted()
    demo(konomi)
    assert sorted(figures(konomi, began)) == \
        [(last + datetime.timedelta(days=days)).isoformat() for days in range(3)]


def test_what_an_operator_has_set_in_the_catalogue_stays(konomi):
    konomi.post_orders([order("guest-1", menu_type="ethnic", ordered_at="2020-01-01T12:00:00Z")])
    mine = {"menu_type": "chuka", "labels": {"ja": "らーめん", "en": ""}, "color": "#123456",
            "position": 9, "hidden": True}
    assert konomi.http.put("/api/v1/menu_types", json={"menu_types": [mine]}).status_code == 200
    konomi.wait_counted()
    demo(konomi)
    assert labels(konomi) == {**TYPES, "chuka": ("らーめん", "")}
    assert mine in konomi.get("/api/v1/menu_types")["menu_types"]


def test_live_it_comes_up_to_now_and_goes_on_until_it_is_stopped(konomi):
    command = [BINARY, "simulate", "--demo", "--live", "--days", "2", "--url", konomi.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        assert "come live" in process.stderr.readline()
        sent = konomi.status()["log"]["end"]
        process.terminate()
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert int(out.split()[0]) >= sent > 500


def test_a_key_that_may_not_change_the_catalogue_is_told_so(servers, tmp_path):
    keys = tmp_path / "keys.toml"
    key = run_konomi("keys", "create", "--keys-file", keys, "--name", "till",
                     "--scopes", "ingest,read").stdout.strip()
    server = servers.start("--keys-file", keys)
    refused = run_konomi("simulate", "--demo", "--url", server.url, check=False,
                         env={"KONOMI_API_KEY": key})
    assert refused.returncode == 1
    assert "/api/v1/menu_types" in refused.stderr and "403" in refused.stderr
