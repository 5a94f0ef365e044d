"""Tills that never give up, what they were told, and whether konomi's figures agree with it."""

import collections
import dataclasses
import random
import threading
import time

import httpx
from konomi_e2e import ndjson, order, quoted

TYPES = ("washoku", "yoshoku", "chuka", "Americano with Milk", "和食")
MONTH = "2025-05"
DAYS = 6
USERS_PER_TILL = 25
BATCH_MAX = 12
RESENT_CHANCE, CORRECTED_CHANCE, CANCELLED_CHANCE = 0.05, 0.15, 0.12
PAUSE_S = (0.01, 0.05)  # Between two batches of a till.
RETRY_S = (0.05, 0.4)
# The patience of every second till: with more of it than konomi has with its log, what comes in the
# end is a refusal; with less the till never knows.
ANSWER_LIMITS_S = (15, 40)
LONG_WAIT_S = 10
SHOWN = 8


def identity(item):
    return item["ordered_at"][:10], item["user_id"], item["order_id"]


class Book:
    """What all tills sent and what was acknowledged. Safe from every thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acknowledged = {}  # Identity → the order as it stands.
        self.sent = collections.defaultdict(set)  # Day → identities that were ever sent.
        self.numbers = collections.Counter()
        self.longest_wait_s = 0.0  # From the first attempt of a batch to its acknowledgement.
        self.long_waits = []  # Of more than LONG_WAIT_S: (when it ended, what happened).

    def sending(self, batch):
        with self.lock:
            for item in batch:
                self.sent[item["ordered_at"][:10]].add(identity(item))

    def count(self, what, times=1):
        with self.lock:
            self.numbers[what] += times

    def acknowledge(self, batch, waited_s, outcomes):
        with self.lock:
            for item in batch:
                self.acknowledged[identity(item)] = item
            self.numbers["orders acknowledged"] += len(batch)
            self.numbers["batches sent again"] += bool(outcomes)
            if waited_s > LONG_WAIT_S:
                self.long_waits.append((time.monotonic(), f"a batch was acknowledged after "
                                        f"{waited_s:.1f} s ({', '.join(outcomes) or 'at once'})"))
            self.longest_wait_s = max(self.longest_wait_s, waited_s)

    def sent_on(self, date):
        with self.lock:
            return len(self.sent[date])


class Till(threading.Thread):
    """Sends batches of new orders, corrections and cancellations to one address after the other,
    each until it is acknowledged. An order one of whose attempts had no clear answer is not changed
    afterwards: that attempt may still be on its way, and could arrive behind the change."""

    def __init__(self, number, seed, urls, book):
        super().__init__(name=f"till {number}", daemon=True)
        self.number = number
        self.urls = urls
        self.book = book
        self.dice = random.Random(f"{seed} till {number}")
        self.changeable = []
        self.made = 0
        self.closing = threading.Event()  # No new batch.
        self.given_up = threading.Event()
        self.failure = None

    def run(self):
        patience_s = ANSWER_LIMITS_S[self.number % len(ANSWER_LIMITS_S)]
        with httpx.Client(timeout=patience_s) as http:
            try:
                while not self.closing.is_set():
                    self.send(http, self.batch())
                    self.closing.wait(self.dice.uniform(*PAUSE_S))
            except Exception as failure:  # Told by whoever waits for this thread.
                self.failure = failure

    def batch(self):
        made = {}
        for _ in range(self.dice.randint(1, BATCH_MAX)):
            item = self.changed() or self.new()
            made[identity(item)] = item
        return list(made.values())

    def new(self):
        self.made += 1
        when = (f"{MONTH}-{self.dice.randint(1, DAYS):02}T{self.dice.randint(0, 23):02}:"
                f"{self.dice.randint(0, 59):02}:00+09:00")
        return order(f"till{self.number}-guest{self.dice.randint(1, USERS_PER_TILL)}",
                     self.dice.choice(TYPES), when, order_id=f"{self.number}-{self.made}",
                     status="placed")

    def changed(self):
        chance = self.dice.random()
        if not self.changeable or chance > RESENT_CHANCE + CORRECTED_CHANCE + CANCELLED_CHANCE:
            return None
        item = dict(self.dice.choice(self.changeable))
        if chance < CORRECTED_CHANCE:
            item.update(menu_type=self.dice.choice(TYPES), status="placed")
        elif chance < CORRECTED_CHANCE + CANCELLED_CHANCE:
            item.update(status="cancelled")
        return item

    def send(self, http, batch):
        began, outcomes = time.monotonic(), []
        self.book.sending(batch)
        while True:
            url = self.urls[(self.number + len(outcomes)) % len(self.urls)]
            outcome = self.attempt(http, batch, url)
            if outcome == "acknowledged":
                break
            self.book.count(outcome)
            outcomes.append(outcome)
            if self.given_up.wait(self.dice.uniform(*RETRY_S)):
                raise AssertionError(f"{self.name}: never acknowledged: {', '.join(outcomes)}")
        self.book.acknowledge(batch, time.monotonic() - began, outcomes)
        by_identity = {identity(item): item for item in self.changeable}
        for item in batch:
            by_identity.pop(identity(item), None)
            if not outcomes:
                by_identity[identity(item)] = item
        self.changeable = list(by_identity.values())[-500:]

    def attempt(self, http, batch, url):
        """What became of one attempt, as the book counts it."""
        try:
            answer = http.post(f"{url}/api/v1/orders", content=ndjson(batch),
                               headers={"Content-Type": "application/x-ndjson"})
        except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError):
            return "unanswered"
        except httpx.TransportError:
            return "not reached"
        if answer.status_code == 202:
            assert answer.json()["accepted"] == len(batch), answer.text[:500]
            return "acknowledged"
        assert answer.status_code == 503, f"{answer.status_code}: {answer.text[:500]}"
        assert "Retry-After" in answer.headers
        return "refused"


class Tills:
    """Some tills at work; used in a with statement."""

    def __init__(self, count, seed, urls, book=None):
        self.book = book or Book()
        self.all = [Till(number, seed, urls, self.book) for number in range(count)]

    def __enter__(self):
        for till in self.all:
            till.start()
        return self

    def __exit__(self, *_):
        for till in self.all:
            till.closing.set()
            till.given_up.set()
        for till in self.all:
            till.join(max(ANSWER_LIMITS_S) * 2)

    def check(self):
        for till in self.all:
            if till.failure:
                raise till.failure

    def close(self, limit_s):
        """No new batches; waits until every batch under way is acknowledged."""
        for till in self.all:
            till.closing.set()
        end = time.monotonic() + limit_s
        for till in self.all:
            till.join(max(0.0, end - time.monotonic()))
        waiting = [till.name for till in self.all if till.is_alive()]
        assert not waiting, f"no acknowledgement within {limit_s} s of peace: {waiting}"
        self.check()


@dataclasses.dataclass
class Judgement:
    """How konomi's answers differ from the book, as lines."""
    lost: list
    double: list
    other: list

    @property
    def is_clean(self):
        return not (self.lost or self.double or self.other)

    def __str__(self):
        lines = [f"lost {len(self.lost)}, double {len(self.double)}, else wrong {len(self.other)}"]
        for name in ("lost", "double", "other"):
            lines += [f"  {name}: {line}" for line in getattr(self, name)[:SHOWN]]
        return "\n".join(lines)


