"""What is in the Debian package. `scripts/run_tests.py package` builds what it needs."""

import re
import shlex

import pytest
from konomi_e2e import BINARY
from machine import CONFIG, STATE, run

UNIT = "/lib/systemd/system/konomi.service"
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


@pytest.fixture(scope="module")
def installed(machines, package):
    machine = machines()
    machine.install(package)
    return machine


def test_the_unit_is_valid_and_hardened(installed):
    told = installed.run("systemd-analyze", "verify", "--man=no", UNIT)
    assert told.stdout + told.stderr == ""
    told = installed.run("systemd-analyze", "security", "konomi.service").stdout
    exposure = float(re.search(r"exposure level for konomi.service: ([\d.]+)", told)[1])
    assert exposure <= EXPOSURE_MAX, told


def test_what_belongs_in_a_package_is_there(installed):
    files = installed.run("dpkg", "-L", "konomi").stdout.splitlines()
    for path in ("/usr/bin/konomi", CONFIG, UNIT, "/usr/share/man/man1/konomi.1.gz",
                 "/usr/share/man/man1/konomi-dlq-replay.1.gz",
                 "/usr/share/bash-completion/completions/konomi",
                 "/usr/share/zsh/vendor-completions/_konomi",
                 "/usr/share/doc/konomi/copyright", "/usr/share/doc/konomi/changelog.Debian.gz"):
        assert path in files, path
    assert "konomi" in installed.run("getent", "passwd", "konomi").stdout
    assert CONFIG in installed.run("dpkg-query", "-W", "-f=${Conffiles}", "konomi").stdout


def test_the_configuration_holds_every_setting_and_is_right(installed):
    installed.run("konomi", "config", "check", "--config", CONFIG)
    # With every comment taken away it must be right as well, and say the same.
    text = installed.read(CONFIG)
    every = re.sub(r"^#(\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert every.count("\n#") < text.count("\n#")
    installed.write("/tmp/every.toml", every)
    printed = [installed.run("konomi", "config", "print", "--config", file).stdout
               for file in (CONFIG, "/tmp/every.toml")]
    values = [[line.partition("#")[0] for line in lines.splitlines()] for lines in printed]
    assert values[0] == values[1]
    assert f'data_dir = "{STATE}"' in printed[0]


def test_bash_completes_commands_and_flags(installed):
    def completions(*words):
        script = ("source /usr/share/bash-completion/completions/konomi;"
                  f" COMP_WORDS=({shlex.join(words)});"
                  f" COMP_CWORD={len(words) - 1}; _konomi; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        return installed.run("bash", "-c", script).stdout.split()
    assert completions("konomi", "ser") == ["serve"]
    assert completions("konomi", "dlq", "rep") == ["replay"]
    assert "--data-dir" in completions("konomi", "serve", "--data")
