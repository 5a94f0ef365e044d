"""POST /api/v1/orders: every way to send orders, and what comes back."""

import concurrent.futures
import gzip
import json

import pytest
from konomi_e2e import ndjson, order, wait_for

JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENT = "application/cloudevents+json"
EVENTS = "application/cloudevents-batch+json"


def post(server, body, content_type=JSON, headers=None, **parameters):
    if content_type == NDJSON and not isinstance(body, bytes):
        body = ndjson(body)
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return server.http.post("/api/v1/orders", content=content, params=parameters,
                            headers={"Content-Type": content_type, **(headers or {})})


def accepted(answer):
    assert answer.status_code == 202, answer.text
    assert answer.headers["content-type"] == JSON
    return answer.json()


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"] and body["detail"]
    return body


def pointers(item):
    return [error["pointer"] for error in item["errors"]]


def user(server, user_id):
    server.wait_counted()
    return server.get(f"/api/v1/users/{user_id}")


def orders_of(server, user_id):
    server.wait_counted()
    return server.get(f"/api/v1/users/{user_id}/orders")["orders"]


def counted(server, date="2025-05-31"):
    """Orders by type of a day, without the zeros."""
    server.wait_counted()
    day = server.get(f"/api/v1/days/{date}")
    return {entry["menu_type"]: entry["count"] for entry in day["counts"] if entry["count"]}


# --- Shapes --------------------------------------------------------------------------------------

def test_a_single_order_always_has_its_result(konomi):
    body = accepted(post(konomi, order("u1", order_id="o1")))
    assert body == {"accepted": 1, "rejected": 0,
                    "results": [{"index": 0, "status": "accepted", "order_id": "o1"}]}
    assert counted(konomi) == {"washoku": 1}


def test_an_order_without_an_id_is_given_one(konomi):
    ids = {accepted(post(konomi, order("u1")))["results"][0]["order_id"] for _ in range(3)}
    assert len(ids) == 3
    assert counted(konomi) == {"washoku": 3}  # A retry without an id counts again.
    assert {entry["order_id"] for entry in orders_of(konomi, "u1")} == ids


def test_an_array_lists_only_what_was_rejected(konomi):
    batch = [order("u1"), order(""), order("u3", "chuka")]
    body = accepted(post(konomi, batch))
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert [(item["index"], item["status"], pointers(item)) for item in body["results"]] == [
        (1, "rejected", ["/user_id"])]
    assert counted(konomi) == {"washoku": 1, "chuka": 1}


def test_a_batch_without_rejects_has_no_results(konomi):
    assert accepted(post(konomi, [order("u1"), order("u2")])) == {
        "accepted": 2, "rejected": 0, "results": []}


def test_results_all_lists_every_item(konomi):
    batch = [order("u1", order_id="a"), order("u2", order_id="b", ordered_at="?"), order("u3")]
    results = accepted(post(konomi, batch, results="all"))["results"]
    assert [(item["index"], item["status"]) for item in results] == [
        (0, "accepted"), (1, "rejected"), (2, "accepted")]
    assert [item["order_id"] for item in results[:2]] == ["a", "b"]
    assert results[2]["order_id"]


