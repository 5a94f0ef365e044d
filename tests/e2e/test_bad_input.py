"""Bytes no till would send: a clear refusal or a closed connection, flat memory; it lives on."""

import contextlib
import gzip
import json
import random
import re
import socket

import pytest
from konomi_e2e import ndjson, order, raise_open_files, read_answer, wait_for

MIB = 1 << 20
IDLE_CONNECTIONS = 10_000
# A connection that does nothing may cost this much of the server's memory.
IDLE_KIB_MAX = 24
# What a refused request may leave behind: allocators keep some of what they had.
LEFT_BEHIND_KIB_MAX = 64 * 1024

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}


@pytest.fixture(scope="module")
def server(module_servers):
    return module_servers.start("--http-idle-timeout", "2s", "--http-request-timeout", "3s")


@pytest.fixture(autouse=True)
def still_serves(request):
    """After every test the service answers and counts."""
    server = request.getfixturevalue("server")
    yield
    assert server.process.poll() is None, server.log_text()[-2000:]
    assert server.http.get("/livez").status_code == 200
    name = f"after {request.node.name}"
    server.post_orders([order(name[:200])])


def refused(answer, *statuses):
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"]
    return body


def post(server, content, headers, path="/api/v1/orders"):
    return server.http.post(path, content=content, headers=headers)


def head(*lines):
    return "\r\n".join([*lines, "", ""]).encode()


# --- Bodies --------------------------------------------------------------------------------------

@pytest.mark.parametrize("field, value", [
    ("user_id", 7), ("user_id", None), ("user_id", ["u"]), ("user_id", {}), ("ordered_at", 1e9),
    ("ordered_at", False), ("menu_type", 3.5), ("menu_type", []), ("status", 1), ("order_id", 9)])
def test_wrong_types_are_a_400_that_names_the_field(server, field, value):
    body = refused(post(server, json.dumps(order("u") | {field: value}).encode(), JSON), 400)
    assert [error["pointer"] for error in body["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("path", ["/api/log", "/api/v1/orders"])
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"[{"])
def test_ten_megabytes_of_open_brackets_are_a_400(server, path, opening):
    before = server.rss_kib()
    body = (opening * (10 * MIB))[:10 * MIB]
    for _ in range(3):
        answer = post(server, body, JSON, path)
        assert answer.status_code in (400, 413), answer.text[:300]
    assert server.rss_kib() - before < LEFT_BEHIND_KIB_MAX


def test_ten_megabytes_of_open_brackets_as_ndjson_are_refused(server):
    refused(post(server, b"[" * (10 * MIB), NDJSON), 400, 413)
    refused(post(server, b"[\n" * MIB, NDJSON), 400, 413)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80",
                                 b"\xf4\x90\x80\x80", b"ok\x80"])
def test_broken_utf_8_is_a_400(server, bad):
    body = json.dumps(order("MARK")).encode().replace(b"MARK", bad)
    refused(post(server, body, JSON), 400)
    assert post(server, body.replace(b"ordered_at", b"timestamp"), JSON,
                "/api/log").status_code == 400


def test_broken_utf_8_on_one_line_leaves_the_other_lines_alone(server):
    lines = ndjson([order("one"), order("MARK"), order("three")]).replace(b"MARK", b"\xff\xfe")
    answer = post(server, lines, NDJSON)
    assert answer.status_code == 202, answer.text
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (2, 1)
    assert answer.json()["results"][0]["index"] == 1


