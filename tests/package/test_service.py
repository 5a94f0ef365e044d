"""konomi as a service of systemd, on a machine of its own: installed and set up as the guide says,
killed, hung, set wrongly, stopped, made newer, and removed."""

import json
import re

import pytest
from guide import BASH, INSTALL, PARTS, Shell
from konomi_e2e import order, wait_for
from machine import CONFIG, STATE, run

URL = "http://127.0.0.1:8080"
DROP_IN = "/etc/systemd/system/konomi.service.d/override.conf"
RESTART_LIMIT_S = 60


class Service:
    """The installed konomi, and what is asked of it and of its systemd."""

    def __init__(self, machine):
        self.machine = machine
        self.known = []

    def curl(self, path, *arguments):
        """(status, body); status 0 when nobody answers."""
        told = self.machine.run("curl", "--silent", "--max-time", "20",
                                "--write-out", "\n%{http_code}", *arguments, f"{URL}{path}",
                                check=False)
        body, _, code = told.stdout.rpartition("\n")
        return int(code), body

    def is_ready(self):
        return self.curl("/readyz")[0] == 200

    def post(self, order_id):
        code, _ = self.curl("/api/v1/orders", "--json", json.dumps(order("g1", order_id=order_id)))
        assert code == 202
        self.known.append(order_id)

    def orders(self):
        code, body = self.curl("/api/v1/users/g1/orders")
        found = json.loads(body)["orders"] if code == 200 else []
        return sorted(each["order_id"] for each in found)

    def wait_until_all_orders_are_there(self):
        wait_for(lambda: self.orders() == sorted(self.known), f"{self.known} are all there",
                 RESTART_LIMIT_S)

    def systemctl(self, *arguments, check=True):
        return self.machine.run("systemctl", *arguments, check=check)

    def process(self):
        return int(self.machine.shown("MainPID"))

    def wait_until_started_after(self, process):
        wait_for(lambda: self.machine.shown("ActiveState") == "active" and
                 self.process() not in (0, process), "it runs again", RESTART_LIMIT_S)


@pytest.fixture(scope="module")
def service(machines, package):
    machine = machines()
    machine.install(package)
    return Service(machine)


def test_the_guide_installs_keys_tls_and_backups(machines, package, tmp_path):
    """By somebody who is not root, but may use sudo."""
    machine = machines()
    machine.run("useradd", "--create-home", "--shell", "/bin/bash", "reader")
    machine.write("/etc/sudoers.d/reader", "reader ALL=(ALL) NOPASSWD: ALL\n", mode="0440")
    machine.copy(package, f"/home/reader/build/{package.name}", owner="reader")
    reader = Shell(tmp_path, prelude="export HOME=/home/reader; cd",
                   command=machine.words(*BASH, user="reader"))
    try:
        for step in PARTS[INSTALL]:
            reader.run(step)
    finally:
        reader.end()


def test_installed_it_runs_and_counts(service):
    assert service.machine.shown("Type") == "notify"
    assert service.machine.shown("ActiveState") == "active"
    assert service.systemctl("is-enabled", "konomi").stdout.strip() == "enabled"
    assert service.is_ready()
    service.post("first")
    service.wait_until_all_orders_are_there()
    assert "<title>" in service.curl("/")[1]
    resident = re.search(r"^process_resident_memory_bytes (\S+)$", service.curl("/metrics")[1],
                         re.MULTILINE)
    assert float(resident[1]) > 1e6, "it sees its own process, hidden as it is"


def test_killed_it_is_started_again(service):
    process = service.process()
    service.post("before the kill")
    service.systemctl("kill", "--signal=KILL", "konomi")
    service.wait_until_started_after(process)
    service.wait_until_all_orders_are_there()


def test_hung_it_is_ended_by_the_watchdog_and_started_again(service):
    service.machine.write(DROP_IN, "[Service]\nWatchdogSec=2s\n")
    service.systemctl("daemon-reload")
    service.systemctl("restart", "konomi")
    process = service.process()
    service.post("before it hangs")
    service.systemctl("kill", "--signal=STOP", "konomi")
    service.wait_until_started_after(process)
    assert "Watchdog timeout" in service.machine.run("journalctl", "--unit", "konomi").stdout
    service.wait_until_all_orders_are_there()
    service.machine.run("rm", DROP_IN)
    service.systemctl("daemon-reload")
    service.systemctl("restart", "konomi")


def test_a_wrong_setting_is_told_and_not_tried_again(service):
    right = service.machine.read(CONFIG)
    service.machine.write(CONFIG, right + 'late_allowance = "soon"\n')
    assert service.systemctl("restart", "konomi", check=False).returncode != 0
    assert service.machine.shown("ActiveState") == "failed"
    assert service.machine.shown("ExecMainStatus") == "2"
    assert service.machine.shown("NRestarts") == "0"
    assert re.search(r'late_allowance.*"?soon', service.machine.journal())
    service.machine.write(CONFIG, right)
    service.systemctl("start", "konomi")
    service.wait_until_all_orders_are_there()


def test_backups_go_to_another_directory_as_the_operating_guide_says(service):
    right = service.machine.read(CONFIG)
    service.machine.write(CONFIG, right + 'backup_dir = "/srv/konomi-backups"\n')
    service.machine.write(DROP_IN, "[Service]\nReadWritePaths=/srv/konomi-backups\n")
    service.machine.run("install", "-d", "-o", "konomi", "-g", "konomi", "-m", "750",
                        "/srv/konomi-backups")
    service.systemctl("daemon-reload")
    service.systemctl("restart", "konomi")
    made = service.machine.run("konomi", "backup", "--keep", "7", user="nobody").stdout
    name = made.partition(": ")[0]
    assert service.machine.run("ls", "/srv/konomi-backups").stdout.split() == [name]
    service.machine.run("konomi", "restore", "--from", f"/srv/konomi-backups/{name}",
                        "--data-dir", "/tmp/restored")


def test_it_stops_by_itself_and_soon(service):
    service.systemctl("stop", "konomi")
    assert service.machine.shown("Result") == "success"
    assert service.machine.shown("ExecMainStatus") == "0"
    service.systemctl("start", "konomi")
    service.wait_until_all_orders_are_there()


def test_a_newer_package_starts_it_again_with_its_settings_and_orders(service, package, tmp_path):
    """The newer one is this one under a higher version."""
    run("dpkg-deb", "--raw-extract", package, tmp_path / "next")
    control = tmp_path / "next" / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", text, flags=re.MULTILINE),
                       encoding="utf-8")
    run("dpkg-deb", "--root-owner-group", "--build", tmp_path / "next", tmp_path / "next.deb")
    settings = service.machine.read(CONFIG) + 'min_orders = 2\n'
    service.machine.write(CONFIG, settings)
    process = service.process()
    service.post("before the upgrade")
    service.machine.install(tmp_path / "next.deb")
    version = service.machine.run("dpkg-query", "-W", "-f=${Version}", "konomi").stdout
    assert version.endswith("+next")
    assert service.process() not in (0, process)
    assert service.machine.read(CONFIG) == settings
    service.post("after the upgrade")
    service.wait_until_all_orders_are_there()


def test_purged_it_is_gone_but_for_the_orders(service):
    done = service.machine.run("apt-get", "purge", "--yes", "konomi")
    assert f"the orders in {STATE} are kept" in done.stdout + done.stderr
    assert service.curl("/readyz")[0] == 0
    assert service.machine.run("ls", STATE).stdout
    for path in ("/usr/bin/konomi", "/etc/konomi", "/lib/systemd/system/konomi.service"):
        assert service.machine.run("test", "-e", path, check=False).returncode == 1, path
