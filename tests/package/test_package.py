"""The Debian package: built, linted, installed, run as its service runs it, removed.
`scripts/run_tests.py package` builds what it needs."""

import os
import pathlib
import re
import shlex

import debian
import httpx
from debian import run
from konomi_e2e import BINARY, free_port, order, wait_for

EXPOSURE_MAX = 2.0  # Of systemd's ten; below it says OK.


def test_lintian_finds_nothing(package):
    done = run("lintian", "--allow-root", "--fail-on", "error,warning", package, check=False)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^[EW]:", done.stdout, re.MULTILINE), done.stdout


def test_the_version_is_that_of_the_program(package):
    version = run(BINARY, "version").stdout.split()[1]
    assert run("dpkg", "-f", package, "Version").stdout.strip().rsplit("-", 1)[0] == version


def test_every_library_is_a_dependency(package):
    depends = run("dpkg", "-f", package, "Depends").stdout
    for library in ("librdkafka1", "libssl3", "libsystemd0", "libstdc++6", "tzdata"):
        assert library in depends


def test_the_unit_is_valid_and_hardened(installed):
    run("systemd-analyze", "verify", "/lib/systemd/system/konomi.service")
    told = run("systemd-analyze", "security", "--offline=true",
               "/lib/systemd/system/konomi.service").stdout
    exposure = float(re.search(r"exposure level for konomi.service: ([\d.]+)", told)[1])
    assert exposure <= EXPOSURE_MAX, told


def test_what_belongs_in_a_package_is_there(installed):
    for path in ("/usr/bin/konomi", "/etc/konomi/konomi.toml",
                 "/lib/systemd/system/konomi.service", "/usr/share/man/man1/konomi.1.gz",
                 "/usr/share/man/man1/konomi-dlq-replay.1.gz",
                 "/usr/share/bash-completion/completions/konomi",
                 "/usr/share/zsh/vendor-completions/_konomi",
                 "/usr/share/doc/konomi/copyright", "/usr/share/doc/konomi/changelog.Debian.gz"):
        assert path in installed, path
    assert "konomi" in run("getent", "passwd", "konomi").stdout
    assert "/etc/konomi/konomi.toml" in \
        run("dpkg-query", "-W", "-f=${Conffiles}", "konomi").stdout


def test_the_configuration_holds_every_setting_and_is_right(installed):
    path = "/etc/konomi/konomi.toml"
    told = run("/usr/bin/konomi", "config", "check", "--config", path)
    assert told.returncode == 0
    # With every comment taken away it must be right as well, and say the same.
    text = pathlib.Path(path).read_text(encoding="utf-8")
    every = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert every.count("\n#") < text.count("\n#")
    full = pathlib.Path("/tmp") / f"konomi-every-setting-{os.getpid()}.toml"
    full.write_text(every, encoding="utf-8")
    try:
        printed = [run("/usr/bin/konomi", "config", "print", "--config", file).stdout
                   for file in (path, full)]
    finally:
        full.unlink()
    values = [[line.partition("#")[0] for line in lines.splitlines()] for lines in printed]
    assert values[0] == values[1]
    assert 'data_dir = "/var/lib/konomi"' in printed[0]


def test_bash_completes_commands_and_flags(installed):
    def completions(*words):
        script = ("source /usr/share/bash-completion/completions/konomi;"
                  f" COMP_WORDS=({shlex.join(words)});"
                  f" COMP_CWORD={len(words) - 1}; _konomi; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return run("bash", "-c", script).stdout.split()
    assert completions("konomi", "ser") == ["serve"]
    assert completions("konomi", "dlq", "rep") == ["replay"]
    assert "--data-dir" in completions("konomi", "serve", "--data")


def test_it_serves_as_its_unit_starts_it(installed):
    debian.make_state_directory()
    port = free_port()
    with debian.service({"KONOMI_LISTEN": f"127.0.0.1:{port}"}) as process:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            def ready():
                assert process.poll() is None
                return http.get("/readyz").status_code == 200
            wait_for(ready, "it is ready")
            assert http.post("/api/v1/orders", json=order("u1")).status_code == 202
            wait_for(lambda: http.get("/api/v1/users/u1").status_code == 200, "it is counted")
            assert "<title>" in http.get("/").text
    assert any(debian.STATE.iterdir())


def test_a_newer_package_over_a_running_one_keeps_settings_and_orders(installed, package, tmp_path):
    """The newer one is this one under a higher version: what is tried is dpkg's part, and that the
    running konomi goes on until it is started again."""
    run("dpkg-deb", "--raw-extract", package, tmp_path / "next")
    control = tmp_path / "next" / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"^(Version: .*)$", r"\1+next", text, flags=re.MULTILINE),
                       encoding="utf-8")
    run("dpkg-deb", "--root-owner-group", "--build", tmp_path / "next", tmp_path / "next.deb")
    with debian.CONFIG.open("a", encoding="utf-8") as settings:
        settings.write('late_allowance = "2h"\n')
    debian.make_state_directory()
    port = free_port()

    def post(http, process, order_id):
        wait_for(lambda: process.poll() is None and http.get("/readyz").status_code == 200,
                 "it is ready")
        answer = http.post("/api/v1/orders", json=order("upgrader", order_id=order_id))
        assert answer.status_code == 202

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        with debian.service({"KONOMI_LISTEN": f"127.0.0.1:{port}"}) as process:
            post(http, process, "before")
            run("dpkg", "-i", tmp_path / "next.deb",
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"})
            post(http, process, "meanwhile")
        assert run("dpkg-query", "-W", "-f=${Version}", "konomi").stdout.endswith("+next")
        with debian.service({"KONOMI_LISTEN": f"127.0.0.1:{port}"}) as process:
            post(http, process, "after")
            wait_for(lambda: {each["order_id"] for each in
                              http.get("/api/v1/users/upgrader/orders").json().get("orders", [])}
                     == {"before", "meanwhile", "after"}, "all orders are there")
    told = run("/usr/bin/konomi", "config", "print", "--config", debian.CONFIG).stdout
    assert re.search(r'^late_allowance = "2h"', told, re.MULTILINE)


def test_purging_leaves_the_orders_and_says_so(installed):
    done = run("dpkg", "--purge", "konomi")
    assert "the orders in /var/lib/konomi are kept" in done.stdout + done.stderr
    assert any(pathlib.Path("/var/lib/konomi").iterdir())
    for path in ("/usr/bin/konomi", "/etc/konomi", "/lib/systemd/system/konomi.service"):
        assert not pathlib.Path(path).exists(), path
