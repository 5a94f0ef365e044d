#pragma once

#include "base/result.h"
#include "import/byte_source.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::import {

// One record of a CSV file. Reused from call to call, so that reading allocates little.
struct CsvRecord {
  std::uint64_t line = 0;           // The line of its first character, from 1.
  std::string raw;                  // As it stands in the file, without its line end.
  std::vector<std::string> fields;  // Unquoted; empty when there is a problem.
  std::string problem;              // Why it cannot be read, or "".
};

// Reads CSV as RFC 4180 has it: quotes, doubled quotes, line breaks within quotes, LF or CRLF, a
// byte order mark. Empty lines are skipped. A quote within an unquoted field is an ordinary
// character. Where quotes do not add up (text after a closing quote, no closing quote within
// kRecordBytesMax), only the line on which the record began is a problem, and reading goes on at
// the line after it: one bad row takes no other with it. Memory does not grow with the file.
class CsvReader {
 public:
  static constexpr std::size_t kRecordBytesMax = 64 * 1024;

  // `source` outlives the reader.
  explicit CsvReader(ByteSource& source);

  // Replaces `record` by the next one; false at the end. Errors are the source's.
  Result<bool> next(CsvRecord& record);

 private:
  Result<void> skip_byte_order_mark();
  // Passes the rest of a line that is longer than the window.
  Result<void> skip_to_line_end();
  Result<bool> reject_first_line(CsvRecord& record, std::string_view problem);

  InputBuffer input_;
  std::uint64_t line_ = 1;
  bool started_ = false;
};

}  // namespace konomi::import
