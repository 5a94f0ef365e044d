#include "wire/csv_writer.h"

#include "domain/timestamp.h"

namespace konomi::wire {
namespace {

bool must_be_quoted(std::string_view text) {
  return text.find_first_of(",\"\r\n") != std::string_view::npos;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char character : text) {
    if (character == '"') out += '"';
    out += character;
  }
  out += '"';
}

}  // namespace

CsvWriter& CsvWriter::instant(Timestamp value) {
  return text(to_rfc3339(value));
}

CsvWriter& CsvWriter::end_row() {
  text_ += '\n';
  comma_ = false;
  return *this;
}

CsvWriter& CsvWriter::field(Rows kind, std::string_view value) {
  if (kind != rows_) return *this;
  if (comma_) text_ += ',';
  comma_ = true;
  if (must_be_quoted(value)) {
    append_quoted(text_, value);
  } else {
    text_ += value;
  }
  return *this;
}

void append_csv_record(std::string& out, const std::vector<std::string_view>& fields) {
  bool comma = false;
  for (const std::string_view field : fields) {
    if (std::exchange(comma, true)) out += ',';
    const bool begins_with_mark = field.starts_with("\xef\xbb\xbf") ||
                                  field.starts_with("\xff\xfe") || field.starts_with("\xfe\xff");
    if (field.empty() || begins_with_mark || must_be_quoted(field)) {
      append_quoted(out, field);
    } else {
      out += field;
    }
  }
  out += '\n';
}

}  // namespace konomi::wire
