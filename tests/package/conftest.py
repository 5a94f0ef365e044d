"""The tests of the Debian package. They install it in a Debian of their own, which takes root."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from machine import Machine, make_base, run, why_none  # noqa: E402


@pytest.fixture(scope="session")
def package():
    run("scripts/package.sh", "--no-build", cwd=ROOT)
    packages = list((ROOT / "build").glob("konomi_*.deb"))
    assert len(packages) == 1
    return packages[0]


@pytest.fixture(scope="module")
def machines(package):
    """Boots machines, which end with the module's tests."""
    reason = why_none()
    if reason:
        pytest.skip(f"this machine lets no other boot in it: {reason}")
    make_base(package)
    booted = []

    def boot(network="alone"):
        booted.append(Machine(network))
        return booted[-1]

    yield boot
    for machine in booted:
        machine.end()
