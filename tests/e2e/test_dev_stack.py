"""scripts/dev-stack.sh: what people and the other tests rely on when they start real servers."""

import os
import socket
import subprocess

import pytest
from konomi_e2e import ROOT

pytestmark = pytest.mark.cluster
KAFKA, CASSANDRA = "kafka-1", "cassandra-1"


class Script:
    """The script with a directory of its own; what still runs at the end is stopped."""

    def __init__(self, directory):
        self.directory = directory

    def __call__(self, *arguments, **environment):
        return subprocess.run(
            [ROOT / "scripts" / "dev-stack.sh", *arguments, "--dir", self.directory],
            capture_output=True, text=True, timeout=600, check=False,
            env={**os.environ, **environment})

    def states(self):
        """Which nodes answer, by their name."""
        lines = self("status").stdout.splitlines()
        return {line.split()[0]: not line.endswith("does not answer") for line in lines}


@pytest.fixture
def script(tmp_path):
    it = Script(tmp_path / "stack")
    yield it
    it("reset")


def test_a_killed_server_is_noticed_and_started_again(script):
    started = script("up", "--free-ports")
    assert started.returncode == 0, started.stdout + started.stderr
    assert script("status").returncode == 0
    told = script("env").stdout

    assert script("kill", KAFKA).returncode == 0
    assert script.states() == {KAFKA: False, CASSANDRA: True}
    assert script("status").returncode == 1

    again = script("up")
    assert f"{CASSANDRA}: already running" in again.stdout
    assert f"{KAFKA}: answers" in again.stdout
    assert script("env").stdout == told, "the ports of a stack stay the same"

    assert script("down").returncode == 0
    assert script.states() == {KAFKA: False, CASSANDRA: False}


def test_a_taken_port_is_told_with_its_owner_and_the_remedy(script):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = script("up", "--free-ports", "--cassandra-port", str(port))
    assert refused.returncode == 1
    assert f"127.0.0.1:{port} is taken" in refused.stderr
    assert f"process {os.getpid()}" in refused.stderr
    assert "--cassandra-port" in refused.stderr


def test_a_server_that_cannot_start_says_why_and_leaves_none_running(script):
    failed = script("up", "--free-ports", DEV_STACK_JVM_OPTIONS="-XX:+NoSuchOption")
    assert failed.returncode == 1
    assert "NoSuchOption" in failed.stderr
    assert script.states() == {KAFKA: False, CASSANDRA: False}


def test_too_little_memory_is_told_before_anything_starts(script):
    refused = script("up", "--free-ports", DEV_STACK_CASSANDRA_HEAP_MB="90000000")
    assert refused.returncode == 1
    assert "MB are available" in refused.stderr
    assert "starting" not in refused.stdout
