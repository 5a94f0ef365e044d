"""Traces, received by a real OpenTelemetry Collector that prints every span."""

import os
import re
import subprocess

import pytest
from collector import Collector, field
from konomi_e2e import free_port, order, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@pytest.fixture
def collector(tmp_path):
    made = Collector(tmp_path)
    yield made
    made.end()


def check_the_way_of_an_order(collector, ingest, api):
    wait_for(lambda: collector.process.poll() is not None or "Everything is ready"
             in collector.text(), "the collector is ready")
    answer = ingest.http.post("/api/v1/orders", json=order("guest-0815"),
                              headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert answer.status_code == 202
    api.wait_counted()

    def server_span():
        return [span for span in collector.named("POST /api/v1/orders")
                if field(span, "Trace ID") == TRACE]
    span = wait_for(server_span, f"the request's span\n{collector.text()[-2000:]}")[0]
    assert field(span, "Parent ID") == CALLER
    assert field(span, "Kind") == "Server"
    assert "http.response.status_code: Int(202)" in span
    own = re.search(r"^\s+ID\s+: (\w+)$", span, re.MULTILINE).group(1)

    def linked():
        return [batch for batch in collector.named("consume batch")
                if TRACE in batch and own in batch]
    batch = wait_for(linked, "a batch linked to the request")[0]
    assert field(batch, "Kind") == "Consumer"
    assert field(batch, "Trace ID") != TRACE
    wait_for(lambda: [put for put in collector.named("order store put")
                      if field(put, "Trace ID") == field(batch, "Trace ID")],
             "the write to the order store, in the batch's trace")
    wait_for(lambda: [day for day in collector.named("aggregate day")
                      if "konomi.business_day: Str(2025-05-31)" in day
                      and field(day, "Trace ID") in {field(run, "Trace ID") for run in
                                                     collector.named("aggregate pass")}],
             "the day counted, in the trace of its pass")
    assert "guest-0815" not in collector.text()
    assert "service.name: Str(konomi-test)" in collector.text()


def test_an_order_is_followed_through_the_embedded_engine(servers, collector, monkeypatch):
    for name, value in collector.variables().items():
        monkeypatch.setenv(name, value)
    konomi = servers.start()
    check_the_way_of_an_order(collector, konomi, konomi)
    malformed = konomi.http.get("/livez", headers={"traceparent": "00-nonsense"})
    assert malformed.status_code == 200
    wait_for(lambda: collector.named("GET /livez"), "a trace of its own for a malformed parent")
    assert konomi.stop() == 0


def test_without_a_collector_spans_are_dropped_and_counted(servers, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    konomi = servers.start()
    konomi.post_orders([order("u1")])
    konomi.wait_counted()

    def dropped():
        return re.search(r'spans_dropped_total\{reason="not_sent"\} [1-9]',
                         konomi.http.get("/metrics").text)
    wait_for(dropped, "drops are counted")
    assert konomi.stop() == 0


def test_a_wrong_variable_ends_the_start_with_its_name(servers):
    konomi = servers.make()
    done = subprocess.run(konomi.command(), capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "OTEL_TRACES_EXPORTER": "otlp",
                               "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert done.returncode == 1
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in done.stderr and "http/json" in done.stderr


@pytest.mark.cluster
def test_an_order_is_followed_through_a_cluster(clusters, collector, monkeypatch):
    for name, value in collector.variables().items():
        monkeypatch.setenv(name, value)
    cluster = clusters.make()
    ingest = cluster.add("ingest")
    cluster.add("consume,aggregate")
    check_the_way_of_an_order(collector, ingest, cluster.add("api"))
