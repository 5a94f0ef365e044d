"""A real OpenTelemetry Collector that prints every span it receives."""

import re
import subprocess

from konomi_e2e import ROOT, free_port, wait_for

COLLECTOR = ROOT / "build" / "collector" / "collector"
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters: {{debug: {{verbosity: detailed, use_internal_logger: false}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


class Collector:
    def __init__(self, directory):
        self.port = free_port()
        self.output = directory / "collector.log"
        config = directory / "collector.yaml"
        config.write_text(CONFIG.format(port=self.port))
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([COLLECTOR, "--config", f"file:{config}"],
                                            stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT)

    def variables(self):
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
                "OTEL_SERVICE_NAME": "konomi-test", "OTEL_BSP_SCHEDULE_DELAY": "100"}

    def text(self):
        return self.output.read_text(errors="replace")

    def spans(self):
        """Each span printed, as its text."""
        return re.split(r"^Span #\d+$", self.text(), flags=re.MULTILINE)[1:]

    def named(self, name):
        return [span for span in self.spans()
                if re.search(rf"^\s+Name\s+: {re.escape(name)}$", span, re.MULTILINE)]

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def field(span, name):
    return re.search(rf"^\s+{name}\s*: (.*)$", span, re.MULTILINE).group(1)
