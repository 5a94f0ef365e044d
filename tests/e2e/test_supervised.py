"""konomi under a supervisor: probes, the notify protocol of systemd, and stopping."""

import contextlib
import ctypes
import os
import pathlib
import signal
import socket
import time

import pytest
from konomi_e2e import order, wait_for

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
CHECKS = ("log", "stores", "consume", "aggregate", "stopping")


class Manager:
    """What systemd is to a service: a socket, and what came to it."""

    def __init__(self, path, watchdog_s):
        self.path = path
        self.watchdog_s = watchdog_s
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))

    def environment(self):
        return {"NOTIFY_SOCKET": str(self.path),
                "WATCHDOG_USEC": str(int(self.watchdog_s * 1_000_000))}

    def next(self, within_s=20):
        """The next message, or None when none comes."""
        self.socket.settimeout(within_s)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None

    def wait_for(self, wanted, limit_s=20):
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            message = self.next(deadline - time.monotonic())
            if message is not None and wanted in message:
                return message
        raise AssertionError(f"{wanted!r} was not told within {limit_s} s")

    def wait_for_silence(self, wanted, silence_s, limit_s=30):
        """Until no message with `wanted` has come for so long."""
        deadline = time.monotonic() + limit_s
        last = time.monotonic()
        while time.monotonic() < deadline:
            message = self.next(0.1)
            if message is not None and wanted in message:
                last = time.monotonic()
            if time.monotonic() - last > silence_s:
                return
        raise AssertionError(f"{wanted!r} is still told")


@pytest.fixture
def manager(tmp_path, monkeypatch):
    made = Manager(tmp_path / "notify", watchdog_s=0.6)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    yield made
    made.socket.close()


def thread_of(server, name):
    """The id of the thread that runs a role."""
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(task.name)
    raise AssertionError(f"no thread is called {name}")


@contextlib.contextmanager
def held(thread):
    """One thread of a process stands still, as in a deadlock, while the others run."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        assert libc.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())
    os.waitpid(thread, 0x40000000)  # __WALL: until it stands.
    try:
        yield
    finally:
        libc.ptrace(PTRACE_DETACH, thread, None, None)


def readyz(server):
    answer = server.http.get("/readyz", params={"verbose": ""})
    return answer.status_code, answer.text.splitlines()


# --- Probes --------------------------------------------------------------------------------------

def test_readyz_tells_every_check(konomi):
    assert readyz(konomi) == (200, [*(f"[+]{name} ok" for name in CHECKS), "readyz check passed"])
    assert konomi.http.get("/startupz").text == "ok\n"


@pytest.mark.parametrize("role", ["consume", "aggregate"])
def test_a_hanging_role_is_not_ready_and_starves_the_watchdog(servers, manager, role):
    server = servers.start("--role-silence-max", "2s")
    manager.wait_for("READY=1")
    for _ in range(3):
        manager.wait_for("WATCHDOG=1", limit_s=5)
    with held(thread_of(server, role)):
        manager.wait_for_silence("WATCHDOG=1", silence_s=2)
        status, lines = readyz(server)
        assert status == 503
        assert any(line.startswith(f"[-]{role} failed: hangs") for line in lines), lines
        assert server.http.get("/livez").status_code == 200
        assert f"{role} hangs" in server.log_text()
        assert server.http.post("/api/v1/orders", json=order("u1")).status_code == 202
    manager.wait_for("WATCHDOG=1")
    wait_for(lambda: readyz(server)[0] == 200, "it is ready again")


def test_hanging_http_threads_starve_the_watchdog(servers, manager):
    server = servers.start("--role-silence-max", "2s", "--http-threads", "1")
    manager.wait_for("WATCHDOG=1")
    with held(thread_of(server, "http")):
        manager.wait_for_silence("WATCHDOG=1", silence_s=2)
    manager.wait_for("WATCHDOG=1")


# --- Stopping ------------------------------------------------------------------------------------

def test_the_manager_is_told_when_it_serves_and_when_it_stops(servers, manager):
    server = servers.start()
    # The first answers of log and stores may come a moment later than READY.
    manager.wait_for("READY=1\nSTATUS=")
    wait_for(lambda: readyz(server)[0] == 200, "it is ready")
    manager.wait_for("WATCHDOG=1")
    assert server.stop() == 0
    manager.wait_for("STOPPING=1")
    assert manager.next(1) is None


def test_a_stopping_konomi_is_not_ready_first_and_still_serves(servers):
    server = servers.start("--shutdown-delay", "2s")
    process = server.process
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: readyz(server)[0] == 503, "it is not ready any more")
    assert "[-]stopping failed: this process stops" in readyz(server)[1]
    assert server.http.get("/startupz").status_code == 200
    assert server.http.post("/api/v1/orders", json=order("u1")).status_code == 202
    assert process.wait(timeout=30) == 0
    server.process = None
    server.http = server.client()
    server.start()
    server.wait_counted()
    assert server.get("/api/v1/users/u1")["counts"][0]["orders"] == 1


def test_a_second_signal_ends_it_at_once(servers):
    server = servers.start("--shutdown-delay", "60s")
    server.post_orders([order("u1", order_id="o1")])
    process = server.process
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: readyz(server)[0] == 503, "it is not ready any more")
    started = time.monotonic()
    assert server.end(signal.SIGTERM, limit_s=10) == 128 + signal.SIGTERM
    assert time.monotonic() - started < 5
    server.start()
    server.wait_counted()
    assert server.get("/api/v1/users/u1")["counts"][0]["orders"] == 1
