"""The server against docs/openapi.json: Schemathesis makes up thousands of requests that the
schemas allow or forbid, and judges every answer. schemathesis_hooks.py says what it cannot know."""

import os
import pathlib
import shutil
import subprocess
import sys

from konomi_e2e import ROOT, order
from test_security import SCOPES, bearer, make_key

DOCUMENT = ROOT / "docs" / "openapi.json"
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
LIMIT_S = 3000


def start(servers, directory, *flags):
    """A konomi with orders, figures, and five dead letters: three of its orders were of types that
    were refused for a while."""
    flags = (*flags, "--backup-dir", directory / "backups")
    server = servers.make("--settle", "100ms")
    server.start()
    server.post_orders([order(f"u{n}", "washoku" if n % 3 else f"dish {n}", order_id=f"o{n}")
                        for n in range(15)])
    server.wait_counted()
    server.stop()
    shutil.rmtree(server.data_dir / "stores")
    server.start("--unknown-menu-types", "refuse")
    assert server.wait_counted()["dead_letters"] == 5
    server.stop()
    return server.start(*flags)


def run_schemathesis(server, pytestconfig, *flags):
    done = subprocess.run(
        [SCHEMATHESIS, "run", DOCUMENT, "--url", server.url, "--checks", "all",
         "--max-examples", str(pytestconfig.getoption("examples")),
         "--seed", str(pytestconfig.getoption("seed")),
         "--generation-database", "none", "--continue-on-failure", "--no-color",
         "--output-truncate", "false", *flags],
        cwd=server.directory, capture_output=True, text=True, timeout=LIMIT_S, check=False,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
             "PYTHONPATH": str(pathlib.Path(__file__).parent)})
    print(done.stdout[-2000:])  # How much was tried, and the seed.
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert server.http.get("/readyz").status_code == 200


def test_schemathesis_finds_nothing_without_keys(servers, tmp_path, pytestconfig):
    server = start(servers, tmp_path)
    # Without keys nobody is asked for one.
    run_schemathesis(server, pytestconfig, "--exclude-checks", "ignored_auth")


def test_schemathesis_finds_nothing_with_keys(servers, tmp_path, pytestconfig):
    keys_file = tmp_path / "keys.toml"
    key = make_key(keys_file, ",".join(SCOPES))
    server = start(servers, tmp_path, "--keys-file", keys_file, "--audit-file",
                   tmp_path / "audit.jsonl")
    run_schemathesis(server, pytestconfig, "--header",
                     f"Authorization: {bearer(key)['Authorization']}")
