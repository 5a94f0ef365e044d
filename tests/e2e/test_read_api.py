"""The GETs of v1: shapes, pages, filters, CSV, and how they refuse."""

import csv
import datetime
import io
import json

import pytest
from konomi_e2e import order, quoted

DAY_FIELDS = ["date", "state", "revision", "computed_at", "counted_up_to", "orders", "users",
              "counts", "hours"]
PREFERENCE_FIELDS = ["user_id", "menu_type", "orders", "total_orders", "share", "runner_up",
                     "runner_up_orders", "tied", "since", "confidence", "last_ordered_at"]
STATES = ("open", "preliminary", "final", "revised")


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"] and body["title"] and body["detail"]
    return body


def is_instant(text):
    parsed = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return len(text) == 24 and parsed.year >= 1970


@pytest.fixture(scope="module")
def empty(module_servers):
    return module_servers.start()


@pytest.fixture(scope="module")
def small(module_servers):
    """Five guests over four days, with a tie, a change of mind and an awkward name."""
    server = module_servers.start()
    server.post_orders([
        order("ann", "washoku", "2025-05-01T12:00:00+09:00", order_id="a1"),
        order("ann", "washoku", "2025-05-02T12:30:00+09:00", order_id="a2"),
        order("ann", "chuka", "2025-05-03T18:00:00+09:00", order_id="a3"),
        order("bob", "yoshoku", "2025-05-01T09:00:00+09:00", order_id="b1"),
        order("bob", "chuka", "2025-05-04T10:00:00+09:00", order_id="b2"),
        order("cid", "washoku", "2025-05-02T00:00:00+09:00", order_id="c1"),
        order("cid", "yoshoku", "2025-05-03T12:00:00+09:00", order_id="c2"),
        order("cid", "yoshoku", "2025-05-04T12:00:00+09:00", order_id="c3"),
        order('d,"d"/e', "Americano with Milk", "2025-05-04T23:59:59.999+09:00", order_id="d1"),
        order("梅", "washoku", "2025-05-04T12:00:00+09:00", order_id="e1"),
    ])
    server.wait_counted()
    return server


# --- Days ----------------------------------------------------------------------------------------

def test_days_are_ascending_and_complete(small):
    answer = small.get("/api/v1/days", **{"from": "2025-04-01", "to": "2025-05-31"})
    assert (answer["from"], answer["to"]) == ("2025-04-01", "2025-05-31")
    assert [(day["date"], day["orders"], day["users"]) for day in answer["days"]] == [
        ("2025-05-01", 2, 2), ("2025-05-02", 2, 2), ("2025-05-03", 2, 2), ("2025-05-04", 4, 4)]
    for day in answer["days"]:
        assert list(day) == DAY_FIELDS
        assert day["state"] in STATES and day["revision"] == 0
        assert is_instant(day["computed_at"])
        assert 0 < day["counted_up_to"] <= 10
        assert len(day["hours"]) == 24 and sum(day["hours"]) == day["orders"]
        assert [entry["menu_type"] for entry in day["counts"]] == [
            "washoku", "yoshoku", "Americano with Milk", "chuka"]
        assert sum(entry["count"] for entry in day["counts"]) == day["orders"]


def test_a_range_is_inclusive(small):
    answer = small.get("/api/v1/days", **{"from": "2025-05-02", "to": "2025-05-03"})
    assert [day["date"] for day in answer["days"]] == ["2025-05-02", "2025-05-03"]


def test_without_a_range_the_last_day_and_thirty_before_it(small):
    answer = small.get("/api/v1/days")
    assert (answer["from"], answer["to"]) == ("2025-04-04", "2025-05-04")
    assert len(answer["days"]) == 4


def test_a_range_without_orders_is_empty(small):
    assert small.get("/api/v1/days", **{"from": "2024-01-01", "to": "2024-12-31"})["days"] == []


@pytest.mark.parametrize("query", ["from=x", "to=2025-02-30", "from=2025-05-02&to=2025-05-01",
                                   "from=1990-01-01&to=2025-01-01", "from=20250501"])
