"""`konomi verify`: content with what was counted, and not with what was damaged."""

import contextlib
import gzip
import json
import os
import subprocess

import pytest
from konomi_e2e import BINARY, order, run_konomi, wait_for

DAMAGE = BINARY.parent / "tests" / "support" / "konomi_damage"
TOKYO = "tokyo_foursquare/orders_sample.csv.gz"


def verify(*arguments, code=0, **options):
    """The report in the end, after a repair if there was one."""
    done = run_konomi("verify", *arguments, "--output", "json", check=False, **options)
    assert done.returncode == code, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    return answer["repair"]["report"] if answer["repair"] else answer["report"]


def damage(*arguments, **options):
    done = subprocess.run([DAMAGE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False, **options)
    assert done.returncode == 0, done.stderr


def victim(server):
    """A day, a guest with orders on it, and a type that this guest does not prefer."""
    segments = server.get("/api/v1/segments")["segments"]
    listed = server.segment_csv(segments[0]["menu_type"]).splitlines()[1]
    user = listed.split(",")[0]
    date = server.get(f"/api/v1/users/{user}")["days"][0]["date"]
    return date, user, segments[1]["menu_type"]


def kinds(report):
    return sorted(((found.get("date"), found.get("user_id"), found["what"].split(" ")[0])
                   for found in report["differences"]), key=str)


def expected_kinds(date, user):
    return sorted([(date, None, "orders"), (date, user, "counts"), (None, user, "segment")],
                  key=str)


def figures(server):
    days = [{name: value for name, value in day.items()
             if name not in ("computed_at", "counted_up_to", "revision", "state")}
            for day in server.days()]
    segments = server.get("/api/v1/segments")["segments"]
    return days, [(entry["menu_type"], entry["users"], server.segment_csv(entry["menu_type"]))
                  for entry in segments]


@pytest.fixture(scope="module")
def tokyo(module_servers, data):
    server = module_servers.start()
    run_konomi("import", data / TOKYO, "--url", server.url, "--wait")
    server.wait_counted()
    return server


@contextlib.contextmanager
def stopped(server):
    server.stop()
    yield
    server.start()


def test_real_orders_are_counted_right(tokyo, data):
    truth = json.loads((data / "truth.json").read_text())["tokyo_sample"]
    report = verify("--url", tokyo.url)
    assert (report["orders"], report["users"]) == (truth["orders"], truth["distinct_users"])
    assert report["days_recounted"] == truth["days_with_orders"]
    assert (report["differences"], report["not_counted_yet"]) == ([], [])
    with stopped(tokyo):
        again = verify("--data-dir", tokyo.data_dir)
        text = run_konomi("verify", "--data-dir", tokyo.data_dir).stdout
    assert {**again, "seconds": 0} == {**report, "seconds": 0}
    assert "no differences" in text


def test_damage_is_named_and_mended_while_stopped(tokyo):
    before = figures(tokyo)
    date, user, stale = victim(tokyo)
    with stopped(tokyo):
        damage("--data-dir", tokyo.data_dir, date, user, stale)
        report = verify("--data-dir", tokyo.data_dir, code=1)
        assert kinds(report) == expected_kinds(date, user)
        table = run_konomi("verify", "--data-dir", tokyo.data_dir, check=False)
        assert table.returncode == 1
        assert "3 differences" in table.stdout and f"segment {stale}" in table.stdout, table.stdout
        only = verify("--data-dir", tokyo.data_dir, "--from", date, "--to", date, code=1)
        assert only["days_recounted"] == 1
        assert verify("--data-dir", tokyo.data_dir, "--repair")["differences"] == []
        assert verify("--data-dir", tokyo.data_dir)["differences"] == []
    assert figures(tokyo) == before


def test_damage_is_named_and_mended_while_running(tokyo):
    before = figures(tokyo)
    date, user, stale = victim(tokyo)
    with stopped(tokyo):
        damage("--data-dir", tokyo.data_dir, date, user, stale)
    report = verify("--url", tokyo.url, code=1)
    assert kinds(report) == expected_kinds(date, user)
    done = run_konomi("verify", "--url", tokyo.url, "--repair")
    assert "repaired under generation" in done.stdout and "no differences" in done.stdout
    assert verify("--url", tokyo.url)["differences"] == []
    assert figures(tokyo) == before


def test_a_changed_rule_has_everybody_judged_again(tokyo, data):
    truth = json.loads((data / "truth.json").read_text())["tokyo_sample"]
    before = figures(tokyo)

    def sizes():
        tokyo.wait_counted()
        return {entry["menu_type"]: entry["users"]
                for entry in tokyo.get("/api/v1/segments")["segments"] if entry["users"]}

    tokyo.stop()
    tokyo.start("--min-orders", 5)
    wanted = {name: users
              for name, users in truth["segments_of_users_with_5_or_more_orders"].items() if users}
    assert sizes() == wanted
    assert verify("--url", tokyo.url)["differences"] == []
    tokyo.stop()
    tokyo.start()
    assert sizes() == wanted, "not set, the rule is that of the data"
    tokyo.stop()
    tokyo.start("--min-orders", 1)
    tokyo.wait_counted()
    assert figures(tokyo) == before
    assert verify("--url", tokyo.url)["differences"] == []


def test_a_range_and_an_empty_konomi(konomi):
    report = verify("--url", konomi.url)
    assert (report["orders"], report["differences"]) == (0, [])
    konomi.post_orders([order(f"u{n}", order_id="o",
                              ordered_at=f"2025-05-{day:02}T12:00:00+09:00")
                        for day in (1, 2, 3) for n in range(20)])
    konomi.wait_counted()
    report = verify("--url", konomi.url, "--from", "2025-05-02", "--to", "2025-05-03")
    assert (report["days_recounted"], report["orders"], report["users"]) == (2, 40, 20)


def test_what_cannot_be_is_refused(konomi, tmp_path):
    for arguments, code, word in (
            (("--from", "yesterday"), 2, "yesterday"),
            (("--url", konomi.url, "--from", "2025-05-02", "--to", "2025-05-01"), 1, "2025-05-02"),
            (("--data-dir", tmp_path / "nothing"), 1, "no data"),
            (("--data-dir", konomi.data_dir), 1, "--url")):
        done = run_konomi("verify", *arguments, check=False)
        assert done.returncode == code, done.stderr
        assert word in done.stderr, done.stderr
    answer = konomi.http.post("/api/v1/verifications", params={"repair": "perhaps"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_orders_that_come_in_meanwhile_are_no_differences(konomi, data):
    with gzip.open(data / TOKYO, "rt", encoding="utf-8") as file:
        assert next(file)
    importing = subprocess.Popen(
        [BINARY, "import", data / TOKYO, "--url", konomi.url, "--batch", "50"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: konomi.status()["log"]["counted_up_to"] > 0, "something is counted")
        while importing.poll() is None:
            assert verify("--url", konomi.url)["differences"] == []
    finally:
        importing.kill()
        importing.wait()
    konomi.wait_counted()
    assert verify("--url", konomi.url)["not_counted_yet"] == []


@pytest.mark.cluster
def test_a_cluster_is_verified_and_mended(clusters, data):
    cluster = clusters.make().start_pairs()
    cluster.import_file(data / TOKYO)
    cluster.wait_counted()
    environment = {**os.environ, **cluster.environment}
    truth = json.loads((data / "truth.json").read_text())["tokyo_sample"]
    report = verify("--engine", "cluster", env=environment)
    assert (report["orders"], report["users"]) == (truth["orders"], truth["distinct_users"])
    assert report["differences"] == []
    before = figures(cluster.api)
    date, user, stale = victim(cluster.api)
    damage(date, user, stale, env=environment)
    report = verify("--engine", "cluster", code=1, env=environment)
    assert kinds(report) == expected_kinds(date, user)
    # The two aggregators of the cluster, each with its half of the buckets, count again.
    assert verify("--url", cluster.api.url, "--repair")["differences"] == []
    assert figures(cluster.api) == before
    # And once more, counted by the command itself.
    damage(date, user, stale, env=environment)
    assert verify("--engine", "cluster", "--repair", env=environment)["differences"] == []
    assert figures(cluster.api) == before
