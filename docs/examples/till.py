#!/usr/bin/env python3
"""A till's end of konomi: an outbox on the till's disk that loses no order and sends none twice.

Only Python's standard library. As a part of a till:

    outbox = Outbox("outbox.db")
    outbox.put({"order_id": "till1-0001", "user_id": "guest-1", "menu_type": "washoku",
                "ordered_at": "2025-05-31T12:30:00+09:00"})          # On disk when it returns.
    Sender(outbox, "http://127.0.0.1:8080", api_key=None).run(stop)  # In a thread of its own.

or from a shell: till.py OUTBOX put <orders.ndjson, till.py OUTBOX send URL, till.py OUTBOX refused
"""

import contextlib
import http.client
import json
import os
import random
import sqlite3
import sys
import threading
import urllib.error
import urllib.request

BATCH_MAX = 500
# Longer than konomi waits for its log: after that long nothing of a request is still on its way,
# where it could arrive behind a correction.
ANSWER_LIMIT_S = 60
PAUSE_MIN_S, PAUSE_MAX_S = 0.5, 60


class Outbox:
    """Orders that konomi has not acknowledged yet, in the order in which they were put; and those
    that it refused, with why. Every call opens the file anew, so any thread may make it."""

    def __init__(self, path):
        self.path = path
        with self._database() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, body)")
            database.execute("CREATE TABLE IF NOT EXISTS refused (body, why)")

    @contextlib.contextmanager
    def _database(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as database:
            database.execute("PRAGMA synchronous = FULL")
            with database:  # Commits, unless something is raised.
                yield database

    def put(self, order):
        """A new order, or the whole of it once more when it was changed (a correction) or has
        `"status": "cancelled"`. Its order_id, user_id and business day stay the same for ever."""
        if not order.get("order_id"):
            raise ValueError("an order without order_id would count again when it is sent again")
        with self._database() as database:
            database.execute("INSERT INTO waiting (body) VALUES (?)", (json.dumps(order),))

    def first(self, count):
        """The oldest orders that wait, as (number, order)."""
        with self._database() as database:
            rows = database.execute("SELECT number, body FROM waiting ORDER BY number LIMIT ?",
                                    (count,)).fetchall()
        return [(number, json.loads(body)) for number, body in rows]

    def done(self, numbers, refused=()):
        """Takes answered orders away; `refused` has (order, why) of those that konomi will not
        have."""
        with self._database() as database:
            database.executemany("DELETE FROM waiting WHERE number = ?",
                                 [(number,) for number in numbers])
            database.executemany("INSERT INTO refused VALUES (?, ?)",
                                 [(json.dumps(order), why) for order, why in refused])

    def refused(self):
        with self._database() as database:
            return [(json.loads(body), why)
                    for body, why in database.execute("SELECT body, why FROM refused")]


class Sender:
    """Sends what waits, oldest first and one request at a time, each until it is answered."""

    def __init__(self, outbox, url, api_key=None, tell=lambda text: print(text, file=sys.stderr)):
        self.outbox = outbox
        self.url = url
        self.api_key = api_key
        self.tell = tell  # Gets what a person has to know.
        self.batch = BATCH_MAX
        self.pause = PAUSE_MIN_S

    def run(self, stop, until_empty=False):
        """Until `stop` is set, or nothing waits any more. The till goes on taking orders."""
        while not stop.is_set():
            waiting = self.outbox.first(self.batch)
            if not waiting and until_empty:
                return
            stop.wait(self.send(waiting) if waiting else PAUSE_MIN_S)

    def send(self, waiting):
        """One request. Returns how many seconds to wait before the next one."""
        try:
            status, headers, answer = self.post([order for _, order in waiting])
        except (OSError, http.client.HTTPException):
            return self.longer()  # Offline, or no answer: whether it was counted is not known.
        if status == 202 or (status == 400 and "results" in answer):
            # 202: all are durable but those listed as rejected. 400: all are listed.
            self.batch = min(2 * self.batch, BATCH_MAX)
            self.pause = PAUSE_MIN_S
            refused = [(waiting[result["index"]][1], why(result))
                       for result in answer["results"] if result["status"] == "rejected"]
            self.outbox.done([number for number, _ in waiting], refused)
            for order, reason in refused:
                self.tell(f"order {order['order_id']} was refused: {reason}")
            return 0
        if status == 413 and len(waiting) > 1:
            self.batch = len(waiting) // 2
            return 0
        if status == 413:
            self.outbox.done([waiting[0][0]], [(waiting[0][1], "it is too large")])
            return 0
        if status in (429, 503):
            # Too many requests, or konomi is full, starts or stops. Not everybody at once again.
            return float(headers.get("Retry-After", PAUSE_MIN_S)) + random.uniform(0, PAUSE_MIN_S)
        # 401 and 403: the key is missing, wrong or of another scope. 507: konomi's disk is full.
        # Everything else is a mistake here or there. The orders wait until somebody has mended it.
        self.tell(f"konomi answers {status}, orders wait: {answer.get('detail', answer)}")
        return self.longer()

    def post(self, orders):
        request = urllib.request.Request(
            f"{self.url}/api/v1/orders?results=all", json.dumps(orders).encode(),
            {"Content-Type": "application/json"})
        if self.api_key:
            request.add_header("Authorization", f"Bearer {self.api_key}")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, parsed(answer.read())

    def longer(self):
        self.pause = min(2 * self.pause, PAUSE_MAX_S)
        return random.uniform(self.pause / 2, self.pause)


def parsed(body):
    """A proxy in between may answer in its own words."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    return answer if isinstance(answer, dict) else {"detail": body[:200].decode(errors="replace")}


def why(result):
    return "; ".join(f"{error['pointer']} {error['detail']}" for error in result["errors"])


def main(path, action, url=None):
    outbox = Outbox(path)
    if action == "put":
        for line in sys.stdin:
            outbox.put(json.loads(line))
    elif action == "send":
        Sender(outbox, url, os.environ.get("KONOMI_API_KEY")).run(threading.Event(),
                                                                  until_empty=True)
    elif action == "refused":
        for order, reason in outbox.refused():
            print(order["order_id"], reason)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