def test_a_bad_range_is_a_400(small, query):
    problem(small.http.get("/api/v1/days?" + query), 400)


def test_a_day_holds_hours_by_type(small):
    day = small.get("/api/v1/days/2025-05-04")
    assert [(entry["menu_type"], entry["count"]) for entry in day["counts"]] == [
        ("washoku", 1), ("yoshoku", 1), ("Americano with Milk", 1), ("chuka", 1)]
    hours = {entry["menu_type"]: [hour for hour, count in enumerate(entry["hours"]) if count]
             for entry in day["counts"]}
    assert hours == {"washoku": [12], "yoshoku": [12], "Americano with Milk": [23], "chuka": [10]}


def test_a_day_without_figures_is_a_404(small):
    problem(small.http.get("/api/v1/days/2025-05-05"), 404)


@pytest.mark.parametrize("date", ["today", "2025-02-30", "2025-5-1", "2025-05-04x"])
def test_a_bad_date_is_a_400(small, date):
    problem(small.http.get(f"/api/v1/days/{date}"), 400)


def test_a_past_day_is_final_or_waits_for_late_orders(small):
    # All was stored long after these days and their allowance had ended.
    assert {day["state"] for day in small.days()} == {"final"}


def test_the_running_day_is_open(konomi):
    now = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=9)))
    konomi.post_orders([order("u1", ordered_at=now.isoformat(timespec="milliseconds"))])
    konomi.wait_counted()
    days = konomi.get("/api/v1/days")["days"]
    assert [(day["state"], day["orders"]) for day in days] == [("open", 1)]


# --- Segments ------------------------------------------------------------------------------------

def test_segments_have_sizes_and_shares(small):
    answer = small.get("/api/v1/segments")
    assert [(entry["menu_type"], entry["users"], entry["share"])
            for entry in answer["segments"]] == [
        ("washoku", 2, 0.4), ("yoshoku", 1, 0.2), ("Americano with Milk", 1, 0.2),
        ("chuka", 1, 0.2)]
    assert (answer["users"], answer["undecided"], answer["day"]) == (5, 0, "2025-05-04")
    assert is_instant(answer["computed_at"])


def test_empty_segments_are_zeros(empty):
    answer = empty.get("/api/v1/segments")
    assert [(entry["menu_type"], entry["users"], entry["share"])
            for entry in answer["segments"]] == [("washoku", 0, 0), ("yoshoku", 0, 0)]
    assert (answer["users"], answer["day"], answer["computed_at"]) == (0, None, None)


def test_a_segments_users_carry_their_evidence(small):
    answer = small.get("/api/v1/segments/washoku/users")
    assert answer["menu_type"] == "washoku" and answer["next_cursor"] is None
    assert [user["user_id"] for user in answer["users"]] == ["ann", "梅"]
    ann = answer["users"][0]
    assert list(ann) == PREFERENCE_FIELDS
    assert 0.5 < ann["confidence"] < 1
    assert ann == {**ann, "menu_type": "washoku", "orders": 2, "total_orders": 3, "share": 0.6667,
                   "runner_up": "chuka", "runner_up_orders": 1, "tied": False,
                   "since": "2025-05-01", "last_ordered_at": "2025-05-03T09:00:00.000Z"}


def test_a_tie_goes_to_the_latest_order(small):
    bob = small.get("/api/v1/users/bob")["preference"]
    assert bob == {**bob, "menu_type": "chuka", "orders": 1, "total_orders": 2, "share": 0.5,
                   "runner_up": "yoshoku", "runner_up_orders": 1, "tied": True,
                   "since": "2025-05-04", "confidence": 0.5}


