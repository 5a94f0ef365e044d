"""A Debian 12 of its own with systemd in it: the machine of somebody who installs konomi. Nothing
is installed on this one."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from konomi_e2e import ROOT, wait_for

HERE = ROOT / "build" / "debian-machine"
BOOT = pathlib.Path(__file__).resolve().parent / "boot.sh"
# What the guide's commands need besides what the package depends on.
PROGRAMS = ("systemd-sysv", "dbus", "sudo", "curl", "openssl", "bash-completion")
CONFIG = "/etc/konomi/konomi.toml"
STATE = "/var/lib/konomi"
BOOT_LIMIT_S = 60


def run(*command, check=True, **options):
    """Runs a command on this machine to its end. Its output is text."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=600, check=False, **options)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def why_none():
    """Why this machine can have no other in it, or None."""
    with tempfile.TemporaryDirectory() as directory:
        for name in ("base", "work"):
            (pathlib.Path(directory) / name).mkdir()
        told = run("sh", BOOT, directory, "try", check=False)
    return None if told.returncode == 0 else told.stderr.strip()


def make_base(package):
    """A Debian with everything that `package` depends on, and without it. Made once."""
    depends = [re.match(r"[^\s(|]+", each.strip())[0]
               for each in run("dpkg", "-f", package, "Depends").stdout.split(",")]
    base, mark = HERE / "base", HERE / "mark"
    wanted = ",".join((*PROGRAMS, *depends))
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(HERE, ignore_errors=True)
    (HERE / "work").mkdir(parents=True)
    # As this machine fetches its packages: through its proxy, say.
    acquire = HERE / "apt.conf"
    acquire.write_text(run("apt-config", "dump", "Acquire").stdout, encoding="utf-8")
    run("mmdebstrap", "--variant=minbase", f"--aptopt={acquire}", f"--include={wanted}",
        "bookworm", base)
    mark.write_text(wanted, encoding="utf-8")


class Machine:
    """Boots anew from what make_base() made; what is written to it is gone at the end(). `network`
    is "alone", with a loopback device of its own, or "together" with this machine."""

    def __init__(self, network):
        self.process = subprocess.Popen(["sh", BOOT, HERE, network], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        self.first_process = int(line)
        try:
            wait_for(self.has_booted, "Debian has booted", BOOT_LIMIT_S)
        except AssertionError:
            self.end()
            raise

    def has_booted(self):
        told = self.run("systemctl", "is-system-running", check=False)
        return told.stdout.strip() == "running"

    def end(self):
        os.kill(self.first_process, signal.SIGKILL)
        self.process.communicate(timeout=60)

    def words(self, *command, user="root"):
        """The command that runs `command` there, as `user`."""
        return ["nsenter", "--target", str(self.first_process), "--all", "--root", "--wd",
                "env", "-i", "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "runuser", "-u", user, "--", *map(str, command)]

    def run(self, *command, user="root", **options):
        return run(*self.words(*command, user=user), **options)

    def copy(self, source, target, **options):
        """A file of this machine to one of that."""
        self.write(target, pathlib.Path(source).read_bytes(), **options)

    def write(self, target, content, owner="root", mode="0644"):
        """A file with `content`, text or bytes, and its directory."""
        done = subprocess.run(
            self.words("install", "-D", "-o", owner, "-g", owner, "-m", mode, "/dev/stdin", target),
            input=content.encode() if isinstance(content, str) else content,
            capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr.decode()

    def read(self, path):
        return self.run("cat", path).stdout

    def journal(self, unit="konomi"):
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit", unit).stdout

    def shown(self, name, unit="konomi"):
        """A property of a unit, as `systemctl show` names it."""
        return self.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()

    def install(self, package):
        self.copy(package, "/root/konomi.deb")
        self.run("apt-get", "install", "--yes", "/root/konomi.deb")
