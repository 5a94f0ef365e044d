"""Starts the real binary and speaks to it as a till, a browser or a shell would."""

import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import httpx
import specification

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = pathlib.Path(os.environ.get("KONOMI_BINARY", ROOT / "build" / "release" / "konomi"))
SHARED = pathlib.Path(os.environ.get("KONOMI_SHARED", ROOT.parent / "shared"))
START_LIMIT_S = 60
COUNT_LIMIT_S = 120


def wait_for(condition, what, limit_s=30.0):
    """Calls `condition` until its answer is true, and returns it; fails with `what` at the limit.
    A connection that is refused is an answer too: not yet."""
    pause = threading.Event()
    end = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = condition()
            if answer:
                return answer
        assert time.monotonic() < end, f"not within {limit_s} s: {what}"
        pause.wait(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def order(user_id, menu_type="washoku", ordered_at="2025-05-31T12:00:00+09:00", **others):
    return {"user_id": user_id, "menu_type": menu_type, "ordered_at": ordered_at, **others}


def ndjson(orders):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in orders).encode()


def run_konomi(*arguments, check=True, timeout=300, **options):
    """Runs a command to its end. Its output is text; `check` expects exit code 0."""
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                            timeout=timeout, check=False, **options)
    if check:
        assert result.returncode == 0, (
            f"konomi {' '.join(map(str, arguments))}: exit {result.returncode}\n"
            f"{result.stdout}{result.stderr}")
    return result


def make_certificate(directory, name):
    """NAME.pem and NAME.key for 127.0.0.1, which nobody signed but itself."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", directory / f"{name}.key", "-out", directory / f"{name}.pem",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True)


@dataclasses.dataclass
class Answer:
    """An answer read from a socket: its bytes, and whether the server closed the connection."""
    data: bytes
    closed: bool

    @property
    def status(self):
        line = self.data.split(b"\r\n", 1)[0].split(b" ")
        return int(line[1]) if len(line) > 1 and line[0].startswith(b"HTTP/") else None


class Server:
    """One `konomi serve` on a free port. Its data directory outlives it, so that it can start
    again; its log goes to `log`."""

    def __init__(self, directory, *flags, port=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.directory / "data"
        self.log = self.directory / "serve.log"
        self.flags = flags
        self.port = port or free_port()
        self.process = None
        self.http = self.client()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self):
        """Asks this server, and fails on every answer that docs/openapi.json does not promise."""
        return httpx.Client(base_url=self.url, timeout=60,
                            event_hooks={"response": [specification.check]})

    def command(self, *flags):
        return [str(BINARY), "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir",
                str(self.data_dir), *map(str, self.flags + flags)]

    def launch(self, *flags):
        """Starts the process without waiting for it."""
        assert self.process is None
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(*flags), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT)
        return self

    def start(self, *flags):
        self.launch(*flags)

        def ready():
            assert self.process.poll() is None, f"konomi serve ended:\n{self.log_text()}"
            return self.http.get("/readyz").status_code == 200

        wait_for(ready, f"/readyz answers 200\n{self.log_text()}", START_LIMIT_S)
        return self

    def end(self, signal_number, limit_s=60):
        """Sends the signal, waits for the end and returns the exit code."""
        process, self.process = self.process, None
        # Connections of before would only fail when the next process is asked.
        self.http.close()
        self.http = self.client()
        process.send_signal(signal_number)
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self):
        return self.end(signal.SIGKILL)

    def stop(self):
        return self.end(signal.SIGTERM)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # What tests ask again and again.

    def get(self, path, **parameters):
        """The JSON of an answer that must be 200."""
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def post_orders(self, orders, **parameters):
        """Orders as NDJSON, all of which must be accepted."""
        answer = self.http.post("/api/v1/orders", content=ndjson(orders), params=parameters,
                                headers={"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 202, answer.text[:500]
        assert answer.json()["rejected"] == 0, answer.text[:500]
        return answer.json()

    def status(self):
        return self.get("/api/v1/status")

    def wait_counted(self, limit_s=COUNT_LIMIT_S):
        """Until everything in the log is stored and counted; returns that status."""
        def counted():
            status = self.status()
            log = status["log"]
            all_read = log["end"] == log["stored_up_to"] == log["counted_up_to"]
            return status if all_read and status["dirty_days"] == 0 else None
        return wait_for(counted, "all orders are stored and counted", limit_s)

    def days(self):
        """Every day there is, oldest first."""
        return self.get("/api/v1/days", **{"from": "2010-01-01", "to": "2019-12-31"})["days"] + \
            self.get("/api/v1/days", **{"from": "2020-01-01", "to": "2029-12-31"})["days"]

    def segment_csv(self, menu_type, **parameters):
        answer = self.http.get(f"/api/v1/segments/{quoted(menu_type)}/users",
                               params={"format": "csv", **parameters})
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("the process has no VmRSS")

    def connect(self, timeout_s=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s)

    def raw(self, request, timeout_s=30):
        """Sends bytes as they are, and reads until the server closes or the answer is complete."""
        with self.connect(timeout_s) as connection:
            # A server may refuse and close before it has read everything.
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
            return read_answer(connection)


def read_answer(connection):
    data = b""
    try:
        while not is_complete(data):
            piece = connection.recv(65536)
            if not piece:
                return Answer(data, True)
            data += piece
    except ConnectionError:
        return Answer(data, True)
    return Answer(data, False)


def is_complete(data):
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return len(body) >= int(value)
    return b"transfer-encoding: chunked" in head.lower() and body.endswith(b"0\r\n\r\n")


def quoted(text):
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() or byte in b"-._~"
                   else f"%{byte:02X}" for byte in text.encode())


def raise_open_files(wanted):
    """Raises this process's limit of open files, and so that of what it starts; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        for limit in ((wanted, max(hard, wanted)), (min(wanted, hard), hard)):
            with contextlib.suppress(ValueError, PermissionError):
                resource.setrlimit(resource.RLIMIT_NOFILE, limit)
                break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
