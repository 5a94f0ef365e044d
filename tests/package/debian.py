"""Installs konomi's Debian package on this machine, and runs what its unit starts."""

import contextlib
import os
import pathlib
import re
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UNIT = ROOT / "deploy" / "debian" / "konomi.service"
CONFIG = pathlib.Path("/etc/konomi/konomi.toml")
STATE = pathlib.Path("/var/lib/konomi")
LOG = pathlib.Path("/var/lib/konomi-package-test.log")


def run(*command, check=True, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=300, **options)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def install(package):
    assert os.geteuid() == 0, "installing needs root"
    known = run("dpkg-query", "-W", "-f=${db:Status-Status}", "konomi", check=False).stdout
    assert known in ("", "not-installed", "unknown"), "this machine has a konomi of its own"
    assert not STATE.exists(), "this machine has orders of its own"
    # No service manager starts it: the test runs it on a port of its own.
    run("dpkg", "-i", package, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive",
                                    "SYSTEMD_OFFLINE": "1"})


def remove():
    run("dpkg", "--purge", "konomi")
    run("rm", "-rf", STATE, CONFIG.parent)
    run("userdel", "konomi", check=False)


def unit_values(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def as_service(*command):
    """The words that run a command as the unit runs konomi: its user, and no way to more."""
    user, = unit_values("User")
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", *map(str, command)]


def service_environment():
    return {"PATH": "/usr/bin",
            **dict(value.split("=", 1) for value in unit_values("Environment"))}


def make_state_directory():
    user, = unit_values("User")
    run("install", "-d", "-o", user, "-g", user, "-m", unit_values("StateDirectoryMode")[0], STATE)


@contextlib.contextmanager
def service(environment):
    """What the unit starts, with its environment and `environment` besides."""
    with open(LOG, "w", encoding="utf-8") as log:
        process = subprocess.Popen(as_service(*shlex.split(unit_values("ExecStart")[0])), cwd=STATE,
                                   stdout=log, stderr=log,
                                   env={**service_environment(), **environment})
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0, LOG.read_text(encoding="utf-8")[-4000:]
    LOG.unlink()