def stored_orders(server, user_id):
    """All orders of a user as they are listed, page by page."""
    found, cursor = [], None
    while True:
        page = server.get(f"/api/v1/users/{quoted(user_id)}/orders", limit=1000,
                          **({"cursor": cursor} if cursor else {}))
        found += page["orders"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def judge(server, book):
    """Compares every order, day, user and preference with the book, when all is counted."""
    judgement = Judgement([], [], [])
    by_user = collections.defaultdict(dict)
    for (date, user, order_id), item in book.acknowledged.items():
        by_user[user][date, order_id] = item
    for user, expected in sorted(by_user.items()):
        judge_orders(judgement, user, expected, stored_orders(server, user))
        judge_user(judgement, user, expected.values(), server.get(f"/api/v1/users/{quoted(user)}"))
    judge_days(judgement, book, server.days())
    letters = server.status()["dead_letters"]
    if letters:
        judgement.other.append(f"{letters} dead letters")
    return judgement


def judge_orders(judgement, user, expected, found):
    counted = collections.Counter((entry["date"], entry["order_id"]) for entry in found)
    stands = {(entry["date"], entry["order_id"]): entry for entry in found}
    for key, times in counted.items():
        if times > 1 or key not in expected:
            judgement.double.append(f"{user} {key}: listed {times} times, "
                                    f"{'sent' if key in expected else 'never sent'}")
    for key, item in expected.items():
        if key not in stands:
            judgement.lost.append(f"{user} {key}")
        elif stands[key]["status"] != item["status"] or (
                item["status"] == "placed" and stands[key]["menu_type"] != item["menu_type"]):
            judgement.other.append(f"{user} {key}: {stands[key]} is not {item}")


def placed(items):
    return [item for item in items if item["status"] == "placed"]


def preferred(items):
    """The type with most orders; a tie goes to the latest order, then to the smaller name."""
    by_type = collections.defaultdict(list)
    for item in placed(items):
        by_type[item["menu_type"]].append(item["ordered_at"])
    best = sorted(by_type, key=lambda name: name.encode())
    best.sort(key=lambda name: (len(by_type[name]), max(by_type[name])), reverse=True)
    return best[0] if best else None


def compare_counts(judgement, what, expected, found):
    """Fewer than expected is lost, more is double."""
    for name in sorted(set(expected) | set(found)):
        wanted, is_there = expected.get(name, 0), found.get(name, 0)
        if wanted != is_there:
            where = judgement.lost if is_there < wanted else judgement.double
            where.append(f"{what} {name}: counted {is_there}, acknowledged {wanted}")


def judge_user(judgement, user, items, found):
    expected = collections.Counter(item["menu_type"] for item in placed(items))
    counted = {entry["menu_type"]: entry["orders"] for entry in found["counts"]}
    compare_counts(judgement, user, expected, counted)
    preference = found["preference"] and found["preference"]["menu_type"]
    if preference != preferred(items):
        judgement.other.append(f"{user} prefers {preference}, not {preferred(items)}")


def judge_days(judgement, book, days):
    by_day = collections.defaultdict(list)
    for (date, _, _), item in book.acknowledged.items():
        by_day[date].append(item)
    found = {day["date"]: day for day in days}
    for date in sorted(set(by_day) | set(found)):
        items = placed(by_day[date])
        day = found.get(date, {"orders": 0, "users": 0, "counts": []})
        expected = collections.Counter(item["menu_type"] for item in items)
        compare_counts(judgement, date, expected,
                       {entry["menu_type"]: entry["count"] for entry in day["counts"]})
        compare_counts(judgement, date, {"orders": len(items)}, {"orders": day["orders"]})
        compare_counts(judgement, date, {"users": len({item["user_id"] for item in items})},
                       {"users": day["users"]})


class Watcher(threading.Thread):
    """Reads the figures all the time. No day may ever show more orders than were sent for it, and
    an answer is 200, or 503 while the stores are away."""

    def __init__(self, urls, book):
        super().__init__(name="watcher", daemon=True)
        self.urls = urls
        self.book = book
        self.stopping = threading.Event()
        self.answers = collections.Counter()
        self.failure = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join(max(ANSWER_LIMITS_S) * 2)

    def run(self):
        with httpx.Client(timeout=min(ANSWER_LIMITS_S)) as http:
            try:
                while not self.stopping.wait(0.1):
                    for url in self.urls:
                        self.read(http, url)
            except Exception as failure:  # Told by check().
                self.failure = failure

    def read(self, http, url):
        try:
            answer = http.get(f"{url}/api/v1/days",
                              params={"from": f"{MONTH}-01", "to": f"{MONTH}-{DAYS:02}"})
        except httpx.TransportError:
            self.answers["none"] += 1
            return
        self.answers[answer.status_code] += 1
        assert answer.status_code in (200, 503), f"{answer.status_code}: {answer.text[:500]}"
        if answer.status_code == 200:
            for day in answer.json()["days"]:
                sent = self.book.sent_on(day["date"])
                assert day["orders"] <= sent, f"{day['date']}: {day['orders']} of {sent} orders"

    def check(self):
        if self.failure:
            raise self.failure
