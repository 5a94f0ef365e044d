"""From nothing to being woken for real trouble: the package is installed, a key made, an order
sent with curl, the page opened over TLS, the order's trace found in a real OpenTelemetry Collector,
and a real Prometheus fires the alert when Cassandra has stopped."""

import base64
import contextlib
import hashlib
import json
import re
import subprocess

import httpx
import pytest
from cluster_e2e import Stack
from collector import Collector, field
from konomi_e2e import ROOT, free_port, make_certificate, order, wait_for
from machine import CONFIG, STATE, run
from playwright.sync_api import expect, sync_playwright

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
SCREENSHOTS = ROOT / "build" / "screenshots"
DROP_IN = "/etc/systemd/system/konomi.service.d/traces.conf"
CHROMIUM = "/usr/bin/chromium"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ALERT_LIMIT_S = 180  # The rule itself waits for a minute.
PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{alerts}"]
scrape_configs:
  - job_name: konomi
    scheme: https
    tls_config: {{ca_file: "{certificate}"}}
    authorization: {{credentials_file: "{key_file}"}}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class Prometheus:
    def __init__(self, directory, **settings):
        config = directory / "prometheus.yaml"
        config.write_text(PROMETHEUS.format(alerts=ALERTS, **settings), encoding="utf-8")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = directory / "prometheus.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}",
                 f"--web.listen-address={self.url.removeprefix('http://')}",
                 f"--storage.tsdb.path={directory / 'prometheus'}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, path, **parameters):
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=parameters)
        return answer.json()["data"] if answer.status_code == 200 else {}

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.ask("alerts").get("alerts", ())
                if alert["state"] == "firing"}

    def value(self, query):
        results = self.ask("query", query=query).get("result", ())
        return float(results[0]["value"][1]) if results else None

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture
def ends():
    with contextlib.ExitStack() as stack:
        yield stack


def set_in_config(machine, **settings):
    """As an operator does: the line that shows the default is uncommented and changed."""
    text = machine.read(CONFIG)
    for name, value in settings.items():
        text, found = re.subn(rf"^#?{name} = .*$", f'{name} = "{value}"', text, flags=re.MULTILINE)
        assert found == 1, name
    machine.write(CONFIG, text)


def public_key_hash(certificate):
    """What Chromium calls the SPKI hash of a certificate, to trust this one and no other."""
    public = run("openssl", "x509", "-in", certificate, "-noout", "-pubkey").stdout
    raw = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public.encode(),
                         capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(raw).digest()).decode()


def see_the_page(url, key, certificate):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[f"--ignore-certificate-errors-spki-list={public_key_hash(certificate)}"])
        page = browser.new_page(locale="en", viewport={"width": 1280, "height": 900})
        expect.set_options(timeout=20_000)
        page.goto(f"{url}/segments?type=washoku")
        page.get_by_test_id("sign-in-key").fill(key)
        page.get_by_test_id("sign-in-submit").click()
        expect(page.get_by_test_id("user-table")).to_contain_text("guest-1")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "strangers-path.png", full_page=True)
        browser.close()


def test_from_the_package_to_the_alert(machines, package, ends, tmp_path):
    stack = Stack(tmp_path / "stack")
    ends.callback(stack.down)
    stack.up()
    collector = Collector(tmp_path)
    ends.callback(collector.end)
    machine = machines("together")
    machine.install(package)

    # Settings, a certificate, topics and tables, keys.
    make_certificate(tmp_path, "server")
    for end in ("pem", "key"):
        machine.copy(tmp_path / f"server.{end}", f"/etc/konomi/server.{end}", owner="konomi",
                     mode="0400")
    certificate, port = tmp_path / "server.pem", free_port()
    set_in_config(machine, engine="cluster", listen=f"127.0.0.1:{port}",
                  keys_file=f"{STATE}/keys.toml",
                  tls_cert_file="/etc/konomi/server.pem", tls_key_file="/etc/konomi/server.key",
                  kafka_brokers=stack.settings["KONOMI_KAFKA_BROKERS"], kafka_replication="1",
                  cassandra_contact_points=stack.settings["KONOMI_CASSANDRA_CONTACT_POINTS"],
                  cassandra_replication="1")
    variables = "".join(f'Environment="{name}={value}"\n'
                        for name, value in collector.variables().items())
    machine.write(DROP_IN, f"[Service]\n{variables}")

    def konomi(*arguments):
        return machine.run("env", f"KONOMI_CONFIG={CONFIG}", "konomi", *arguments,
                           user="konomi").stdout

    konomi("config", "check")
    konomi("topics", "apply")
    konomi("schema", "apply")
    keys = {scope: konomi("keys", "create", "--name", scope, "--scopes", scope).strip()
            for scope in ("ingest", "read", "metrics")}
    url = f"https://127.0.0.1:{port}"

    def curl(*arguments, key=None):
        key_flags = ["--header", f"Authorization: Bearer {keys[key]}"] if key else []
        told = run("curl", "--silent", "--show-error", "--cacert", certificate, "--max-time", "20",
                   "--write-out", "\n%{http_code}", *key_flags, *arguments, check=False)
        body, _, code = told.stdout.rpartition("\n")
        return int(code), body

    def post(user, *arguments):
        return curl("--json", json.dumps(order(user)), *arguments, f"{url}/api/v1/orders",
                    key="ingest")

    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "konomi")
    wait_for(lambda: curl(f"{url}/readyz")[0] == 200, "it is ready", 60)

    # An order, which nobody without the right key may send or read.
    traced = ("--header", f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01")
    assert post("guest-1", *traced)[0] == 202
    assert curl("--json", json.dumps(order("guest-1")), f"{url}/api/v1/orders")[0] == 401
    assert curl(f"{url}/api/v1/users/guest-1", key="ingest")[0] == 403
    wait_for(lambda: curl(f"{url}/api/v1/users/guest-1", key="read")[0] == 200, "it is counted")
    see_the_page(url, keys["read"], certificate)
    wait_for(lambda: [span for span in collector.named("POST /api/v1/orders")
                      if field(span, "Trace ID") == TRACE], "the order's trace")

    # Prometheus sees it well, and then without Cassandra.
    key_file = tmp_path / "metrics-key"
    key_file.write_text(keys["metrics"], encoding="utf-8")
    prometheus = Prometheus(tmp_path, certificate=certificate, key_file=key_file, port=port)
    ends.callback(prometheus.end)
    wait_for(lambda: prometheus.value("konomi_stores_up") == 1, "Prometheus scrapes konomi")
    assert prometheus.firing() == set()
    stack.command("stop", "cassandra-1")
    assert post("guest-2")[0] == 202, "orders are taken without Cassandra"
    wait_for(lambda: "KonomiStoresUnavailable" in prometheus.firing(), "the alert", ALERT_LIMIT_S)
    stack.command("start", "cassandra-1")
    wait_for(lambda: prometheus.firing() == set(), "the alert's end", ALERT_LIMIT_S)
    wait_for(lambda: curl(f"{url}/api/v1/users/guest-2", key="read")[0] == 200,
             "what came without Cassandra is counted", ALERT_LIMIT_S)
    log = machine.journal()
    assert "listens on" in log
    assert not [key for key in keys.values() if key in log]
