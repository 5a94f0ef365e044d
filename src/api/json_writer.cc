#include "api/json_writer.h"

#include "base/assert.h"
#include "base/json.h"
#include "domain/timestamp.h"
#include "http/message.h"

#include <charconv>

namespace konomi::api {
namespace {

template <class T>
void append_integer(std::string& out, T value) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  out.append(digits, end);
}

}  // namespace

void append_decimal(std::string& out, std::uint64_t scaled, int decimals) {
  KONOMI_ASSERT(decimals >= 0 && decimals <= 18, "10^decimals must fit 64 bits");
  std::uint64_t one = 1;
  for (int i = 0; i < decimals; ++i) one *= 10;
  append_integer(out, scaled / one);
  std::uint64_t fraction = scaled % one;
  if (fraction == 0) return;
  out += '.';
  while (fraction != 0) {
    one /= 10;
    out += static_cast<char>('0' + fraction / one);
    fraction %= one;
  }
}

std::uint64_t share_e4(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;
  return (part * 10'000 + whole / 2) / whole;
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

JsonWriter& JsonWriter::number(std::uint64_t value) {
  before_value();
  append_integer(text_, value);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  before_value();
  append_integer(text_, value);
  return *this;
}

JsonWriter& JsonWriter::decimal(std::uint64_t scaled, int decimals) {
  before_value();
  append_decimal(text_, scaled, decimals);
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

JsonWriter& JsonWriter::instant(Timestamp value) {
  return text(to_rfc3339(value));
}

JsonWriter& JsonWriter::date(BusinessDay value) {
  return text(to_string(value));
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

}  // namespace konomi::api
