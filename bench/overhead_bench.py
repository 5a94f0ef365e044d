#!/usr/bin/env python3
"""What keys, TLS and traces cost: konomi with each of them beside a plain konomi, in turn.

usage: bench/overhead_bench.py [--seconds N] [--rounds N] [--connections N] [--build DIR]

Every variant takes single orders from wrk, each answered after its fsync, in rounds one after the
other. The medians are printed: orders a second, and konomi's own processor time an order, which a
busy machine moves less. Traces go to the collector that `scripts/setup.sh bench` builds.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from ingest_bench import HERE, free_port, wait_until_it_answers, wrk

COLLECTOR = HERE.parent / "build" / "collector" / "collector"
TICKS = os.sysconf("SC_CLK_TCK")
COLLECTOR_CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters: {{debug: {{verbosity: basic}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


class Variant:
    def __init__(self, name, konomi, directory, flags=(), environment=None, headers=(),
                 scheme="http"):
        self.name, self.headers = name, headers
        address = f"127.0.0.1:{free_port()}"
        self.url = f"{scheme}://{address}"
        self.process = subprocess.Popen(
            [konomi, "serve", "--data-dir", directory / name.replace(" ", "-"), "--listen", address,
             *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})})
        self.rounds = []

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(int(ticks) for ticks in fields.split()[11:13]) / TICKS

    def measure(self, connections, seconds):
        before = self.processor_seconds()
        rate, p50, p99 = wrk(self.url + "/api/log", connections, seconds, "orders.lua",
                             self.headers)
        used = self.processor_seconds() - before
        self.rounds.append((rate, p50, p99, used / (rate * seconds) * 1e6))

    def median(self):
        return [statistics.median(column) for column in zip(*self.rounds)]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def make_variants(konomi, directory, collector_port):
    certificate, private = directory / "server.pem", directory / "server.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", private, "-out", certificate,
                    "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    keys = ("--keys-file", directory / "keys.toml")
    key = subprocess.run([konomi, "keys", "create", *keys, "--name", "bench", "--scopes", "ingest"],
                         check=True, capture_output=True, text=True).stdout.strip()
    with_key = (f"Authorization: Bearer {key}",)
    tls = ("--tls-cert-file", certificate, "--tls-key-file", private)
    traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector_port}"}
    some = {**traces, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": "0.01"}
    return [Variant("plain", konomi, directory),
            Variant("keys", konomi, directory, keys, headers=with_key),
            Variant("TLS", konomi, directory, tls, scheme="https"),
            Variant("traces of 1 in 100", konomi, directory, environment=some),
            Variant("all traces", konomi, directory, environment=traces)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    arguments = parser.parse_args()
    if not COLLECTOR.exists():
        sys.exit(f"overhead_bench: {COLLECTOR} is not there; scripts/setup.sh bench builds it")

    with tempfile.TemporaryDirectory(prefix="konomi-bench-") as name:
        directory, port = pathlib.Path(name), free_port()
        config = directory / "collector.yaml"
        config.write_text(COLLECTOR_CONFIG.format(port=port), encoding="utf-8")
        collector = subprocess.Popen([COLLECTOR, "--config", f"file:{config}"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        variants = make_variants(arguments.build / "konomi", directory, port)
        try:
            for variant in variants:
                wait_until_it_answers(variant.process, variant.url + "/livez")
            for _ in range(arguments.rounds):
                for variant in variants:
                    variant.measure(arguments.connections, arguments.seconds)
        finally:
            for variant in variants:
                variant.stop()
            collector.terminate()
            collector.wait(timeout=60)
    plain = variants[0].median()
    print(f"{arguments.connections} connections     orders/s   p50 ms   p99 ms"
          "   CPU us an order   to plain")
    for variant in variants:
        rate, p50, p99, used = variant.median()
        print(f"{variant.name:18} {rate:10.0f} {p50:8.2f} {p99:8.2f} {used:17.1f}"
              f" {used / plain[3]:10.2f}")


if __name__ == "__main__":
    main()
