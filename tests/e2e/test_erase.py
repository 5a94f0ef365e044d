"""Users are erased: from figures, lists and disk, of a running konomi and of a stopped one."""

import json

import pytest
from konomi_e2e import order, run_konomi
from test_cluster import export, stream

GUEST = "guest-to-be-forgotten"


def fill(server):
    server.post_orders([order(GUEST, "washoku", order_id=f"o{n}") for n in range(3)])
    server.post_orders([order("stays", "yoshoku", order_id="o1")])
    server.wait_counted()


def erase(*arguments):
    done = run_konomi("erase", "--user", GUEST, "--yes", "--output", "json", *arguments)
    return json.loads(done.stdout)


def files_with(data_dir, text):
    """RocksDB's manifest of a running konomi may still name the first and last keys of files."""
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def assert_forgotten(server):
    assert server.http.get(f"/api/v1/users/{GUEST}").status_code == 404
    segments = server.http.get("/api/user_segments").text
    assert GUEST not in segments and "stays" in segments
    assert server.http.get("/api/v1/segments/washoku/users").json()["users"] == []
    verified = run_konomi("verify", "--url", server.url)
    assert verified.returncode == 0, verified.stdout


def test_a_running_konomi_forgets_a_user(servers):
    server = servers.start()
    fill(server)
    receipt = erase("--url", server.url)
    assert receipt["state"] == "done"
    assert receipt["removed"] == {"orders": 3, "dead_letters": 0, "days_with_counts": 1,
                                  "preferences": 1, "segment_rows": 1, "changes": 1}
    assert_forgotten(server)
    assert erase("--url", server.url)["removed"]["orders"] == 0
    server.stop()
    server = server.start()
    assert files_with(server.data_dir, GUEST) == []
    server.post_orders([order(GUEST, "yoshoku", order_id="o1")])
    server.wait_counted()
    assert server.http.get(f"/api/v1/users/{GUEST}").status_code == 200


def test_a_stopped_konomi_forgets_a_user(servers):
    server = servers.start()
    fill(server)
    server.stop()
    refused = run_konomi("erase", "--user", GUEST, "--data-dir", str(server.data_dir), check=False)
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert erase("--data-dir", str(server.data_dir))["state"] == "done"
    server = server.start()
    assert_forgotten(server)
    assert files_with(server.data_dir, GUEST) == []


def test_a_backup_made_after_an_erasure_does_not_bring_the_user_back(servers, tmp_path):
    server = servers.start("--backup-dir", tmp_path / "backups")
    fill(server)
    erase("--url", server.url)
    made = json.loads(run_konomi("backup", "--url", server.url, "--output", "json").stdout)
    backup = tmp_path / "backups" / made["name"]
    assert all(name.startswith("MANIFEST") for name in files_with(backup, GUEST))
    server.kill()
    again = servers.make("--settle", "100ms")
    run_konomi("restore", "--from", backup, "--data-dir", again.data_dir)
    again.start()
    again.wait_counted()
    assert_forgotten(again)
    assert files_with(again.data_dir, GUEST) == []
    again.post_orders([order("stays", "washoku", order_id=f"o{n}") for n in range(2, 5)])
    again.wait_counted()
    assert again.http.get("/api/v1/users/stays").json()["preference"]["menu_type"] == "washoku"


@pytest.mark.cluster
def test_a_cluster_forgets_a_user_as_an_embedded_konomi_does(servers, clusters):
    """Every guest whose id ends in 7 is erased between the batches, once, and some come again."""
    embedded = servers.start()
    cluster = clusters.make().start_pairs()
    guests = ["guest 7", "guest 17", "guest 27", "guest 37"]
    for index, batch in enumerate(stream(11)):
        embedded.post_orders(batch)
        cluster.of("ingest")[index % 2].post_orders(batch)
        if index in (8, 15, 22, 29):
            guest = guests.pop()
            removed = []
            for url in (embedded.url, cluster.api.url):
                done = run_konomi("erase", "--user", guest, "--yes", "--url", url, "--output",
                                  "json")
                receipt = json.loads(done.stdout)
                assert receipt["state"] == "done"
                removed.append(receipt["removed"]["orders"])
            assert removed[0] == removed[1] > 0
    embedded.wait_counted()
    cluster.wait_counted()
    assert cluster.api.http.get("/api/v1/users/guest%207").status_code == 404
    assert cluster.api.http.get("/api/v1/users/guest%2037").status_code == 200
    assert export(cluster.api) == export(embedded)
    for url in (embedded.url, cluster.api.url):
        assert "no differences" in run_konomi("verify", "--url", url).stdout
