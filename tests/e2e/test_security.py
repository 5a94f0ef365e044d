"""Who may do what, seen from outside: every route with every scope, and what an attacker would try.
docs/security.md says which threat each of these answers."""

import concurrent.futures
import hashlib
import json
import os
import re
import ssl
import statistics
import subprocess
import time

import httpx
import pytest
from konomi_e2e import BINARY, ROOT, make_certificate, order, run_konomi, wait_for

SCOPES = ("ingest", "read", "export", "metrics", "admin")
OPEN = None
# Method, a path, what it needs. A route that is not here fails the test below.
ROUTES = {
    ("POST", "/api/log"): "ingest",
    ("POST", "/api/v1/orders"): "ingest",
    ("GET", "/api/daily_order_summaries"): "read",
    ("GET", "/api/user_segments"): "export",
    ("GET", "/api/v1/days"): "read",
    ("GET", "/api/v1/days/{date}"): "read",
    ("GET", "/api/v1/segments"): "read",
    ("GET", "/api/v1/segments/{menu_type}/users"): "read",
    ("GET", "/api/v1/users/{id}"): "read",
    ("GET", "/api/v1/users/{id}/orders"): "read",
    ("GET", "/api/v1/menu_types"): "read",
    ("PUT", "/api/v1/menu_types"): "admin",
    ("GET", "/api/v1/dead_letters"): "admin",
    ("GET", "/api/v1/dead_letters/{letter}"): "admin",
    ("POST", "/api/v1/dead_letters/replay"): "admin",
    ("POST", "/api/v1/dead_letters/discard"): "admin",
    ("GET", "/api/v1/status"): "read",
    ("POST", "/api/v1/verifications"): "admin",
    ("GET", "/api/v1/export/{kind}"): "export",
    ("POST", "/api/v1/backups"): "admin",
    ("POST", "/api/v1/erasures"): "admin",
    ("GET", "/api/v1/erasures/{erasure}"): "admin",
    ("GET", "/metrics"): "metrics",
    ("GET", "/api/v1/session"): OPEN,
    ("POST", "/api/v1/session"): OPEN,
    ("DELETE", "/api/v1/session"): OPEN,
    ("GET", "/livez"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/startupz"): OPEN,
    ("GET", "/openapi.json"): OPEN,
}
EXAMPLES = {"{date}": "2025-05-31", "{menu_type}": "washoku", "{id}": "u1", "{letter}": "0-1",
            "{kind}": "days", "{erasure}": "0-1-2"}


def path_of(pattern):
    for name, value in EXAMPLES.items():
        pattern = pattern.replace(name, value)
    return pattern


def make_key(file, scopes, *flags):
    made = run_konomi("keys", "create", "--keys-file", file, "--name", f"test of {scopes}",
                      "--scopes", scopes, *flags)
    return made.stdout.strip()


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


class Secured:
    """A konomi with keys, one for each scope, and an audit log."""

    def __init__(self, servers, directory, *flags):
        self.keys_file = directory / "keys.toml"
        self.audit_file = directory / "audit.jsonl"
        self.keys = {scope: make_key(self.keys_file, scope) for scope in SCOPES}
        self.server = servers.start("--keys-file", self.keys_file, "--audit-file", self.audit_file,
                                    *flags)
        self.http = self.server.http

    def ask(self, method, path, key=None, **options):
        headers = {**(bearer(key) if key else {}), **options.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **options)

    def audited(self):
        if not self.audit_file.exists():
            return []
        return [json.loads(line) for line in self.audit_file.read_text().splitlines()]


@pytest.fixture(scope="module")
def secured(module_servers, tmp_path_factory):
    konomi = Secured(module_servers, tmp_path_factory.mktemp("access"))
    answer = konomi.ask("POST", "/api/v1/orders", konomi.keys["ingest"], json=order("u1"))
    assert answer.status_code == 202
    return konomi


def test_the_table_of_this_test_holds_every_route(secured):
    specified = {(method.upper(), path)
                 for path, operations in secured.http.get("/openapi.json").json()["paths"].items()
                 for method in operations if method in ("get", "post", "put", "delete", "patch")}
    assert specified == set(ROUTES)


@pytest.mark.parametrize(("method", "pattern"), ROUTES, ids=lambda part: part)
def test_every_route_asks_for_its_scope(secured, method, pattern):
    needs = ROUTES[method, pattern]
    path = path_of(pattern)
    if needs is OPEN:
        assert secured.ask(method, path).status_code not in (401, 403)
        return
    assert secured.ask(method, path).status_code == 401
    assert secured.ask(method, path, "konomi_00000000_" + "0" * 64).status_code == 401
    for scope, key in secured.keys.items():
        answer = secured.ask(method, path, key)
        if scope == needs:
            assert answer.status_code not in (401, 403), (scope, answer.text)
        else:
            assert answer.status_code == 403, (scope, answer.text)
            assert f'"{needs}"' in answer.text.replace('\\"', '"')


def test_the_specification_says_the_same_scopes(secured):
    paths = secured.http.get("/openapi.json").json()["paths"]
    for (method, pattern), needs in ROUTES.items():
        security = paths[pattern][method.lower()]["security"]
        expected = [] if needs is OPEN else [{"key": [needs]}, {"session": [needs]}]
        assert security == expected, (method, pattern)


def test_a_whole_list_needs_the_scope_export(secured):
    path = "/api/v1/segments/washoku/users?format=csv"
    assert secured.ask("GET", path, secured.keys["read"]).status_code == 403
    both = make_key(secured.keys_file, "read,export")
    wait_for(lambda: secured.ask("GET", path, both).status_code == 200, "the new key is known")
    event = [event for event in secured.audited() if event.get("target") == path][-1]
    assert event["action"] == "GET /api/v1/segments/{menu_type}/users"
    assert event["key"] == both.split("_")[1]
    assert event["remote"] == "127.0.0.1"


def test_an_erasure_is_written_down_without_the_user(secured):
    guest = "guest-who-leaves"
    answer = secured.ask("POST", "/api/v1/orders", secured.keys["ingest"], json=order(guest))
    assert answer.status_code == 202
    done = subprocess.run(
        [BINARY, "erase", "--user", guest, "--yes", "--output", "json", "--url",
         secured.server.url],
        env={**os.environ, "KONOMI_API_KEY": secured.keys["admin"]}, capture_output=True, text=True,
        check=True, timeout=60)
    receipt = json.loads(done.stdout)
    assert receipt["removed"]["orders"] == 1
    event = next(event for event in reversed(secured.audited())
                 if event["action"] == "POST /api/v1/erasures" and event["status"] < 300)
    assert event["name"] == "test of admin"
    assert event["key"] == secured.keys["admin"].split("_")[1]
    assert event["details"]["user_sha256"] == hashlib.sha256(guest.encode()).hexdigest()
    assert event["details"]["erasure"] == receipt["erasure"]
    assert guest not in secured.audit_file.read_text()


def test_keys_come_and_go_without_a_restart(secured):
    key = make_key(secured.keys_file, "read")
    wait_for(lambda: secured.ask("GET", "/api/v1/status", key).status_code == 200, "a new key")
    run_konomi("keys", "revoke", key.split("_")[1], "--keys-file", secured.keys_file)
    wait_for(lambda: secured.ask("GET", "/api/v1/status", key).status_code == 401, "a revoked key")
    assert key.split("_")[1] not in run_konomi("keys", "list", "--keys-file",
                                               secured.keys_file).stdout


def test_a_session_is_a_cookie_that_no_script_and_no_other_site_can_use(secured):
    origin = {"Origin": secured.server.url}
    with httpx.Client(base_url=secured.server.url) as browser:
        wrong = browser.post("/api/v1/session", json={"key": "konomi_1"}, headers=origin)
        assert wrong.status_code == 401
        assert "set-cookie" not in wrong.headers
        signed_in = browser.post("/api/v1/session", json={"key": secured.keys["admin"]},
                                 headers=origin)
        assert signed_in.json()["scopes"] == ["admin"]
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert secured.keys["admin"].split("_")[2] not in cookie
        put = {"url": "/api/v1/menu_types", "json": {"menu_types": [{"menu_type": "washoku"}]}}
        assert browser.put(**put, headers=origin).status_code == 200
        assert browser.put(**put).status_code == 403
        assert browser.put(**put, headers={"Origin": "https://evil.example"}).status_code == 403
        assert browser.get("/api/v1/status").status_code == 403
        browser.delete("/api/v1/session", headers=origin)
        assert browser.put(**put, headers=origin).status_code == 401


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/api/v1/nothing", "/livez", "/metrics"])
def test_every_answer_tells_browsers_to_be_careful(secured, path):
    headers = secured.ask("GET", path, secured.keys["read"]).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert re.search(r"default-src '(self|none)'", policy)
    assert "cache-control" in headers


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/../../../etc/passwd", "/assets/..%5c..%5cetc%5cpasswd", "//etc/passwd",
    "/assets/%00/etc/passwd", "/api/v1/export/..%2f..%2fetc%2fpasswd"])
