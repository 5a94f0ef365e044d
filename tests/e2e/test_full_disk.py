"""A data directory without room: orders are refused at once, nothing acknowledged is lost, and
konomi goes on by itself when there is room again."""

import subprocess
import time

import pytest
from konomi_e2e import ndjson, order, wait_for

DISK_MB = 192
BALLAST_MB = 144  # What is taken away again to make room; the stores want 64 MB free to go on.
BATCH = 500
USERS = 200
REFUSALS = 20
REFUSAL_LIMIT_S = 0.25  # The middle one of them, on a machine that does other things too.


class Disk:
    """A filesystem of its own, partly taken by a file that can be removed."""

    def __init__(self, directory):
        self.directory = directory
        self.ballast = directory / "ballast"
        directory.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "konomi-test",
                        str(directory)], check=True)

    def take_room(self):
        with open(self.ballast, "wb") as file:
            for _ in range(BALLAST_MB):
                file.write(bytes(1 << 20))

    def make_room(self):
        self.ballast.unlink()

    def unmount(self):
        subprocess.run(["umount", str(self.directory)], check=True)


class Till:
    """Posts batches of orders and remembers which were acknowledged."""

    def __init__(self, server):
        self.server = server
        self.batches = 0
        self.acknowledged = 0
        self.unknown = 0  # Of batches that may be written though they were refused.

    def post(self):
        """The answer to one more batch."""
        first = self.batches * BATCH
        self.batches += 1
        orders = [order(f"guest{number % USERS}", order_id=f"o{number}")
                  for number in range(first, first + BATCH)]
        answer = self.server.http.post("/api/v1/orders", content=ndjson(orders),
                                       headers={"Content-Type": "application/x-ndjson"})
        if answer.status_code == 202:
            self.acknowledged += BATCH
        elif "may have been written" in answer.text:
            self.unknown += BATCH
        return answer

    def fill(self):
        """Posts until the disk has no room for the orders; the answer that says so."""
        for _ in range(10_000):
            answer = self.post()
            if answer.status_code != 202:
                return answer
        raise AssertionError("the disk is never full")

    def is_accepted(self):
        return self.post().status_code == 202


@pytest.fixture
def disk(tmp_path):
    made = Disk(tmp_path / "disk")
    yield made
    made.unmount()


@pytest.fixture
def server_on(servers):
    """Starts a server on a disk. It is ended before the disk is unmounted."""
    def start(disk):
        server = servers.make("--settle", "100ms")
        server.data_dir = disk.directory / "data"
        return server.start()
    yield start
    servers.end()


def assert_counted(server, till):
    server.wait_counted()
    day = server.get("/api/v1/days/2025-05-31")
    assert till.acknowledged <= day["orders"] <= till.acknowledged + till.unknown
    assert day["users"] == USERS


def test_a_full_disk_refuses_at_once_and_goes_on_when_there_is_room(disk, server_on):
    disk.take_room()
    server = server_on(disk)
    till = Till(server)
    refused = till.fill()
    assert refused.status_code == 507, refused.text
    assert "room" in refused.json()["detail"] or "space" in refused.json()["detail"].lower()

    seconds = []
    for _ in range(REFUSALS):
        begin = time.monotonic()
        assert till.post().status_code in (503, 507)
        seconds.append(time.monotonic() - begin)
    assert sorted(seconds)[REFUSALS // 2] < REFUSAL_LIMIT_S, seconds
    assert server.http.get("/livez").status_code == 200
    assert server.http.get("/api/v1/days").status_code == 200

    disk.make_room()
    wait_for(till.is_accepted, "orders are taken again", 30)
    assert_counted(server, till)


def test_what_was_acknowledged_before_the_disk_was_full_survives_kill_9(disk, server_on):
    disk.take_room()
    server = server_on(disk)
    till = Till(server)
    assert till.fill().status_code == 507
    server.kill()
    disk.make_room()
    server.start()
    wait_for(till.is_accepted, "orders are taken again", 30)
    assert_counted(server, till)


def test_a_server_that_starts_on_a_full_disk_ends_with_the_reason(disk, server_on):
    server = server_on(disk)
    till = Till(server)
    assert till.is_accepted()
    server.kill()
    with open(disk.ballast, "wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(bytes(1 << 12))
    server.launch()
    assert server.process.wait(60) == 1
    server.process = None
    assert "No space left on device; make room" in server.log_text()
    disk.make_room()
    server.start()
    assert_counted(server, till)
