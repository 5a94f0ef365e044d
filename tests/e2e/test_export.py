"""`konomi export`: what leaves konomi, byte for byte."""

import gzip
import hashlib
import json

import pytest
from konomi_e2e import order, run_konomi

KINDS = ("menu_types", "orders", "days", "users", "segments", "changes")


def exported(server, kind, *flags):
    result = run_konomi("export", kind, "--url", server.url, *flags)
    assert hashlib.sha256(result.stdout.encode()).hexdigest() in result.stderr
    return result.stdout


def test_exported_real_orders_give_the_same_figures_again(tokyo, servers, tmp_path):
    file = tmp_path / "orders.ndjson.gz"
    said = run_konomi("export", "orders", "--url", tokyo.url, "--output", file).stdout
    rows = gzip.decompress(file.read_bytes())
    assert f"sha256 {hashlib.sha256(rows).hexdigest()}" in said
    again = servers.start("--bucket-count", "16")
    run_konomi("import", file, "--url", again.url, "--wait")
    assert exported(again, "all") == exported(tokyo, "all")
    # Of the stopped one as well, read from its directory.
    assert again.stop() == 0
    read = run_konomi("export", "all", "--data-dir", again.data_dir, "--bucket-count", "16").stdout
    assert read == exported(tokyo, "all")


def test_csv_orders_are_read_again_too(tokyo, servers, tmp_path):
    file = tmp_path / "orders.csv"
    run_konomi("export", "orders", "--url", tokyo.url, "--format", "csv", "--output", file)
    again = servers.start()
    run_konomi("import", file, "--url", again.url, "--wait")
    assert exported(again, "days") == exported(tokyo, "days")


def test_what_is_exported_are_the_figures_of_the_api(tokyo):
    days = [json.loads(line) for line in exported(tokyo, "days").splitlines()]
    shown = tokyo.days()
    assert [(day["date"], day["orders"], day["users"], day["hours"]) for day in days] == \
        [(day["date"], day["orders"], day["users"], day["hours"]) for day in shown]
    assert sum(day["orders"] for day in days) == 10_561
    users = [json.loads(line) for line in exported(tokyo, "users").splitlines()]
    assert len({user["user_id"] for user in users}) == len(users) == 1_482
    may = exported(tokyo, "orders", "--from", "2012-05-01", "--to", "2012-05-31").splitlines()
    assert len(may) == sum(day["orders"] for day in days if day["date"].startswith("2012-05"))


def test_a_cancelled_order_is_exported_and_read_again(servers, tmp_path):
    server, again = servers.start(), servers.start()
    server.post_orders([order("u1", order_id="a"), order("u2", order_id="b")])
    server.post_orders([{**order("u2", order_id="b"), "status": "cancelled"}])
    withdrawn = {**order("u3", order_id="c"), "status": "cancelled"}
    del withdrawn["menu_type"]
    server.post_orders([withdrawn])
    server.wait_counted()
    file = tmp_path / "orders.ndjson"
    run_konomi("export", "orders", "--url", server.url, "--output", file)
    run_konomi("import", file, "--url", again.url, "--wait")
    for kind in KINDS:
        assert exported(again, kind) == exported(server, kind), kind


@pytest.mark.parametrize("arguments", [("dishes",), ("all", "--format", "csv"),
                                       ("users", "--from", "2025-05-01"), ("days", "--to", "x")])
def test_an_export_that_makes_no_sense_is_refused(tmp_path, arguments):
    file = tmp_path / "file"
    result = run_konomi("export", *arguments, "--output", file, check=False)
    assert result.returncode == 2, result.stderr
    assert arguments[0] in result.stderr or arguments[-1] in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_export_that_fails_leaves_no_file(tmp_path):
    file = tmp_path / "orders.ndjson"
    result = run_konomi("export", "orders", "--url", "http://127.0.0.1:1", "--output", file,
                        check=False)
    assert result.returncode == 1
    assert not list(tmp_path.iterdir())
