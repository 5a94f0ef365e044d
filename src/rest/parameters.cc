#include "rest/parameters.h"

#include "domain/text.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace konomi::rest {
namespace {

// "0.9" → 9000, "5e-05" → 1, rounded up; nothing unless `text` is a JSON number from 0 to 1.
std::optional<std::uint32_t> fraction_e4(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 1) return std::nullopt;
  // 0.0007 times 10000 is a little more than 7.
  constexpr double kRoundingError = 1e-9;
  return static_cast<std::uint32_t>(std::max(0.0, std::ceil(value * 10'000 - kRoundingError)));
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

}  // namespace konomi::rest