def pages(server, menu_type, **parameters):
    cursor, found = None, []
    while True:
        page = server.get(f"/api/v1/segments/{quoted(menu_type)}/users",
                          **({"cursor": cursor} if cursor else {}), **parameters)
        assert len(page["users"]) <= parameters.get("limit", 100)
        found += page["users"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
        assert page["users"], "an empty page that says there is more"


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_pages_hold_every_user_once_and_in_order(tokyo, limit):
    menu_type = "washoku" if limit > 1 else "ethnic"
    users = [user["user_id"] for user in pages(tokyo, menu_type, limit=limit)]
    size = {entry["menu_type"]: entry["users"]
            for entry in tokyo.get("/api/v1/segments")["segments"]}[menu_type]
    assert len(users) == size
    assert users == sorted(set(users), key=str.encode)


def test_filters_keep_who_matches(tokyo):
    everyone = pages(tokyo, "cafe", limit=1000)
    for parameters, keeps in (
            ({"min_orders": 5}, lambda user: user["orders"] >= 5),
            ({"min_confidence": 0.9}, lambda user: user["confidence"] >= 0.9),
            ({"ordered_since": "2013-02-01"},
             lambda user: user["last_ordered_at"] >= "2013-01-31T15:00:00.000Z"),
            ({"min_orders": 3, "min_confidence": 0.8},
             lambda user: user["orders"] >= 3 and user["confidence"] >= 0.8)):
        expected = [user for user in everyone if keeps(user)]
        assert 0 < len(expected) < len(everyone), parameters
        assert pages(tokyo, "cafe", limit=10, **parameters) == expected, parameters
        rows = list(csv.DictReader(io.StringIO(tokyo.segment_csv("cafe", **parameters))))
        assert [row["user_id"] for row in rows] == [user["user_id"] for user in expected]


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "limit=x", "cursor=nonsense", "min_orders=-1", "min_orders=x",
    "min_confidence=2", "min_confidence=nan", "ordered_since=yesterday", "format=xml"])
def test_a_bad_parameter_is_a_400(small, query):
    problem(small.http.get("/api/v1/segments/washoku/users?" + query), 400)


def test_an_unknown_segment_is_a_404(small):
    problem(small.http.get("/api/v1/segments/nothing/users"), 404)
    problem(small.http.get("/api/v1/segments/nothing/users?format=csv"), 404)


def test_csv_holds_what_the_pages_hold(tokyo):
    text = tokyo.segment_csv("washoku")
    assert "\r" not in text and text.endswith("\n")
    assert text.split("\n", 1)[0] == ",".join(PREFERENCE_FIELDS)
    rows = list(csv.DictReader(io.StringIO(text)))
    users = pages(tokyo, "washoku", limit=1000)
    assert len(rows) == len(users)
    for row, user in zip(rows, users):
        for field in PREFERENCE_FIELDS:
            value = user[field]
            if isinstance(value, bool):
                assert row[field] == ("true" if value else "false"), row
            elif isinstance(value, (int, float)):
                assert float(row[field]) == value, (field, row)
            else:
                assert row[field] == (value or ""), (field, row)


@pytest.mark.parametrize("request_as", ["parameter", "header"])
def test_csv_is_an_attachment_and_quotes_what_needs_it(small, request_as):
    path = f"/api/v1/segments/{quoted('Americano with Milk')}/users"
    answer = (small.http.get(path, params={"format": "csv"}) if request_as == "parameter"
              else small.http.get(path, headers={"Accept": "text/csv"}))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="segment-') and disposition.isascii()
    assert disposition.endswith('.csv"')
    assert '\n"d,""d""/e",Americano with Milk,1,1,' in answer.text


# --- Users ---------------------------------------------------------------------------------------

