#include "api/parameters.h"

#include "domain/text.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

#include <charconv>

namespace konomi::api {
namespace {

constexpr std::string_view kDigits = "0123456789";

// "0.9" → 9000, "1" → 10000; nothing when `text` is no decimal from 0 to 1.
std::optional<std::uint32_t> fraction_e4(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  std::uint32_t value = text[0] == '1' ? 10'000 : 0;
  if (text.size() == 1) return value;
  const std::string_view fraction = text.substr(2);
  if (text[1] != '.' || fraction.empty() ||
      fraction.find_first_not_of(kDigits) != std::string_view::npos) {
    return std::nullopt;
  }
  std::uint32_t weight = 1'000;
  for (const char digit : fraction.substr(0, 4)) {
    value += weight * static_cast<std::uint32_t>(digit - '0');
    weight /= 10;
  }
  const bool more =
      fraction.size() > 4 && fraction.find_first_not_of('0', 4) != std::string_view::npos;
  if (more) ++value;
  if (value > 10'000) return std::nullopt;
  return value;
}

}  // namespace

Result<std::optional<BusinessDay>> day_parameter(const http::Request& request,
                                                 std::string_view name) {
  const std::optional<std::string_view> text = request.query_value(name);
  if (!text) return std::nullopt;
  Result<BusinessDay> day = parse_business_day(*text);
  if (!day) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", name, day.error().message));
  }
  return std::optional(*day);
}

Result<std::optional<Timestamp>> instant_parameter(const http::Request& request,
                                                   std::string_view name) {
  const std::optional<std::string_view> text = request.query_value(name);
  if (!text) return std::nullopt;
  Result<Timestamp> instant = parse_rfc3339(*text);
  if (!instant) {
    return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", name, instant.error().message));
  }
  return std::optional(*instant);
}

Result<std::uint64_t> integer_parameter(const http::Request& request, std::string_view name,
                                        IntegerRange range, std::uint64_t fallback) {
  const std::optional<std::string_view> text = request.query_value(name);
  if (!text) return fallback;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < range.min ||
      value > range.max) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} {} is out of range or no number; expected an integer from {} to {}",
                            name, quote(*text), range.min, range.max));
  }
  return value;
}

Result<std::uint32_t> fraction_e4_parameter(const http::Request& request, std::string_view name) {
  const std::optional<std::string_view> text = request.query_value(name);
  if (!text) return 0;
  const std::optional<std::uint32_t> value = fraction_e4(*text);
  if (!value) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} {} is out of range or no number; expected a decimal from 0 to 1 "
                            "like \"0.9\"",
                            name, quote(*text)));
  }
  return *value;
}

}  // namespace konomi::api