def test_no_path_leads_out_of_the_page(secured, path):
    request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
               f"Authorization: Bearer {secured.keys['export']}\r\n\r\n")
    answer = secured.server.raw(request.encode())
    assert answer.status in (400, 404), answer.data[:200]
    assert b"root:" not in answer.data


@pytest.mark.parametrize("header", [
    "Origin: https://evil.example\r\nX-Injected: yes", "Authorization: Bearer a\r\n X-Folded: yes",
    "Cookie: konomi_session=\x01\x02", "Host: a\r\nHost: b"])
def test_no_header_makes_another(secured, header):
    answer = secured.server.raw(
        f"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\nConnection: close\r\n\r\n"
        .encode())
    assert answer.status in (400, 401, 403)
    assert b"X-Injected" not in answer.data
    assert b"evil.example" not in answer.data.split(b"\r\n\r\n")[0]


def test_a_body_without_a_key_is_not_taken(secured):
    """The answer comes after the head: nothing of the announced body is waited for."""
    connection = secured.server.connect()
    connection.sendall(b"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                       b"Content-Type: application/json\r\nContent-Length: 8000000\r\n\r\n")
    assert connection.recv(12) == b"HTTP/1.1 401"
    connection.close()


def test_a_wrong_key_takes_the_same_time_whatever_is_wrong(secured):
    """A known id with a wrong secret, against an id nobody has: medians of many, side by side."""
    known = secured.keys["read"].split("_")[1]
    wrong = {"known": f"konomi_{known}_" + "0" * 64, "unknown": "konomi_00000000_" + "0" * 64}
    times = {name: [] for name in wrong}
    for _ in range(400):
        for name, key in wrong.items():
            before = time.perf_counter()
            assert secured.ask("GET", "/api/v1/status", key).status_code == 401
            times[name].append(time.perf_counter() - before)
    ratio = statistics.median(times["known"]) / statistics.median(times["unknown"])
    assert 0.8 < ratio < 1.25, ratio


def test_no_secret_is_ever_written(secured, tmp_path):
    """Neither in the log, nor in errors, nor in what `config print` and the key file show."""
    for key in secured.keys.values():
        secured.ask("GET", "/api/v1/status", key)
        secured.ask("POST", "/api/v1/verifications", key)
    secrets = [key.split("_")[2] for key in secured.keys.values()]
    environment = {**os.environ, "KONOMI_API_KEY": secured.keys["read"]}
    printed = run_konomi("config", "print", "--keys-file", secured.keys_file, env=environment)
    refused = run_konomi("verify", "--url", secured.server.url, check=False, env=environment)
    assert refused.returncode == 1
    for text in (secured.server.log_text(), secured.audit_file.read_text(), printed.stdout,
                 refused.stdout + refused.stderr, secured.keys_file.read_text()):
        for secret in secrets:
            assert secret not in text


def test_a_key_may_be_slowed_down(secured):
    key = make_key(secured.keys_file, "read", "--requests-per-second-max", "5")
    wait_for(lambda: secured.ask("GET", "/api/v1/status", key).status_code == 200, "the new key")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: secured.ask("GET", "/api/v1/status", key), range(40)))
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert all(answer.headers["retry-after"] == "1" for answer in slowed)


