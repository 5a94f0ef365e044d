#pragma once

#include "base/clock.h"
#include "domain/business_day.h"
#include "wire/numbers.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::wire {

// Writes compact JSON piece by piece and puts the commas. What was written can be taken away at any
// point, so that a long answer needs no more memory than one piece of it. The caller closes what it
// opens and gives every key a value. Without an object around them, keys and values are members for
// an object that another function writes.
class JsonWriter {
 public:
  JsonWriter() = default;
  // Goes on behind `begun`, which take() hands back with what was written.
  explicit JsonWriter(std::string begun) : text_(std::move(begun)) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& end_line();  // Ends a line of NDJSON; the next value begins a new one.

  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }
  JsonWriter& optional_text(const std::optional<std::string>& value) {
    return value ? text(*value) : null();
  }
  JsonWriter& number(std::uint64_t value) { return raw(std::to_string(value)); }
  JsonWriter& integer(std::int64_t value) { return raw(std::to_string(value)); }
  JsonWriter& decimal(std::uint64_t scaled, int decimals) {
    return raw(decimal_text(scaled, decimals));
  }
  JsonWriter& fixed_decimal(std::uint64_t scaled, int decimals) {
    return raw(fixed_decimal_text(scaled, decimals));
  }
  JsonWriter& real(double value, int decimals);  // Rounded, with every decimal.
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& instant(Timestamp value);  // RFC 3339, UTC, milliseconds.
  JsonWriter& date(BusinessDay value) { return text(to_string(value)); }
  // What is JSON already: a value, or members of an object; nothing when it is empty.
  JsonWriter& raw(std::string_view json);

  std::size_t size() const { return text_.size(); }
  // What was written since the last take().
  std::string take() { return std::exchange(text_, {}); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void before_value();

  std::string text_;
  bool comma_ = false;  // Whether the next value or key follows one.
};

}  // namespace konomi::wire
