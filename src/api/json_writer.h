#pragma once

#include "base/clock.h"
#include "domain/business_day.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::api {

// Appends `scaled` / 10^decimals without trailing zeros: (4130, 4) is "0.413", (10000, 4) is "1".
// `decimals` is at most 18.
void append_decimal(std::string& out, std::uint64_t scaled, int decimals);

// `part` / `whole` in ten-thousandths, rounded half up; 0 of nothing. `part` ≤ `whole` < 2^48.
std::uint64_t share_e4(std::uint64_t part, std::uint64_t whole);

// Writes compact JSON piece by piece and puts the commas. What was written can be taken away at any
// point, so that a long answer needs no more memory than one piece of it. The caller closes what it
// opens and gives every key a value.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::uint64_t value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& decimal(std::uint64_t scaled, int decimals);  // As append_decimal().
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& instant(Timestamp value);  // RFC 3339, UTC, milliseconds.
  JsonWriter& date(BusinessDay value);

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

}  // namespace konomi::api
