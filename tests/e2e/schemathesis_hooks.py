"""What Schemathesis cannot read from docs/openapi.json: days at which something can be found, lines
of JSON, and the few reasons for which konomi refuses a request that the schemas allow. A refusal is
excused only if each of its reasons is in REASONS, and the request that was sent bears it out."""

import dataclasses
import datetime
import itertools
import json
import re
import urllib.parse
from collections.abc import Callable

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import RejectedPositiveData

DAYS_ASKED_MAX = 3700
KINDS_WITH_DAYS = ("orders", "days", "changes")

# Half of the dates are near those of the orders that the test sends: of random years nearly every
# order would lie in the future, and nearly every range be too long.
some_day = (st.dates(datetime.date(2025, 5, 1), datetime.date(2025, 6, 30))
            | st.dates(datetime.date(1970, 1, 2), datetime.date(9999, 12, 31)))
past_day = st.dates(datetime.date(1970, 1, 2), datetime.date(2025, 12, 31))
some_time = st.builds(
    "{:%H:%M:%S}{}{}".format, st.times(), st.sampled_from(("", ".0", ".1234567")),
    st.sampled_from(("Z", "z", "+00:00", "+09:00", "-23:59")))
schemathesis.openapi.format("date", some_day.map(str))
schemathesis.openapi.format("date-time", st.builds("{}T{}".format, past_day, some_time))

line = st.fixed_dictionaries(
    {"user_id": st.sampled_from(("u1", "u2", "ü")), "menu_type": st.sampled_from(("washoku", "茶")),
     "ordered_at": st.builds("{}T{}".format, past_day, some_time)},
    optional={"order_id": st.text("abc", min_size=1, max_size=3),
              "status": st.just("placed")}).map(json.dumps)
schemathesis.openapi.media_type(
    "application/x-ndjson", st.lists(line, min_size=1, max_size=5).map("\n".join).map(str.encode))


class Sent:
    """A request as it went out."""

    def __init__(self, request):
        url = urllib.parse.urlsplit(request.url)
        self.operation = f"{request.method} {url.path}"
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.headers = request.headers
        body = request.body or b""
        self.body = body.decode() if isinstance(body, bytes) else body
        self.media_type = self.headers.get("Content-Type", "")
        lines = self.body.splitlines() if "ndjson" in self.media_type else [self.body]
        # Integers beyond 64 bits become texts, so that they can be told from others.
        self.values = list(itertools.chain.from_iterable(
            walk(json.loads(one)) for one in lines if one.strip()))

    @property
    def texts(self):
        return [value for value in self.values if isinstance(value, str)] + list(
            self.query.values()) + [urllib.parse.unquote(self.operation)]

    def of(self, *names):
        """The texts at these names, wherever they are in the body."""
        return [value[name] for value in self.values if isinstance(value, dict)
                for name in names if isinstance(value.get(name), str)]


def walk(value):
    yield value
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def is_outside_of_past_and_present(sent):
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return any(not "1970-01-02" <= text[:10] < today for text in sent.of("ordered_at", "timestamp"))


def is_longer_in_bytes(sent):
    return any(not text.isascii() for text in sent.texts)


def range_is_no_range(sent):
    """Without one of the ends, the stored days take part: then nothing is known here."""
    days = [sent.query.get(name) for name in ("from", "to")]
    if None in days:
        return any(days)
    begin, end = map(datetime.date.fromisoformat, days)
    return begin > end or (end - begin).days >= DAYS_ASKED_MAX


def has_days_for_no_days(sent):
    return sent.operation.rpartition("/")[2] not in KINDS_WITH_DAYS and (
        "from" in sent.query or "to" in sent.query)


def key_names_no_single_order(sent):
    return "Idempotency-Key" in sent.headers and (
        "ndjson" in sent.media_type or "batch" in sent.media_type or sent.body.startswith("[")
        or sent.headers["Idempotency-Key"] not in sent.of("order_id"))


def a_type_is_there_twice(sent):
    types = sent.of("menu_type")
    return len(set(types)) < len(types)


def a_number_is_huge(sent):
    return any(isinstance(value, int) and not -2**63 <= value < 2**64 for value in sent.values)


@dataclasses.dataclass(frozen=True)
class Reason:
    operation: str  # Method and path, a regular expression.
    says: str  # In the answer, a regular expression.
    holds: Callable[[Sent], bool]  # Whether the request gives that reason.


REASONS = (
    # A schema knows no clock.
    Reason("POST /api/(log|v1/orders)", "lies (more than .* after now|before 1970)",
           is_outside_of_past_and_present),
    # maxLength counts characters, and what is stored has its bounds in bytes.
    Reason(".*", r"has \d+ bytes; expected", is_longer_in_bytes),
    # Two parameters, or a parameter and a field, must agree.
    Reason("GET /api/v1/days", "is after to|ask for a shorter range", range_is_no_range),
    Reason("POST /api/v1/verifications", "expected the earlier day first", range_is_no_range),
    Reason("GET /api/v1/export/.*", "are of no single day", has_days_for_no_days),
    Reason("GET /api/v1/export/all", "export all as ndjson",
           lambda sent: sent.query.get("format") == "csv"),
    Reason("POST /api/v1/orders", "Idempotency-Key", key_names_no_single_order),
    # "Unlike in one of their fields" is nothing that uniqueItems could say.
    Reason("PUT /api/v1/menu_types", "expected each type once", a_type_is_there_twice),
    # A cursor is what an earlier page gave; the tests of pages follow real ones.
    Reason("GET .*", "is not one of this list", lambda sent: "cursor" in sent.query),
    # Schemathesis sends its bodies as they are, whatever Content-Encoding it says.
    Reason("POST /api/v1/orders", "the body is not valid gzip",
           lambda sent: sent.headers.get("Content-Encoding") == "gzip"),
    # RFC 8259 leaves the range of numbers to the reader; the description says it.
    Reason("(POST|PUT) .*", "is no JSON", a_number_is_huge),
)


def reasons_in(answer):
    """The innermost texts of a refusal: of each field, of each order, or the one of all."""
    problem = answer.json()
    if "error" in problem:
        return problem["error"].split("; ")
    errors = problem.get("errors", []) + [
        error for result in problem.get("results", []) for error in result.get("errors", [])]
    return [error["detail"] for error in errors] or [problem["detail"]]


def is_excused(text, sent):
    return any(re.fullmatch(reason.operation, sent.operation) and re.search(reason.says, text)
               and reason.holds(sent) for reason in REASONS)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A media type with a strategy of its own must have no example: Schemathesis cannot send it."""
    body = raw_schema["paths"]["/api/v1/orders"]["post"]["requestBody"]
    del body["content"]["application/x-ndjson"]["example"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """A hundred erasures that each wait for a count would take minutes; test_erase.py waits."""
    if case.operation.label != "POST /api/v1/erasures":
        return
    wait = str(case.query.get("wait", 0))
    if wait.isdigit() and int(wait) <= 60:
        case.query["wait"] = 0


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """False drops the failure."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 400:
        return True
    sent = Sent(response.request)
    return not all(is_excused(text, sent) for text in reasons_in(response))
