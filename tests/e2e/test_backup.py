"""Backups of a running and of a stopped konomi, and what is made of them."""

import json
import re
import shutil
import threading

from konomi_e2e import order, run_konomi


def exported(server, kind="all"):
    return run_konomi("export", kind, "--url", server.url).stdout


def back_up(server, *flags):
    return json.loads(run_konomi("backup", "--url", server.url, "--output", "json", *flags).stdout)


def with_backups(servers, tmp_path):
    return servers.start("--backup-dir", tmp_path / "backups")


def restored(servers, backup):
    server = servers.make("--settle", "100ms")
    run_konomi("restore", "--from", backup, "--data-dir", server.data_dir)
    return server.start()


def test_a_backup_of_a_running_konomi_gives_equal_exports_elsewhere(servers, data, tmp_path):
    server = with_backups(servers, tmp_path)
    run_konomi("import", data / "tokyo_foursquare" / "orders_sample.csv.gz", "--url", server.url,
               "--wait")
    before = exported(server)
    made = back_up(server)
    assert made["log_end"] == made["stored_up_to"] == 10_561
    server.post_orders([order(f"later{i}", "new type") for i in range(500)])
    server.wait_counted()
    assert exported(server) != before
    assert server.kill() != 0
    again = restored(servers, tmp_path / "backups" / made["name"])
    assert exported(again) == before
    assert "no differences" in run_konomi("verify", "--url", again.url).stdout


def test_every_order_acknowledged_before_is_in_a_backup_under_load(servers, tmp_path):
    server = with_backups(servers, tmp_path)
    acknowledged, stop = [], threading.Event()

    def post():
        batch = 0
        while not stop.is_set():
            ids = [f"b{batch}-{i}" for i in range(50)]
            server.post_orders([order(f"u{i}", order_id=name) for i, name in enumerate(ids)])
            acknowledged.extend(ids)
            batch += 1

    till = threading.Thread(target=post)
    till.start()
    try:
        backups = []
        for _ in range(4):
            known = len(acknowledged)
            backups.append((back_up(server), known))
    finally:
        stop.set()
        till.join()
    server.kill()
    assert backups[-1][1] > 0
    for made, known in backups[-2:]:
        again = restored(servers, tmp_path / "backups" / made["name"])
        again.wait_counted()
        orders = exported(again, "orders")
        held = {json.loads(line)["order_id"] for line in orders.splitlines()}
        assert set(acknowledged[:known]) <= held
        assert len(held) == made["log_end"]
        run_konomi("verify", "--url", again.url)
        # The figures are those of just these orders.
        file = tmp_path / f"{made['name']}.ndjson"
        file.write_text(orders)
        fresh = servers.start()
        run_konomi("import", file, "--url", fresh.url, "--wait")
        assert exported(again) == exported(fresh)


def test_old_backups_go_and_a_stopped_konomi_has_them_too(servers, tmp_path):
    server = with_backups(servers, tmp_path)
    server.post_orders([order("u1", order_id="a")])
    server.wait_counted()
    names = [back_up(server)["name"] for _ in range(3)]
    stranger = tmp_path / "backups" / "notes"
    stranger.mkdir()
    made = back_up(server, "--keep", "2")
    assert made["removed"] == names[:2]
    assert {path.name for path in (tmp_path / "backups").iterdir()} == \
        {names[2], made["name"], "notes"}
    assert server.stop() == 0
    said = run_konomi("backup", "--data-dir", server.data_dir, "--to", tmp_path / "others").stdout
    assert re.match(r"\S+: 1 orders, \d+ files, .* checked; ", said), said
    (stopped,) = (tmp_path / "others").iterdir()
    again = restored(servers, stopped)
    server.start()
    assert exported(again) == exported(server)


def test_what_is_no_sound_backup_is_not_restored(servers, tmp_path):
    server = with_backups(servers, tmp_path)
    server.post_orders([order(f"u{i}", order_id="a") for i in range(200)])
    server.wait_counted()
    backup = tmp_path / "backups" / back_up(server)["name"]

    def refused(source, target):
        result = run_konomi("restore", "--from", source, "--data-dir", target, check=False)
        assert result.returncode == 1
        return result.stderr

    assert "not empty" in refused(backup, server.data_dir)
    assert "no backup" in refused(tmp_path, tmp_path / "new")
    damaged = tmp_path / "damaged"
    shutil.copytree(backup, damaged)  # Its files are links to those of the konomi that runs.
    table = max((damaged / "stores").glob("*.sst"), key=lambda path: path.stat().st_size)
    table.write_bytes(table.read_bytes()[:100] + b"\xff" + table.read_bytes()[101:])
    assert "damaged" in refused(damaged, tmp_path / "new")
    # A log that ends before what its stores have read.
    server.post_orders([order(f"u{i}", order_id="b") for i in range(200)])
    server.wait_counted()
    later = tmp_path / "backups" / back_up(server)["name"]
    mixed = tmp_path / "mixed"
    shutil.copytree(later / "stores", mixed / "stores")
    shutil.copytree(backup / "log", mixed / "log")
    assert "do not belong together" in refused(mixed, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_a_directory_for_backups_the_setting_is_named(konomi):
    result = run_konomi("backup", "--url", konomi.url, check=False)
    assert result.returncode == 1 and "backup_dir" in result.stderr, result.stderr
    answer = konomi.http.post("/api/v1/backups", params={"keep": "none"})
    assert answer.status_code == 409
