"""The wire of the first version, row by row: its clients and its page work unchanged."""

import json

import pytest
from konomi_e2e import order

ORDER = {"user_id": "u1", "timestamp": "2025-05-31T00:00:00Z", "menu_type": "washoku"}
TYPE = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(module_servers):
    """One konomi for the requests that leave nothing behind."""
    return module_servers.start()


def post(server, body, content_type="application/json"):
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    headers = {} if content_type is None else {"Content-Type": content_type}
    return server.http.post("/api/log", content=content, headers=headers)


def assert_error(answer, status, *words):
    """{"error":"…"} and nothing else, with the words in it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"], body
    for word in words:
        assert word in body["error"], body


def without(field):
    return {name: value for name, value in ORDER.items() if name != field}


def counts(**by_type):
    return [{"menu_type": name, "count": count} for name, count in by_type.items()]


# --- POST /api/log -------------------------------------------------------------------------------

def test_a_valid_order_is_ok(konomi):
    answer = post(konomi, ORDER)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["status"] == "ok"


def test_an_acknowledged_order_is_counted(konomi):
    post(konomi, ORDER)
    konomi.wait_counted()
    assert konomi.get("/api/daily_order_summaries") == {
        "summaries": [{"date": "2025-05-31", "counts": counts(washoku=1, yoshoku=0)}]}


@pytest.mark.parametrize("content_type", [
    "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"])
def test_content_type_may_have_parameters(server, content_type):
    assert post(server, ORDER, content_type).status_code == 200


@pytest.mark.parametrize("timestamp", [
    "2025-05-31T09:00:00+09:00", "2025-05-30T14:00:00-10:00", "2025-05-31T05:45:00+05:45",
    "2025-05-31T00:00:00.1Z", "2025-05-31T00:00:00.123456789Z",
    "2025-05-31T00:00:00.123456789012345678901234567890+00:00"])
def test_any_offset_and_any_number_of_fraction_digits(server, timestamp):
    assert post(server, {**ORDER, "timestamp": timestamp}).status_code == 200


def test_unknown_fields_are_ignored(server):
    body = {"table": 4, "note": None, **ORDER, "items": [{"user_id": "other"}, 1.5e300, True]}
    assert post(server, body).status_code == 200


@pytest.mark.parametrize("body", [
    b"{", b"not json", b'{"user_id":"u1"', b"nul", b'"text"', b"1", b"null",
    json.dumps(ORDER).encode()[:-1] + b",}"])
def test_malformed_json_is_a_400(server, body):
    assert_error(post(server, body), 400)


@pytest.mark.parametrize("body", [b"[]", json.dumps([ORDER]).encode()])
def test_an_array_is_a_400(server, body):
    assert_error(post(server, body), 400)


@pytest.mark.parametrize("field", ["user_id", "timestamp", "menu_type"])
@pytest.mark.parametrize("value", [1, True, None, ["a"], {"a": 1}])
def test_a_field_of_the_wrong_type_is_a_400(server, field, value):
    assert_error(post(server, {**ORDER, field: value}), 400, field)


@pytest.mark.parametrize("timestamp", [
    "yesterday", "2025-05-31", "2025-05-31 00:00", "2025-05-31T00:00:00", "1748649600",
    "2025-05-31T24:00:00Z", "2025-05-31T00:60:00Z", "2025-05-31T00:00:00+25:00",
    "2025-02-29T00:00:00Z", "2025-04-31T00:00:00Z", "2025-13-01T00:00:00Z"])
def test_no_rfc_3339_time_or_no_real_date_is_a_400(server, timestamp):
    assert_error(post(server, {**ORDER, "timestamp": timestamp}), 400, "timestamp", timestamp)


@pytest.mark.parametrize("content_type", [
    None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_content_type_is_a_415(server, content_type):
    assert_error(post(server, ORDER, content_type), 415)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_methods_are_a_405(server, method):
    answer = server.http.request(method, "/api/log")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert answer.json() == {"message": "Method Not Allowed"}


def test_options_names_the_methods(server):
    answer = server.http.options("/api/log")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert answer.content == b""


@pytest.mark.parametrize("method, path", [
    ("GET", "/api/logs"), ("POST", "/api/logs"), ("POST", "/api/log/"), ("GET", "/api/"),
    ("GET", "/nothing"), ("GET", "/nothing.txt")])
def test_an_unknown_path_is_a_404(server, method, path):
    answer = server.http.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"message": "Not Found"}


@pytest.mark.parametrize("field", ["user_id", "timestamp", "menu_type"])
def test_a_missing_field_is_a_400_that_names_it(server, field):
    assert_error(post(server, without(field)), 400, field)


@pytest.mark.parametrize("field", ["user_id", "timestamp", "menu_type"])
def test_an_empty_field_is_a_400_that_names_it(server, field):
    assert_error(post(server, {**ORDER, field: ""}), 400, field)


def test_an_empty_body_is_a_400(server):
    assert_error(post(server, b""), 400)


@pytest.mark.parametrize("rest", [b"x", b"{}", b" 1", json.dumps(ORDER).encode()])
def test_text_behind_the_order_is_a_400(server, rest):
    assert_error(post(server, json.dumps(ORDER).encode() + rest), 400)


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
                                       "2999-01-01T00:00:00Z"])
def test_a_time_no_order_can_have_is_a_400_that_names_it(server, timestamp):
    assert_error(post(server, {**ORDER, "timestamp": timestamp}), 400, "timestamp", timestamp)


@pytest.mark.parametrize("user_id", ["a,b", 'say "hi"', "it's", 'a,"b",c', "日本 太郎", "a/b?c"])
def test_a_user_id_with_a_comma_or_a_quote_is_counted_right(konomi, user_id):
    assert post(konomi, {**ORDER, "user_id": user_id}).status_code == 200
    konomi.wait_counted()
    assert konomi.get("/api/user_segments") == {"segments": [
        {"menu_type": "washoku", "count": 1, "user_ids": [user_id]},
        {"menu_type": "yoshoku", "count": 0, "user_ids": []}]}


@pytest.mark.parametrize("user_id", ["a\nb", "a\rb", "a\tb", "a\u0000b", "a\u001bb", "a\u007fb"])
def test_a_user_id_with_a_control_character_is_a_400(server, user_id):
    assert_error(post(server, {**ORDER, "user_id": user_id}), 400, "user_id")


def test_another_menu_type_is_counted_under_its_own_name(konomi):
    assert post(konomi, {**ORDER, "menu_type": "chuka"}).status_code == 200
    konomi.wait_counted()
    assert konomi.get("/api/daily_order_summaries", date="2025-05-31") == {
        "summaries": [{"date": "2025-05-31", "counts": counts(washoku=0, yoshoku=0, chuka=1)}]}
    assert konomi.get("/api/user_segments")["segments"][2] == {
        "menu_type": "chuka", "count": 1, "user_ids": ["u1"]}


# --- GET /api/daily_order_summaries --------------------------------------------------------------

@pytest.fixture(scope="module")
def three_days(module_servers):
    """Ten and nine orders on one day, and one on each of its neighbours."""
    server = module_servers.start()
    orders = [order(f"w{n}", "washoku", f"2025-05-31T12:00:{n:02}+09:00") for n in range(10)]
    orders += [order(f"y{n}", "yoshoku", f"2025-05-31T13:00:{n:02}+09:00") for n in range(9)]
    orders += [order("w1", "washoku", "2025-05-30T23:59:59.999+09:00"),
               order("y1", "yoshoku", "2025-06-01T00:00:00+09:00")]
    server.post_orders(orders)
    server.wait_counted()
    return server


def test_a_days_summary_is_written_as_the_first_version_wrote_it(three_days):
    answer = three_days.http.get("/api/daily_order_summaries?date=2025-05-31")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text.strip() == (
        '{"summaries":[{"date":"2025-05-31","counts":[{"menu_type":"washoku","count":10},'
        '{"menu_type":"yoshoku","count":9}]}]}')


@pytest.mark.parametrize("query", ["", "?date="])
def test_without_a_date_every_day_is_listed_newest_first(three_days, query):
    answer = three_days.http.get("/api/daily_order_summaries" + query)
    assert answer.json() == {"summaries": [
        {"date": "2025-06-01", "counts": counts(washoku=0, yoshoku=1)},
        {"date": "2025-05-31", "counts": counts(washoku=10, yoshoku=9)},
        {"date": "2025-05-30", "counts": counts(washoku=1, yoshoku=0)}]}


def test_a_day_without_orders_is_null(three_days):
    answer = three_days.http.get("/api/daily_order_summaries?date=2025-05-29")
    assert (answer.status_code, answer.text.strip()) == (200, '{"summaries":null}')


def test_no_days_at_all_are_null(konomi):
    answer = konomi.http.get("/api/daily_order_summaries")
    assert (answer.status_code, answer.text.strip()) == (200, '{"summaries":null}')


@pytest.mark.parametrize("date", ["yesterday", "2025-5-31", "2025-02-30", "20250531",
                                  "2025-05-31T00:00:00Z", "2025-05-31x"])
def test_a_bad_date_is_a_400_in_the_same_shape(three_days, date):
    assert_error(three_days.http.get("/api/daily_order_summaries", params={"date": date}), 400,
                 date)


def test_every_type_of_the_catalogue_has_its_entry_in_catalogue_order(konomi):
    konomi.post_orders([order("a", "zoni", "2025-05-30T12:00:00+09:00"),
                        order("b", "Zoni", "2025-05-31T12:00:00+09:00"),
                        order("c", "chuka", "2025-05-31T12:00:00+09:00")])
    konomi.wait_counted()
    expected = ["washoku", "yoshoku", "Zoni", "chuka", "zoni"]
    for summary in konomi.get("/api/daily_order_summaries")["summaries"]:
        assert [entry["menu_type"] for entry in summary["counts"]] == expected
    segments = konomi.get("/api/user_segments")["segments"]
    assert [segment["menu_type"] for segment in segments] == expected


# --- GET /api/user_segments ----------------------------------------------------------------------

def test_segments_are_written_as_the_first_version_wrote_them(konomi):
    konomi.post_orders([order("u16"), order("u15"), order("U2"), order("é")])
    konomi.wait_counted()
    answer = konomi.http.get("/api/user_segments")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    segments = answer.json()["segments"]
    assert segments[0] == {"menu_type": "washoku", "count": 4,
                           "user_ids": ["U2", "u15", "u16", "é"]}
    assert segments[1] == {"menu_type": "yoshoku", "count": 0, "user_ids": []}
    assert len(segments) == 2


def test_empty_segments_are_empty_lists(konomi):
    answer = konomi.http.get("/api/user_segments")
    assert answer.json() == {"segments": [
        {"menu_type": "washoku", "count": 0, "user_ids": []},
        {"menu_type": "yoshoku", "count": 0, "user_ids": []}]}


# --- Both ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/api/daily_order_summaries", "/api/user_segments"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_on_the_figures_are_a_405(server, path, method):
    answer = server.http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "OPTIONS, GET"
    assert answer.json() == {"message": "Method Not Allowed"}


@pytest.mark.parametrize("path", ["/api/daily_order_summaries", "/api/user_segments"])
def test_options_on_the_figures_names_the_methods(server, path):
    answer = server.http.options(path)
    assert answer.status_code == 204
    assert answer.headers["allow"] == "OPTIONS, GET"


@pytest.mark.parametrize("path", ["/api/daily_order_summaries/", "/api/user_segments/washoku"])
def test_what_lies_below_the_figures_is_a_404(server, path):
    answer = server.http.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"message": "Not Found"}