def test_a_user_has_preference_counts_days_and_changes(small):
    cid = small.get("/api/v1/users/cid")
    assert list(cid) == ["user_id", "preference", "undecided", "counts", "days", "changes"]
    assert list(cid["preference"]) == PREFERENCE_FIELDS
    assert cid["preference"]["menu_type"] == "yoshoku"
    assert cid["counts"] == [
        {"menu_type": "yoshoku", "orders": 2, "last_ordered_at": "2025-05-04T03:00:00.000Z"},
        {"menu_type": "washoku", "orders": 1, "last_ordered_at": "2025-05-01T15:00:00.000Z"}]
    assert cid["days"] == [
        {"date": "2025-05-02", "counts": [{"menu_type": "washoku", "count": 1}]},
        {"date": "2025-05-03", "counts": [{"menu_type": "yoshoku", "count": 1}]},
        {"date": "2025-05-04", "counts": [{"menu_type": "yoshoku", "count": 1}]}]
    # On the 3rd both have one order, and the later one decides.
    assert cid["changes"] == [{"date": "2025-05-02", "from": None, "to": "washoku"},
                              {"date": "2025-05-03", "from": "washoku", "to": "yoshoku"}]


@pytest.mark.parametrize("user_id", ['d,"d"/e', "梅"])
def test_a_user_id_is_percent_encoded_in_the_path(small, user_id):
    assert small.get(f"/api/v1/users/{quoted(user_id)}")["user_id"] == user_id


def test_an_unknown_user_is_a_404(small):
    problem(small.http.get("/api/v1/users/nobody"), 404)
    problem(small.http.get("/api/v1/users/nobody/orders"), 404)


def test_a_users_orders_come_newest_day_first(small):
    answer = small.get("/api/v1/users/ann/orders")
    assert answer == {"user_id": "ann", "next_cursor": None, "orders": [
        {"order_id": "a3", "ordered_at": "2025-05-03T09:00:00.000Z", "menu_type": "chuka",
         "status": "placed", "date": "2025-05-03"},
        {"order_id": "a2", "ordered_at": "2025-05-02T03:30:00.000Z", "menu_type": "washoku",
         "status": "placed", "date": "2025-05-02"},
        {"order_id": "a1", "ordered_at": "2025-05-01T03:00:00.000Z", "menu_type": "washoku",
         "status": "placed", "date": "2025-05-01"}]}


def test_a_users_orders_come_in_pages(tokyo):
    whole = tokyo.get("/api/v1/users/tky753/orders", limit=1000)["orders"]
    assert len(whole) == 36
    found, cursor = [], None
    while True:
        page = tokyo.get("/api/v1/users/tky753/orders", limit=5,
                         **({"cursor": cursor} if cursor else {}))
        found += page["orders"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["orders"]) == 5
    assert found == whole


def test_with_too_few_orders_a_user_is_undecided(servers):
    server = servers.start("--min-orders", "2")
    server.post_orders([order("once"), order("twice"), order("twice", "chuka")])
    server.wait_counted()
    segments = server.get("/api/v1/segments")
    assert (segments["users"], segments["undecided"]) == (2, 1)
    assert sum(entry["users"] for entry in segments["segments"]) == 1
    once = server.get("/api/v1/users/once")
    assert (once["undecided"], once["preference"]) == (True, None)
    assert once["counts"][0]["orders"] == 1


# --- Menu types ----------------------------------------------------------------------------------

def test_the_catalogue_starts_with_two_types(empty):
    types = empty.get("/api/v1/menu_types")["menu_types"]
    assert [entry["menu_type"] for entry in types] == ["washoku", "yoshoku"]
    assert types[0]["labels"] == {"ja": "和食", "en": types[0]["labels"]["en"]}
    assert all(list(entry) == ["menu_type", "labels", "color", "position", "hidden"]
               for entry in types)


