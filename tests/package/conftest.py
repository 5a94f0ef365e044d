"""The tests of the Debian package. They install it on this machine, so they need root."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import debian  # noqa: E402


@pytest.fixture(scope="session")
def package():
    debian.run("scripts/package.sh", "--no-build", cwd=ROOT)
    packages = list((ROOT / "build").glob("konomi_*.deb"))
    assert len(packages) == 1
    return packages[0]


@pytest.fixture(scope="module")
def installed(package):
    """The names of the installed files."""
    debian.install(package)
    yield debian.run("dpkg", "-L", "konomi").stdout.split("\n")
    debian.remove()
