"""The judge of answers judges: what docs/openapi.json does not promise is a problem."""

import json

import pytest
from specification import problem_of

JSON = "application/json"


def status_of(server):
    return json.dumps(server.status())


def test_a_promised_answer_is_no_problem(konomi):
    assert problem_of("GET", "/api/v1/status", 200, JSON, status_of(konomi)) is None


@pytest.mark.parametrize("status,content_type,change,told", [
    (200, "text/plain", {}, "text/plain"),
    (200, JSON, {"engine": "paper"}, "$.engine"),
    (200, JSON, {"log": None}, "$.log"),
])
def test_a_broken_promise_is_named(konomi, status, content_type, change, told):
    body = json.dumps({**konomi.status(), **change})
    assert told in problem_of("GET", "/api/v1/status", status, content_type, body)