def broken_gzips():
    whole = gzip.compress(ndjson([order("u")] * 50))
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 0xFF
    checksum = whole[:-8] + bytes(8)
    return {"no_gzip": b"hello", "cut": whole[:len(whole) // 2], "flipped": bytes(flipped),
            "wrong_checksum": checksum, "empty": b"", "only_header": whole[:10],
            "rubbish_behind": whole + b"rubbish"}


@pytest.mark.parametrize("body", broken_gzips().values(), ids=broken_gzips().keys())
def test_broken_gzip_is_a_400_and_nothing_of_it_is_taken(server, body):
    end = server.status()["log"]["end"]
    refused(post(server, body, NDJSON | GZIP), 400)
    assert server.status()["log"]["end"] == end


@pytest.mark.parametrize("fill", [b" ", b"[", b"0", b"\n"])
def test_a_gzip_bomb_is_a_413_before_it_is_unpacked(server, fill):
    bomb = gzip.compress(fill * (512 * MIB), compresslevel=9)
    assert len(bomb) < MIB
    before = server.rss_kib()
    for _ in range(3):
        refused(post(server, bomb, JSON | GZIP), 413)
    assert server.rss_kib() - before < LEFT_BEHIND_KIB_MAX


def test_a_bomb_in_a_bomb_is_one_layer(server):
    inner = gzip.compress(b" " * (64 * MIB))
    refused(post(server, gzip.compress(inner), JSON | GZIP), 400)


def test_another_encoding_is_a_415(server):
    refused(post(server, b"{}", JSON | {"Content-Encoding": "br"}), 415)


def test_a_body_over_the_bound_is_a_413(server):
    before = server.rss_kib()
    refused(post(server, b" " * (40 * MIB), JSON), 413)
    assert server.rss_kib() - before < LEFT_BEHIND_KIB_MAX


def test_an_announced_huge_body_is_refused_without_waiting_for_it(server):
    answer = server.raw(head("POST /api/v1/orders HTTP/1.1", "Host: 127.0.0.1",
                             "Content-Type: application/json",
                             "Content-Length: 99999999999999"))
    assert answer.status == 413


def test_an_endless_chunked_body_is_cut(server):
    before = server.rss_kib()
    with server.connect() as connection:
        connection.sendall(head("POST /api/v1/orders HTTP/1.1", "Host: 127.0.0.1",
                                "Content-Type: application/x-ndjson",
                                "Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            for _ in range(2000):
                connection.sendall(chunk)
            raise AssertionError("125 MB of a body were taken")
        assert read_answer(connection).status in (413, None)
    assert server.rss_kib() - before < LEFT_BEHIND_KIB_MAX


# --- Requests ------------------------------------------------------------------------------------

def test_a_header_of_a_megabyte_is_a_431(server):
    answer = server.raw(head("GET /livez HTTP/1.1", "Host: 127.0.0.1", "X-Big: " + "x" * MIB))
    assert answer.status in (400, 431) or (answer.status is None and answer.closed)


def test_a_hundred_thousand_headers_are_refused(server):
    answer = server.raw(head("GET /livez HTTP/1.1", "Host: 127.0.0.1",
                             *(f"X-{n}: y" for n in range(100_000))))
    assert answer.status in (400, 431) or (answer.status is None and answer.closed)


def test_a_path_of_a_megabyte_is_refused(server):
    answer = server.raw(head(f"GET /{'x' * MIB} HTTP/1.1", "Host: 127.0.0.1"))
    assert answer.status in (400, 414, 431) or (answer.status is None and answer.closed)


@pytest.mark.parametrize("request_bytes", [
    b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", b"\0" * 4096,
    b"POST /api/log HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/log HTTP/1.1\r\nHost: 127.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST /api/log HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost : k\r\n\r\n"],
    ids=["words", "tls", "no_target", "version", "zeros", "negative_length", "two_lengths",
         "bad_chunk", "bad_escape", "space_in_name"])
def test_what_is_no_http_is_refused_or_closed(server, request_bytes):
    answer = server.raw(request_bytes)
    if answer.status is None:
        assert answer.closed
    else:
        assert 400 <= answer.status < 500 or answer.status == 505


BODY_ROUTES = [("POST", "/api/log"), ("POST", "/api/v1/orders"), ("PUT", "/api/v1/menu_types"),
               ("POST", "/api/v1/dead_letters/replay"), ("POST", "/api/v1/dead_letters/discard"),
               ("POST", "/api/v1/erasures")]


@pytest.mark.parametrize("media_type", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "*/*",
    "application/jsonx", "application", "json", "application/json/x", "\x7f", "\xff"])
@pytest.mark.parametrize("method, path", BODY_ROUTES)
def test_another_content_type_is_a_415(server, method, path, media_type):
    """What a form of another site can send gets nowhere."""
    answer = server.http.request(method, path, content=b"{}",
                                 headers={"Content-Type": media_type.encode("latin-1")})
    # Beast takes no control characters in a header.
    assert answer.status_code == (400 if media_type == "\x7f" else 415), answer.text


@pytest.mark.parametrize("path", [
    "/api/v1/days?from=99999-01-01", "/api/v1/days?from=2025-05-31%00",
    "/api/v1/days/2025-05-31%0d%0aX-Injected:%20yes", "/api/v1/days/9999999999-01-01",
    "/api/v1/dead_letters?limit=99999999999999999999", "/api/v1/dead_letters?limit=-1",
    "/api/v1/dead_letters?limit=1e2", "/api/v1/dead_letters?limit=%31%30%20",
    "/api/v1/dead_letters?since=9999-12-31T23:59:60-23:60",
    "/api/v1/segments/washoku/users?min_orders=9223372036854775808",
    "/api/v1/segments/washoku/users?min_confidence=1e400",
    "/api/v1/segments/washoku/users?min_confidence=nan",
    "/api/v1/segments/washoku/users?cursor=" + "A" * 4000])
def test_an_absurd_value_is_a_400_that_names_it(server, path):
    answer = server.http.get(path)
    body = refused(answer, 400)
    assert re.search("date|limit|time|min_orders|min_confidence|cursor", body["detail"])
    assert "x-injected" not in answer.headers


@pytest.mark.parametrize("path", [
    "/api/v1/users/%00", "/api/v1/users/%ff%fe", "/api/v1/users/" + "%41" * 3000,
    "/api/v1/users/..%2f..%2fetc", "/api/v1/dead_letters/18446744073709551616-0",
    "/api/v1/dead_letters/-1--1", "/api/v1/dead_letters/0-%30%00", "/api/v1/export/%2e%2e",
    "/api/v1/segments/%c0%af/users", "/api/v1/segments//users"])
def test_a_name_of_nothing_is_a_404(server, path):
    answer = server.raw(head(f"GET {path} HTTP/1.1", "Host: 127.0.0.1"))
    assert answer.status == 404, answer.data[:300]
    json.loads(answer.data.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("path", ["/api/v1/../v1/status", "/api/v1/./status", "//api/v1/status",
                                  "/api/v1/status/", "/api/v1/status/..", "/api//v1/status"])
def test_paths_are_not_rewritten(server, path):
    """A proxy that guards a path by its text must not be led round it."""
    answer = server.raw(head(f"GET {path} HTTP/1.1", "Host: 127.0.0.1"))
    assert answer.status in (200, 404)
    assert b'"engine"' not in answer.data


@pytest.mark.parametrize("headers", [
    ("Content-Encoding: gzip", "Content-Encoding: gzip"), ("Content-Encoding: gzip, gzip",),
    ("Content-Encoding: deflate",), ("Transfer-Encoding: gzip",), ("Expect: the-unexpected",),
    ("Host: evil.example",), ("Content-Length: 2",), ("Content-Length: 0",)],
    ids=lambda headers: ", ".join(headers))
def test_headers_that_contradict_are_refused(server, headers):
    answer = server.raw(head("POST /api/log HTTP/1.1", "Host: 127.0.0.1",
                             "Content-Type: application/json", "Content-Length: 3", *headers)
                        + b"{} ")
    assert answer.status in (400, 415, 417, 501), answer.data[:200]
    assert answer.closed or b"Connection: close" in answer.data


def test_a_body_with_two_lengths_does_not_smuggle_a_request(server):
    smuggled = b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = server.raw(head("POST /api/log HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 0",
                             "Transfer-Encoding: chunked") + b"0\r\n\r\n" + smuggled)
    assert b'"engine"' not in answer.data
    assert answer.status is None or 400 <= answer.status < 500


def half_requests():
    whole = head("POST /api/v1/orders HTTP/1.1", "Host: 127.1", "Content-Type: application/json",
                 "Content-Length: 100")
    return {"nothing": b"", "a_word": whole[:5], "half_a_head": whole[:40],
            "a_head": whole, "half_a_body": whole + b'{"user_id":'}


def test_half_a_request_and_then_silence_is_closed(server):
    """All at once: a server that waits for the first one only is found out as well."""
    with contextlib.ExitStack() as stack:
        connections = {name: stack.enter_context(server.connect(timeout_s=90))
                       for name in half_requests()}
        for name, data in half_requests().items():
            connections[name].sendall(data)
        for name, connection in connections.items():
            answer = read_answer(connection)
            if not answer.closed:  # A 408 that then closes.
                assert answer.status == 408, (name, answer.data[:200])
                assert connection.recv(1) == b"", name


def test_a_reader_that_reads_nothing_holds_no_memory(module_servers, server):
    """Pipelines requests and never reads: the server must stop taking them."""
    before = server.rss_kib()
    request = head("GET /api/v1/status HTTP/1.1", "Host: 127.0.0.1")
    with server.connect() as connection:
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(200):
                connection.sendall(request * 2000)
            raise AssertionError("400 000 requests were taken without a reader")
    assert server.rss_kib() - before < LEFT_BEHIND_KIB_MAX


def test_random_bytes_kill_nothing(server):
    chance = random.Random(11)
    start = head("POST /api/v1/orders HTTP/1.1", "Host: 127.1", "Content-Type: application/json",
                 "Content-Length: 400")
    whole = start + json.dumps(order("u" * 300)).encode()
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with server.connect(timeout_s=10) as connection:
            connection.sendall(bytes(damaged))
            connection.shutdown(socket.SHUT_WR)
            read_answer(connection)


# --- Connections ---------------------------------------------------------------------------------

def test_ten_thousand_idle_connections_cost_little(servers, server):
    limit = raise_open_files(2 * IDLE_CONNECTIONS + 1000)
    # One of ours and one of the server's for each, where both have this limit.
    count = min(IDLE_CONNECTIONS, limit - 500)
    if count < IDLE_CONNECTIONS:
        print(f"note: {limit} open files are allowed, so only {count} connections are opened")
    other = servers.start("--http-connections-max", 2 * IDLE_CONNECTIONS, "--http-idle-timeout",
                          "10m")
    before = other.rss_kib()
    request = head("GET /livez HTTP/1.1", "Host: 127.0.0.1")
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connections.append(stack.enter_context(other.connect()))
        # Half of them have had an answer once.
        for connection in connections[::2]:
            connection.sendall(request)
            assert read_answer(connection).status == 200
        grown = other.rss_kib() - before
        print(f"{count} idle connections: {grown} KiB, {grown / count:.1f} KiB each")
        assert grown < count * IDLE_KIB_MAX
        other.post_orders([order("beside the idle ones")])
        other.wait_counted()
    assert other.stop() == 0


def test_a_burst_of_probes_is_answered_however_busy_the_workers_are(servers, server):
    """Who restarts what does not answer its probe must not be told that it is dead."""
    other = servers.start()
    request = head("GET /livez HTTP/1.1", "Host: 127.0.0.1")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(other.connect()) for _ in range(2000)]
        for connection in connections:
            connection.sendall(request)
        answers = [read_answer(connection).status for connection in connections]
    assert set(answers) == {200}


def test_more_connections_than_allowed_are_turned_away(servers, server):
    other = servers.start("--http-connections-max", "50")
    request = head("GET /livez HTTP/1.1", "Host: 127.0.0.1")
    with contextlib.ExitStack() as stack:
        answers = []
        for _ in range(80):
            connection = stack.enter_context(other.connect())
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
            answers.append(read_answer(connection))
        served = [answer for answer in answers if answer.status == 200]
        turned_away = [answer for answer in answers if answer.status != 200]
        assert 40 <= len(served) <= 50
        assert all(answer.status == 503 or answer.closed for answer in turned_away)
    wait_for(lambda: other.http.get("/livez").status_code == 200, "it serves again")
