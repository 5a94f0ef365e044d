#include "cli/simulate_demo.h"

#include "api/menu_type_body.h"
#include "domain/text.h"
#include "simulate/demo.h"
#include "wire/json_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace konomi::cli {
namespace {

constexpr std::string_view kMenuTypes = "/api/v1/menu_types";

Result<void> expect_ok(const client::Server& server, std::string_view path,
                       const client::Answer& answer) {
  if (answer.status == 200) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} answered {} to a request for {}: {}", server.name(), answer.status,
                          path, quote(answer.body)));
}

Result<void> label_menu_types(client::Server& server) {
  KONOMI_TRY(const client::Answer answer, server.get(kMenuTypes));
  KONOMI_CHECK_OK(expect_ok(server, kMenuTypes, answer));
  const auto catalogue = api::parse_menu_types(answer.body);
  if (!catalogue) {
    return fail(ErrorCode::internal, fmt::format("{} answered with {} when asked for {}",
                                                 server.name(), quote(answer.body), kMenuTypes));
  }
  const auto entries = simulate::missing_labels(*catalogue);
  if (entries.empty()) return {};
  KONOMI_TRY(const client::Answer changed,
             server.put(kMenuTypes, "application/json", api::menu_types_json(entries)));
  return expect_ok(server, kMenuTypes, changed);
}

Result<std::optional<BusinessDay>> last_day_with_orders(client::Server& server, BusinessDay from,
                                                        BusinessDay to) {
  const std::string path =
      fmt::format("/api/v1/days?from={}&to={}", to_string(from), to_string(to));
  KONOMI_TRY(const client::Answer answer, server.get(path));
  KONOMI_CHECK_OK(expect_ok(server, path, answer));
  simdjson::dom::parser parser;
  simdjson::dom::array days;
  if (parser.parse(answer.body)["days"].get(days) != simdjson::SUCCESS) {
    return fail(ErrorCode::internal, fmt::format("{} answered with {} when asked for {}",
                                                 server.name(), quote(answer.body), path));
  }
  std::optional<BusinessDay> last;
  for (const simdjson::dom::element day : days) {
    if (wire::number_at(day, "orders") == 0) continue;
    KONOMI_TRY(const BusinessDay date, parse_business_day(wire::text_at(day, "date")));
    if (!last || *last < date) last = date;
  }
  return last;
}

}  // namespace

Result<BusinessDay> prepare_demo(client::Server& server, BusinessDay today, int days) {
  KONOMI_CHECK_OK(label_menu_types(server));
  const BusinessDay whole = simulate::demo_begins(today, days, std::nullopt);
  KONOMI_TRY(const auto last, last_day_with_orders(server, whole, today));
  return simulate::demo_begins(today, days, last);
}

}  // namespace konomi::cli
