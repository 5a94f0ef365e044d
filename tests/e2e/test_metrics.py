"""/metrics of a running konomi: what the dashboard and the alerts look at is there, and moves."""

import json
import re
import subprocess

import pytest
from konomi_e2e import ROOT, order, wait_for

EXPECTED = """
konomi_build_info konomi_ready konomi_log_up konomi_stores_up
process_cpu_seconds_total process_resident_memory_bytes process_open_fds process_max_fds
process_start_time_seconds process_threads process_virtual_memory_bytes
konomi_http_requests_total konomi_http_request_duration_seconds konomi_http_connections
konomi_http_connections_refused_total
konomi_ingest_orders_total konomi_ingest_requests_total konomi_ingest_orders_in_flight
konomi_ingest_log_append_duration_seconds
konomi_consume_lag_records konomi_consume_lag_seconds konomi_consume_watermark_offset
konomi_consume_stored_up_to_timestamp_seconds
konomi_consume_orders_stored_total konomi_consume_retries_total konomi_consume_dead_letters_total
konomi_consume_batch_duration_seconds
konomi_dead_letters_waiting konomi_dead_letters_oldest_waiting_seconds
konomi_aggregate_passes_total konomi_aggregate_failures_total konomi_aggregate_duration_seconds
konomi_aggregate_last_success_timestamp_seconds konomi_aggregate_dirty_days
konomi_aggregate_final_late_seconds
konomi_tls_certificate_expiry_timestamp_seconds
""".split()
EMBEDDED = """
konomi_data_disk_free_bytes konomi_data_disk_size_bytes
konomi_rocksdb_takes_writes konomi_rocksdb_wal_syncs_total konomi_rocksdb_wal_written_bytes_total
konomi_rocksdb_write_stall_seconds_total konomi_rocksdb_memtables_bytes
konomi_rocksdb_block_cache_bytes konomi_rocksdb_estimated_keys
konomi_rocksdb_pending_compaction_bytes konomi_rocksdb_writes_stopped
""".split()
CLUSTER = """
konomi_kafka_queued_messages konomi_kafka_outbuf_requests konomi_kafka_tx_errors_total
konomi_kafka_rtt_seconds konomi_kafka_rebalances_total
konomi_cassandra_requests_total konomi_cassandra_errors_total konomi_cassandra_retries_total
konomi_cassandra_connections konomi_cassandra_latency_seconds
""".split()
MOVED = ("konomi_http_requests_total", "konomi_ingest_orders_total",
         "konomi_ingest_log_append_duration_seconds_count", "konomi_consume_watermark_offset",
         "konomi_consume_orders_stored_total", "konomi_consume_batch_duration_seconds_count",
         "konomi_aggregate_passes_total", "konomi_aggregate_duration_seconds_count",
         "konomi_aggregate_last_success_timestamp_seconds")

DASHBOARD = ROOT / "deploy" / "grafana" / "konomi.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
RUNBOOK = ROOT / "docs" / "operating.md"


def scrape(server):
    answer = server.http.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def names_in(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def sums(text):
    """Each sample's name with the sum of its values over all labels."""
    found = {}
    for name, value in re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.MULTILINE):
        found[name] = found.get(name, 0) + float(value)
    return found


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], text=True, timeout=60,
                          capture_output=True, check=False)
    assert done.returncode == 0, f"promtool {arguments}: {done.stdout}{done.stderr}"


def lint(text):
    """Business days are what these two count, and no unit of time."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, timeout=60,
                          capture_output=True, check=False)
    days = {f'{name} use base unit "seconds" instead of "days"'
            for name in ("konomi_aggregate_days_rolled_up_total", "konomi_aggregate_dirty_days")}
    assert set(done.stderr.splitlines()) == days, done.stderr


def check_moves(server, post, expected):
    """Scrapes before and after orders; every name of `expected` is there in the end."""
    before = sums(scrape(server))
    post.post_orders([order("guest-0815", "sushi")])
    server.wait_counted()

    def all_there():
        missing = set(expected) - names_in(scrape(server))
        return not missing
    wait_for(all_there, f"of {sorted(set(expected) - names_in(scrape(server)))} all are there")
    text = scrape(server)
    after = sums(text)
    for name in MOVED:
        assert after.get(name, 0) > before.get(name, 0), name
    assert after["konomi_consume_lag_records"] == 0
    assert after["konomi_stores_up"] == 1
    assert "guest-0815" not in text
    lint(text)
    return text


def test_the_embedded_engine_shows_every_metric_and_they_move(konomi):
    text = check_moves(konomi, konomi, EXPECTED + EMBEDDED)
    syncs = sums(text)["konomi_rocksdb_wal_syncs_total"]
    konomi.post_orders([order("guest-0815", "ramen")])
    assert sums(scrape(konomi))["konomi_rocksdb_wal_syncs_total"] > syncs


def test_labels_are_bounded_whatever_is_asked_for(konomi):
    for path in ("/nowhere/guest-0815", "/api/v1/users/guest-0815", "/api/v1/days/2025-05-31"):
        konomi.http.get(path)
    konomi.raw(b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n")
    konomi.raw(b"nonsense\r\n\r\n")
    text = scrape(konomi)
    assert "guest-0815" not in text
    routes = set(re.findall(r'route="([^"]*)"', text))
    assert "/api/v1/users/{user_id}" in routes or any("{" in route for route in routes), routes
    assert {"unmatched", "refused"} <= routes
    assert not any("nowhere" in route or "pot" in route for route in routes)


@pytest.mark.cluster
def test_a_cluster_shows_every_metric_and_they_move(clusters):
    cluster = clusters.make()
    process = cluster.add("ingest,consume,aggregate,api")
    check_moves(process, process, EXPECTED + CLUSTER)


def alert_rules():
    text = ALERTS.read_text()
    return re.findall(r"- alert: (\w+)", text), re.findall(r"runbook_url: (\S+)", text)


def names_asked_for():
    """The metrics that the dashboard and the alerts read."""
    queries = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"]
               for target in panel["targets"]]
    text = "\n".join(queries) + ALERTS.read_text()
    return set(re.findall(r"\b((?:konomi|process)_\w+)\b", text))


def test_dashboard_and_alerts_read_only_metrics_that_are_there():
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names_asked_for()}
    missing = asked - set(EXPECTED) - set(EMBEDDED) - set(CLUSTER)
    assert not missing, "not among the names that the tests above find in a scrape"


def test_every_alert_has_its_paragraph():
    names, links = alert_rules()
    alerts = RUNBOOK.read_text().partition("\n## Alerts\n")[2]
    headings = re.findall(r"^### (\w+)$", alerts.partition("\n## ")[0], re.MULTILINE)
    assert headings == names
    assert links == [f"docs/operating.md#{name.lower()}" for name in names]


def test_alert_rules_fire_when_they_should():
    promtool("check", "rules", ALERTS)
    promtool("test", "rules", ALERTS.parent / "alerts_test.yaml")