def test_menu_types_are_labelled_and_ordered(konomi):
    konomi.post_orders([order("u1", "chuka")])
    konomi.wait_counted()
    answer = konomi.http.put("/api/v1/menu_types", json={"menu_types": [
        {"menu_type": "chuka", "labels": {"ja": "中華", "en": "Chinese"}, "color": "#c0392b",
         "position": 0, "hidden": False},
        {"menu_type": "kissa", "labels": {"ja": "喫茶"}, "color": None, "position": None,
         "hidden": True}]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == konomi.get("/api/v1/menu_types")
    types = answer.json()["menu_types"]
    assert [entry["menu_type"] for entry in types] == ["chuka", "washoku", "yoshoku", "kissa"]
    assert types[0]["labels"]["ja"] == "中華" and types[3]["hidden"] is True
    konomi.stop()
    konomi.start()
    assert konomi.get("/api/v1/menu_types") == answer.json()
    # The order of the catalogue is the order of every list.
    assert [entry["menu_type"] for entry in konomi.get("/api/v1/segments")["segments"]] == [
        "chuka", "washoku", "yoshoku", "kissa"]


@pytest.mark.parametrize("body", [
    "x", "[]", "{}", '{"menu_types":[{"menu_type":""}]}', '{"menu_types":[{"labels":{}}]}',
    '{"menu_types":[{"menu_type":"a","color":"red; background:url(x)"}]}',
    '{"menu_types":[{"menu_type":"a","position":"first"}]}'])
def test_a_bad_catalogue_is_a_400(empty, body):
    before = empty.get("/api/v1/menu_types")
    problem(empty.http.put("/api/v1/menu_types", content=body.encode(),
                           headers={"Content-Type": "application/json"}), 400)
    assert empty.get("/api/v1/menu_types") == before


# --- Status and probes ---------------------------------------------------------------------------

def test_status_says_how_far_everything_is(small):
    status = small.status()
    assert status["engine"] == "embedded" and status["version"]
    assert (status["time_zone"], status["day_starts_at"]) == ("Asia/Tokyo", "00:00")
    assert is_instant(status["now"])
    datetime.date.fromisoformat(status["business_day"])
    assert status["log"] == {"end": 10, "stored_up_to": 10, "counted_up_to": 10, "lag_records": 0}
    assert (status["dirty_days"], status["dead_letters"], status["users"]) == (0, 0, 5)
    assert status["days"] == {"first": "2025-05-01", "last": "2025-05-04", "count": 4}
    assert is_instant(status["last_count"]["finished_at"])
    assert status["last_count"]["seconds"] >= 0


def test_status_of_nothing(empty):
    status = empty.status()
    assert status["log"] == {"end": 0, "stored_up_to": 0, "counted_up_to": 0, "lag_records": 0}
    assert status["days"] == {"first": None, "last": None, "count": 0}
    assert status["users"] == 0


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_are_ok(empty, path):
    answer = empty.http.get(path)
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["content-type"].startswith("text/plain")


def test_metrics_are_prometheus_text(small):
    answer = small.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    assert any(line.startswith("konomi_") for line in lines)
    for line in lines:
        float(line.rsplit(" ", 1)[1])


def test_openapi_names_every_path(empty):
    answer = empty.http.get("/openapi.json")
    assert answer.status_code == 200
    specification = json.loads(answer.text)
    assert specification["openapi"].startswith("3.")
    for path in ("/api/log", "/api/v1/orders", "/api/daily_order_summaries", "/api/user_segments",
                 "/api/v1/days", "/api/v1/days/{date}", "/api/v1/segments",
                 "/api/v1/segments/{menu_type}/users", "/api/v1/users/{id}",
                 "/api/v1/users/{id}/orders", "/api/v1/menu_types", "/api/v1/status",
                 "/api/v1/verifications"):
        assert path in specification["paths"], path


# --- HTTP ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/days/a/b"])
def test_an_unknown_path_of_v1_is_a_problem(empty, path):
    problem(empty.http.get(path), 404)


@pytest.mark.parametrize("path", [
    "/api/v1/days", "/api/v1/segments", "/api/v1/status", "/api/v1/users/u1"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_method_of_v1_is_a_problem_with_allow(empty, path, method):
    answer = empty.http.request(method, path)
    problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_an_answer_survives_pipelining(small):
    request = b"GET /api/v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with small.connect() as connection:
        connection.sendall(request * 20 + last)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert data.count(b"HTTP/1.1 200 OK") == 21
    assert data.count(b'"engine":"embedded"') == 20
    assert data.endswith(b"ok\n")


def test_head_has_the_headers_of_get_and_no_body(small):
    answer = small.http.head("/api/v1/status")
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["content-type"] == "application/json"