@pytest.mark.parametrize("separator", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_ndjson_with_and_without_its_last_line_end(konomi, separator, last):
    lines = separator.join(json.dumps(order(f"u{n}")).encode() for n in range(5))
    assert accepted(post(konomi, lines + (separator if last else b""), NDJSON))["accepted"] == 5
    assert counted(konomi) == {"washoku": 5}


def test_a_broken_line_of_ndjson_is_rejected_by_its_place(konomi):
    lines = ndjson([order("u1")]) + b"{broken\n" + ndjson([order("u3")])
    body = accepted(post(konomi, lines, NDJSON))
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert body["results"][0]["index"] == 1
    assert body["results"][0]["errors"][0]["detail"]
    assert counted(konomi) == {"washoku": 2}


def test_ten_thousand_lines_are_one_request(konomi):
    orders = [order(f"u{n % 700}", ("washoku", "yoshoku", "chuka")[n % 3], order_id=f"o{n}")
              for n in range(10_000)]
    assert accepted(post(konomi, orders, NDJSON))["accepted"] == 10_000
    assert counted(konomi) == {"washoku": 3334, "yoshoku": 3333, "chuka": 3333}


def event(event_id, data, **others):
    return {"specversion": "1.0", "id": event_id, "source": "/tills/4", "type": "order.placed",
            "datacontenttype": JSON, "data": data, **others}


def test_a_cloud_event_carries_an_order(konomi):
    body = accepted(post(konomi, event("e1", order("u1", order_id="o1")), EVENT))
    assert body["results"] == [{"index": 0, "status": "accepted", "order_id": "o1"}]
    assert counted(konomi) == {"washoku": 1}


def test_a_cloud_event_sent_again_counts_once(konomi):
    first = accepted(post(konomi, event("e1", order("u1", order_id="o1")), EVENT))
    assert accepted(post(konomi, event("e1", order("u1", order_id="o1")), EVENT)) == first
    assert counted(konomi) == {"washoku": 1}


def test_a_batch_of_cloud_events_is_judged_one_by_one(konomi):
    events = [event("e1", order("u1")), event("e2", order("u2", menu_type="")),
              event("e3", order("u3", "chuka"))]
    body = accepted(post(konomi, events, EVENTS))
    assert (body["accepted"], body["rejected"]) == (2, 1)
    assert body["results"][0]["index"] == 1
    assert counted(konomi) == {"washoku": 1, "chuka": 1}


def test_an_event_without_data_is_refused(konomi):
    bad = event("e1", None)
    del bad["data"]
    problem(post(konomi, bad, EVENT), 400)


@pytest.mark.parametrize("content_type, body", [
    (JSON, json.dumps(order("u1")).encode()), (JSON, json.dumps([order("u1")]).encode()),
    (NDJSON, ndjson([order("u1")])), (EVENT, json.dumps(event("e", order("u1"))).encode()),
    (EVENTS, json.dumps([event("e", order("u1"))]).encode())])
def test_every_shape_may_be_gzipped(konomi, content_type, body):
    answer = post(konomi, gzip.compress(body), content_type, {"Content-Encoding": "gzip"})
    assert accepted(answer)["accepted"] == 1
    assert counted(konomi) == {"washoku": 1}


def test_content_type_may_have_parameters(konomi):
    assert accepted(post(konomi, order("u1"), "application/json; charset=utf-8"))["accepted"] == 1


def test_unknown_fields_are_ignored(konomi):
    assert accepted(post(konomi, order("u1", table=4, tags=["a"])))["accepted"] == 1


# --- Identity ------------------------------------------------------------------------------------

def test_an_order_sent_again_counts_once(konomi):
    for _ in range(3):
        accepted(post(konomi, order("u1", order_id="o1")))
    assert counted(konomi) == {"washoku": 1}


def test_an_id_sent_twice_in_one_batch_counts_once(konomi):
    accepted(post(konomi, [order("u1", order_id="o1")] * 2))
    assert counted(konomi) == {"washoku": 1}


def test_the_same_id_of_another_user_or_day_is_another_order(konomi):
    accepted(post(konomi, [order("u1", order_id="o1"), order("u2", order_id="o1"),
                           order("u1", order_id="o1", ordered_at="2025-05-30T12:00:00+09:00")]))
    assert counted(konomi) == {"washoku": 2}
    assert counted(konomi, "2025-05-30") == {"washoku": 1}


def test_an_idempotency_key_becomes_the_order_id(konomi):
    for _ in range(2):
        body = accepted(post(konomi, order("u1"), headers={"Idempotency-Key": "key-1"}))
        assert body["results"][0]["order_id"] == "key-1"
    assert counted(konomi) == {"washoku": 1}


def test_an_order_id_and_an_idempotency_key_must_not_differ(konomi):
    body = problem(post(konomi, order("u1", order_id="o1"), headers={"Idempotency-Key": "k"}), 400)
    assert pointers(body) == ["/order_id"]
    answer = post(konomi, order("u1", order_id="o1"), headers={"Idempotency-Key": "o1"})
    assert accepted(answer)["results"][0]["order_id"] == "o1"


def test_a_changed_order_replaces_the_one_before(konomi):
    accepted(post(konomi, order("u1", "washoku", order_id="o1")))
    assert counted(konomi) == {"washoku": 1}
    accepted(post(konomi, order("u1", "chuka", order_id="o1")))
    assert counted(konomi) == {"chuka": 1}
    assert user(konomi, "u1")["preference"]["menu_type"] == "chuka"
    assert [entry["menu_type"] for entry in orders_of(konomi, "u1")] == ["chuka"]


def test_a_cancelled_order_stays_stored_and_is_not_counted(konomi):
    accepted(post(konomi, [order("u1", "washoku", order_id="o1"), order("u2", "chuka")]))
    assert counted(konomi) == {"washoku": 1, "chuka": 1}
    cancellation = {"user_id": "u1", "ordered_at": "2025-05-31T12:00:00+09:00", "order_id": "o1",
                    "status": "cancelled"}
    accepted(post(konomi, cancellation))
    assert counted(konomi) == {"chuka": 1}
    assert [(entry["order_id"], entry["status"]) for entry in orders_of(konomi, "u1")] == [
        ("o1", "cancelled")]
    assert user(konomi, "u1")["preference"] is None
    segments = konomi.get("/api/v1/segments")["segments"]
    assert {entry["menu_type"]: entry["users"] for entry in segments if entry["users"]} == {
        "chuka": 1}


def test_a_cancellation_before_its_order_is_replaced_by_it(konomi):
    """What was sent last holds: a placed order after a cancellation places it again."""
    cancellation = {"user_id": "u1", "ordered_at": "2025-05-31T12:00:00+09:00", "order_id": "o1",
                    "status": "cancelled"}
    accepted(post(konomi, cancellation))
    accepted(post(konomi, order("u1", order_id="o1")))
    assert counted(konomi) == {"washoku": 1}


def test_a_cancellation_names_its_order(konomi):
    cancellation = {"user_id": "u1", "ordered_at": "2025-05-31T12:00:00+09:00",
                    "status": "cancelled"}
    assert "/order_id" in pointers(problem(post(konomi, cancellation), 400))


def test_a_late_order_changes_its_own_day_and_the_preference(konomi):
    accepted(post(konomi, [order("u1", "washoku", "2025-05-31T12:00:00+09:00")]))
    assert user(konomi, "u1")["preference"]["menu_type"] == "washoku"
    accepted(post(konomi, [order("u1", "chuka", "2025-05-20T12:00:00+09:00"),
                           order("u1", "chuka", "2025-05-21T12:00:00+09:00")]))
    found = user(konomi, "u1")
    assert found["preference"]["menu_type"] == "chuka"
    assert [(change["date"], change["from"], change["to"]) for change in found["changes"]] == [
        ("2025-05-20", None, "chuka")]
    assert counted(konomi) == {"washoku": 1}


# --- Refusals ------------------------------------------------------------------------------------

@pytest.mark.parametrize("change, pointer", [
    ({"user_id": ""}, "/user_id"), ({"user_id": "u" * 257}, "/user_id"),
    ({"user_id": "a\nb"}, "/user_id"), ({"menu_type": ""}, "/menu_type"),
    ({"menu_type": "m" * 65}, "/menu_type"), ({"menu_type": "a\u0000b"}, "/menu_type"),
    ({"ordered_at": ""}, "/ordered_at"), ({"ordered_at": "2025-05-31"}, "/ordered_at"),
    ({"ordered_at": "2025-05-31T12:00:00"}, "/ordered_at"),
    ({"ordered_at": "1969-12-31T23:59:59Z"}, "/ordered_at"),
    ({"ordered_at": "2999-01-01T00:00:00Z"}, "/ordered_at"),
    ({"order_id": "o" * 129}, "/order_id"), ({"order_id": ""}, "/order_id"),
    ({"status": "paid"}, "/status")])
def test_a_bad_field_is_a_400_that_points_at_it(konomi, change, pointer):
    body = problem(post(konomi, order("u1", order_id="o1") | change), 400)
    assert pointers(body) == [pointer]
    assert konomi.status()["log"]["end"] == 0


@pytest.mark.parametrize("field", ["user_id", "menu_type", "ordered_at"])
def test_a_missing_field_is_a_400_that_points_at_it(konomi, field):
    body = order("u1")
    del body[field]
    assert pointers(problem(post(konomi, body), 400)) == [f"/{field}"]


def test_every_fault_of_an_order_is_named(konomi):
    body = problem(post(konomi, {"user_id": "", "menu_type": "", "ordered_at": "x"}), 400)
    assert sorted(pointers(body)) == ["/menu_type", "/ordered_at", "/user_id"]


@pytest.mark.parametrize("change", [
    {"user_id": "u" * 256}, {"user_id": "日" * 85}, {"menu_type": "m" * 64},
    {"menu_type": "Americano with Milk"}, {"order_id": "o" * 128},
    {"ordered_at": "1970-01-01T00:00:00Z"}, {"ordered_at": "2024-02-29T23:59:59.999999+14:00"}])
def test_the_largest_and_the_oldest_allowed_are_accepted(konomi, change):
    assert accepted(post(konomi, order("u1") | change))["accepted"] == 1


def test_a_batch_without_a_good_order_is_a_400_with_results(konomi):
    body = problem(post(konomi, [order(""), order("u", menu_type="")]), 400)
    assert (body["accepted"], body["rejected"]) == (0, 2)
    assert [pointers(item) for item in body["results"]] == [["/user_id"], ["/menu_type"]]


@pytest.mark.parametrize("content_type, body", [
    (JSON, b""), (JSON, b"hello"), (JSON, b'"text"'), (JSON, b"7"), (JSON, b"null"),
    (JSON, b'{"user_id":"u1"'), (JSON, b"{} {}"), (EVENT, b"[]"), (EVENTS, b"{}")])
def test_what_is_no_json_order_is_a_400(konomi, content_type, body):
    problem(post(konomi, body, content_type), 400)


@pytest.mark.parametrize("content_type", ["text/plain", "text/csv", "application/xml"])
def test_another_content_type_is_a_415(konomi, content_type):
    body = problem(post(konomi, order("u1"), content_type), 415)
    assert "application/json" in body["detail"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_a_405(konomi, method):
    answer = konomi.http.request(method, "/api/v1/orders")
    problem(answer, 405)
    assert "POST" in answer.headers["allow"]


def test_menu_types_may_be_closed(servers):
    server = servers.start("--unknown-menu-types", "refuse")
    assert accepted(post(server, order("u1", "yoshoku")))["accepted"] == 1
    body = problem(post(server, order("u1", "chuka")), 400)
    assert pointers(body) == ["/menu_type"]


def test_menu_types_are_bounded(servers):
    server = servers.start("--menu-types-max", "5")
    accepted(post(server, [order("u1", f"type{n}") for n in range(3)]))
    server.wait_counted()
    body = problem(post(server, order("u1", "one too many")), 400)
    assert pointers(body) == ["/menu_type"]
    assert len(server.get("/api/v1/menu_types")["menu_types"]) == 5


# --- Business days -------------------------------------------------------------------------------

def test_a_day_starts_at_the_configured_hour(servers):
    server = servers.start("--day-starts-at", "05:00")
    accepted(post(server, [order("u1", ordered_at="2025-05-31T04:59:59.999+09:00"),
                           order("u2", ordered_at="2025-05-31T05:00:00+09:00"),
                           order("u3", ordered_at="2025-06-01T04:59:59+09:00")]))
    assert counted(server, "2025-05-30") == {"washoku": 1}
    assert counted(server, "2025-05-31") == {"washoku": 2}


def test_a_day_of_23_and_one_of_25_hours_hold_their_orders(servers):
    server = servers.start("--time-zone", "Europe/Berlin")
    orders = [order(f"s{n}", ordered_at=f"2025-03-30T{n:02}:30:00Z") for n in range(22)]
    orders += [order("before", ordered_at="2025-03-29T22:59:59Z"),
               order("start", ordered_at="2025-03-29T23:00:00Z"),
               order("end", ordered_at="2025-03-30T22:00:00Z")]
    orders += [order("twice", ordered_at="2025-10-26T00:30:00Z", order_id="summer"),
               order("twice", ordered_at="2025-10-26T01:30:00Z", order_id="winter")]
    accepted(post(server, orders, NDJSON))
    assert counted(server, "2025-03-29") == {"washoku": 1}
    assert counted(server, "2025-03-30") == {"washoku": 23}
    assert counted(server, "2025-03-31") == {"washoku": 1}
    assert server.get("/api/v1/days/2025-10-26")["hours"][2] == 2
    assert server.get("/api/v1/days/2025-03-30")["hours"][2] == 0


# --- How much may wait ---------------------------------------------------------------------------

def test_more_orders_than_may_wait_for_the_log_are_refused_by_the_settings_name(servers):
    server = servers.start("--orders-in-flight-max", "1")
    two = [order("guest-1", order_id="1"), order("guest-1", order_id="2")]
    assert post(server, two, NDJSON).status_code == 413
    assert post(server, two[0]).status_code == 202

    def refused():
        answers = pool.map(lambda number: post(server, order("guest-2", order_id=f"{number}")),
                           range(64))
        return [answer for answer in answers if answer.status_code != 202]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answer = wait_for(refused, "two orders at once")[0]
    assert "orders_in_flight_max" in problem(answer, 503)["detail"]
    assert answer.headers["Retry-After"] == "1"