def test_other_pages_read_only_when_they_are_listed(servers, tmp_path):
    konomi = Secured(servers, tmp_path, "--cors-origins", "https://shop.example")
    preflight = konomi.http.options("/api/v1/orders", headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    other = konomi.ask("GET", "/api/v1/status", konomi.keys["read"],
                       headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_without_keys_only_this_machine_is_answered(servers, tmp_path):
    konomi = servers.start()
    assert konomi.http.get("/api/v1/status").status_code == 200
    rebound = konomi.http.get("/api/v1/status", headers={"Host": "evil.example"})
    assert rebound.status_code == 403
    assert "allowed_hosts" in rebound.text
    foreign = konomi.http.post("/api/v1/orders", json=order("u1"),
                               headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    refused = run_konomi("serve", "--listen", "0.0.0.0:0", "--data-dir", tmp_path / "d",
                         check=False)
    assert refused.returncode == 2
    assert "konomi keys create" in refused.stderr


def test_tls_with_a_certificate_that_is_renewed(servers, tmp_path):
    make_certificate(tmp_path, "first")
    make_certificate(tmp_path, "second")
    for end in ("pem", "key"):
        (tmp_path / f"first.{end}").rename(tmp_path / f"server.{end}")
    keys_file = tmp_path / "keys.toml"
    key = make_key(keys_file, "ingest,read,export,admin")
    server = servers.make("--keys-file", keys_file, "--tls-cert-file", tmp_path / "server.pem",
                          "--tls-key-file", tmp_path / "server.key")
    url = f"https://127.0.0.1:{server.port}"

    def trusting(certificate):
        return httpx.Client(base_url=url, headers=bearer(key),
                            verify=ssl.create_default_context(cafile=certificate))

    first = trusting(tmp_path / "server.pem")
    server.launch()
    wait_for(lambda: first.get("/readyz").status_code == 200, "TLS is served")
    assert first.get("/livez").headers["strict-transport-security"].startswith("max-age=")
    environment = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "server.pem"),
                   "KONOMI_API_KEY": key}
    orders = tmp_path / "orders.ndjson"
    orders.write_text("".join(json.dumps(order(f"u{i}")) + "\n" for i in range(500)))
    run_konomi("import", orders, "--url", url, "--wait", env=environment)
    assert first.get("/api/v1/days/2025-05-31").json()["orders"] == 500
    run_konomi("verify", "--url", url, env=environment)
    untrusted = run_konomi("verify", "--url", url, check=False,
                           env={**environment, "SSL_CERT_FILE": str(tmp_path / "second.pem")})
    assert "SSL_CERT_FILE" in untrusted.stderr

    second = trusting(tmp_path / "second.pem")
    with pytest.raises(httpx.ConnectError):
        second.get("/livez")
    for end in ("key", "pem"):
        (tmp_path / f"second.{end}").rename(tmp_path / f"server.{end}")
    wait_for(lambda: second.get("/livez").status_code == 200, "the renewed certificate")
    assert first.get("/livez").status_code == 200, "what was connected stays so"


def test_the_audit_log_says_who_changed_what(secured):
    admin = secured.keys["admin"]
    secured.ask("PUT", "/api/v1/menu_types", admin, json={"menu_types": [{"menu_type": "washoku"}]})
    secured.ask("GET", "/api/v1/export/days", secured.keys["export"])
    run_konomi("keys", "create", "--keys-file", secured.keys_file, "--audit-file",
               secured.audit_file, "--name", "later", "--scopes", "read")
    actions = [event["action"] for event in secured.audited()]
    assert "PUT /api/v1/menu_types" in actions
    assert "GET /api/v1/export/{kind}" in actions
    assert "keys create" in actions
    assert all("time" in event for event in secured.audited())


def test_security_md_names_tests_that_exist():
    text = (ROOT / "docs" / "security.md").read_text()
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*_test.cc"))
    own = (ROOT / "tests" / "e2e" / "test_security.py").read_text()
    for suite, name in re.findall(r"`(\w+)\.(\w+)`", text):
        if suite[0].isupper():
            assert re.search(rf"TEST(_F)?\(\s*{suite},\s*{name}\)", source), (suite, name)
    for name in re.findall(r"test_security\.py::(\w+)", text):
        assert f"def {name}(" in own, name
