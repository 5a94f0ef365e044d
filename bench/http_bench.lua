-- One order of about 80 bytes per request.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"user_id":"u12345","timestamp":"2025-05-31T12:00:00Z","menu_type":"washoku"}'
