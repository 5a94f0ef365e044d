"""What konomi writes to standard error: lines that a machine reads, and nothing about guests."""

import json
import signal

from konomi_e2e import order

GUEST = "guest-0815-not-to-be-logged"


def test_no_line_holds_a_user_id_or_an_order(servers):
    konomi = servers.start("--log-format", "json", "--unknown-menu-types", "refuse")
    konomi.http.post("/api/v1/orders", json=order(GUEST, "washoku", order_id=f"{GUEST}-1"))
    konomi.http.post("/api/v1/orders", json=order(GUEST, f"{GUEST}-menu"))
    konomi.http.post("/api/log", json=order(GUEST, ordered_at="never"))
    konomi.http.post("/api/v1/orders", content=b"{" + GUEST.encode(),
                     headers={"Content-Type": "application/json"})
    konomi.wait_counted()
    for path in (f"/api/v1/users/{GUEST}", f"/api/v1/users/{GUEST}/orders", f"/nowhere/{GUEST}"):
        konomi.http.get(path)
    konomi.raw(f"GET /{GUEST} HTTP/9.9\r\n\r\n".encode())
    assert konomi.end(signal.SIGTERM) == 0
    text = konomi.log_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert any("listens on" in line["message"] for line in lines)
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    assert GUEST not in text
