#include "wire/json_writer.h"

#include "base/json.h"
#include "domain/timestamp.h"

#include <fmt/format.h>

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

JsonWriter& JsonWriter::real(double value, int decimals) {
  return raw(fmt::format("{:.{}f}", value, decimals));
}

// Nothing of it is to be escaped.
JsonWriter& JsonWriter::instant(Timestamp value) {
  before_value();
  text_.append(1, '"').append(to_rfc3339(value)).append(1, '"');
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  if (json.empty()) return *this;
  before_value();
  text_ += json;
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
