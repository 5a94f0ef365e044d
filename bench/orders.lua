-- Single orders in the first version's shape, of a thousand guests and two menu types.
local requests = {}

function init()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  for i = 1, 1000 do
    local body = string.format(
      '{"user_id":"u%05d","timestamp":"2025-05-31T%02d:%02d:00Z","menu_type":"%s"}',
      i * 7919 % 100000, i % 24, i % 60, i % 3 == 0 and "yoshoku" or "washoku")
    requests[i] = wrk.format(nil, "/api/log", nil, body)
  end
end

local next_request = 0
function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end
