"""`konomi migrate`: the data of one konomi rebuilt in another."""

import json
import os
import subprocess

import pytest
from konomi_e2e import BINARY, order, run_konomi, wait_for
from test_dead_letters import listed, replay_log, wait_stored

SAMPLE = "tokyo_foursquare/orders_sample.csv.gz"
QUICK = ("--settle", "100ms")


def exported(data_dir, *flags):
    return run_konomi("export", "all", "--data-dir", data_dir, *flags).stdout


def import_into(data_dir, file, *flags):
    run_konomi("import", file, "--data-dir", data_dir, *QUICK, *flags)


def migrate(source, *flags, **options):
    return run_konomi("migrate", "--from-data-dir", source, *QUICK, *flags, **options)


@pytest.fixture(scope="module")
def source(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("source") / "data"
    import_into(directory, data / SAMPLE)
    return directory


@pytest.fixture
def copy(source, tmp_path):
    """Of the source, for those who leave something there."""
    run_konomi("backup", "--data-dir", source, "--to", tmp_path / "backups")
    (backup,) = (tmp_path / "backups").iterdir()
    run_konomi("restore", "--from", backup, "--data-dir", tmp_path / "source")
    return tmp_path / "source"


def test_another_time_zone_gives_what_a_direct_import_gives(copy, data, tmp_path):
    zone = ("--time-zone", "UTC")
    refused = run_konomi("export", "all", "--data-dir", copy, *zone, check=False)
    assert "konomi migrate" in refused.stderr
    said = migrate(copy, "--data-dir", tmp_path / "new", *zone).stdout
    assert "copied 10561 orders" in said and "equal: orders and menu types" in said
    import_into(tmp_path / "direct", data / SAMPLE, *zone)
    assert exported(tmp_path / "new", *zone) == exported(tmp_path / "direct", *zone)


def test_another_bucket_count_and_a_kill_leave_everything_equal(copy, tmp_path):
    flags = ("--data-dir", tmp_path / "new", "--bucket-count", "16")
    with subprocess.Popen([BINARY, "migrate", "--from-data-dir", copy, *map(str, flags)],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        wait_for(lambda: "copied_up_to" in ((copy / "migration.json").read_text()
                                            if (copy / "migration.json").exists() else ""),
                 "some days are copied")
        first.kill()
    assert "equal: orders, days" in migrate(copy, *flags).stdout
    assert exported(tmp_path / "new", "--bucket-count", "16") == exported(copy)
    # Again it only compares.
    assert "copied 0 orders" in migrate(copy, *flags).stdout
    # What differs is said: the source goes on, the target does not hear of it.
    (tmp_path / "more.csv").write_text("user_id,ordered_at,menu_type,order_id\n"
                                       "new guest,2012-05-01T12:00:00+09:00,ramen,x\n")
    import_into(copy, tmp_path / "more.csv")
    differs = migrate(copy, *flags, check=False)
    assert differs.returncode == 1
    assert "differs: orders" in differs.stdout and "new guest" in differs.stdout


def test_a_target_with_orders_is_refused(copy, tmp_path):
    (tmp_path / "other.csv").write_text("user_id,ordered_at,menu_type\n"
                                        "u1,2012-05-01T12:00:00+09:00,ramen\n")
    import_into(tmp_path / "other", tmp_path / "other.csv")
    result = migrate(copy, "--data-dir", tmp_path / "other", check=False)
    assert result.returncode == 1 and "holds 1 orders already" in result.stderr
    same = migrate(copy, "--data-dir", copy, check=False)
    assert same.returncode == 1 and "where the data comes from" in same.stderr
    missing = migrate(tmp_path / "nowhere", "--data-dir", tmp_path / "new", check=False)
    assert missing.returncode == 1 and "no data" in missing.stderr


def test_dead_letters_cancelled_orders_and_labels_come_along(servers, tmp_path):
    server = replay_log(servers, [order(f"u{i}", "washok" if i < 2 else "washoku", order_id=f"o{i}")
                                  for i in range(15)])
    server.post_orders([{**order("u9", order_id="o9"), "status": "cancelled"}])
    server.http.put("/api/v1/menu_types", json={"menu_types": [
        {"menu_type": "washoku", "labels": {"en": "Of the house"}, "position": 2}]})
    assert wait_stored(server)["dead_letters"] == 2
    letters = listed(server)
    assert server.stop() == 0
    said = migrate(server.data_dir, "--data-dir", tmp_path / "new").stdout
    assert "copied 13 orders and 2 dead letters" in said and "equal: orders, days" in said, said
    assert "Of the house" in exported(tmp_path / "new")
    found = run_konomi("dlq", "list", "--output", "json", "--data-dir", tmp_path / "new").stdout
    found = [json.loads(line) for line in found.splitlines()]
    assert [(letter["reason"], letter["order"]) for letter in found] == \
        [(letter["reason"], letter["order"]) for letter in letters]
    # Replayed there it is an order of the new log, after whatever came before it.
    run_konomi("dlq", "replay", "--all", "--data-dir", tmp_path / "new", *QUICK)
    orders = run_konomi("export", "orders", "--data-dir", tmp_path / "new").stdout.splitlines()
    assert [json.loads(line)["user_id"] for line in orders if '"washok"' in line] == ["u0", "u1"]
    waiting = run_konomi("dlq", "list", "--data-dir", tmp_path / "new").stdout
    assert waiting == "0 dead letters\n"


@pytest.mark.cluster
def test_a_cluster_has_the_same_exports(copy, clusters):
    cluster = clusters.make()
    said = cluster.run("migrate", "--from-data-dir", copy, "--engine", "cluster", *QUICK).stdout
    assert "copied 10561 orders" in said and "equal: orders, days, users" in said, said
    assert cluster.run("export", "all", "--engine", "cluster").stdout == exported(copy)
    # Processes that start afterwards find everything counted.
    api = cluster.add("api")
    assert api.status()["users"] == 1_482
    assert run_konomi("export", "all", "--url", api.url, env=os.environ).stdout == exported(copy)
