-- Bodies of 1 000 orders, a line each, without order ids: konomi makes them.
local requests = {}

function init()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-ndjson"
  for i = 1, 10 do
    local lines = {}
    for j = 1, 1000 do
      lines[j] = string.format(
        '{"user_id":"u%05d","ordered_at":"2025-05-31T%02d:%02d:00Z","menu_type":"%s"}',
        (i * 1000 + j) * 7919 % 100000, j % 24, j % 60, j % 3 == 0 and "yoshoku" or "washoku")
    end
    requests[i] = wrk.format(nil, "/api/v1/orders", nil, table.concat(lines, "\n"))
  end
end

local next_request = 0
function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
