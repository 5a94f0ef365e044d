#include "wire/json_writer.h"

#include "base/json.h"
#include "domain/timestamp.h"
#include "wire/numbers.h"

#include <fmt/format.h>

#include <iterator>

namespace konomi::wire {

JsonWriter& JsonWriter::end_line() {
  text_ += '\n';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  before_value();
  append_json_string(text_, name);
  text_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  before_value();
  append_json_string(text_, value);
  return *this;
}

JsonWriter& JsonWriter::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

JsonWriter& JsonWriter::optional_text(const std::optional<std::string>& value) {
  return value ? text(*value) : null();
}

JsonWriter& JsonWriter::number(std::uint64_t value) {
  before_value();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  before_value();
  const fmt::format_int digits(value);
  text_.append(digits.data(), digits.size());
  return *this;
}

JsonWriter& JsonWriter::decimal(std::uint64_t scaled, int decimals) {
  before_value();
  append_decimal(text_, scaled, decimals);
  return *this;
}

JsonWriter& JsonWriter::fixed_decimal(std::uint64_t scaled, int decimals) {
  before_value();
  append_fixed_decimal(text_, scaled, decimals);
  return *this;
}

JsonWriter& JsonWriter::real(double value, int decimals) {
  before_value();
  fmt::format_to(std::back_inserter(text_), "{:.{}f}", value, decimals);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  before_value();
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  before_value();
  text_ += "null";
  return *this;
}

// Digits and signs only: nothing to escape.
JsonWriter& JsonWriter::instant(Timestamp value) {
  before_value();
  text_.append(1, '"').append(to_rfc3339(value)).append(1, '"');
  return *this;
}

JsonWriter& JsonWriter::date(BusinessDay value) {
  before_value();
  text_.append(1, '"').append(to_string(value)).append(1, '"');
  return *this;
}

JsonWriter& JsonWriter::json(std::string_view written) {
  if (written.empty()) return *this;
  before_value();
  text_ += written;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  before_value();
  text_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

void JsonWriter::before_value() {
  if (comma_) text_ += ',';
  comma_ = true;
}

}  // namespace konomi::wire
