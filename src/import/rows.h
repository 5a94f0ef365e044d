#pragma once

#include "base/result.h"
#include "domain/order.h"
#include "import/byte_source.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::import {

// The fields of an order, in the order of RowFields::values.
inline constexpr std::array<std::string_view, 5> kFieldNames = {"order_id", "user_id", "ordered_at",
                                                                "menu_type", "status"};

struct RowFields {
  std::array<std::optional<std::string>, kFieldNames.size()> values;

  OrderFields view() const;  // Valid as long as this object is.
};

// One row of a file. Reused from call to call.
struct Row {
  std::uint64_t line = 0;  // The line of its first character, from 1.
  std::string raw;         // As it stands in the file.
  RowFields fields;
  std::string problem;  // Why it cannot be read, or "".
};

// The rows of one file, whatever its format. Used by one thread; memory does not grow with the
// file.
class RowReader {
 public:
  virtual ~RowReader() = default;

  // Replaces `row` by the next one; false at the end. A row that cannot be read is a row with a
  // problem; errors are the file's.
  virtual Result<bool> next(Row& row) = 0;
};

// Where a CSV file has an order's fields.
struct ColumnPlan {
  // By name, against the header: field → column. Fields not named here are looked for under their
  // own name, and ordered_at also as "timestamp".
  std::array<std::string, kFieldNames.size()> names;
  // By position, for a file without a header: the field of each column, "" for one to pass over.
  std::vector<std::string> positions;

  bool by_position() const { return !positions.empty(); }
};

// Reads "order_id=ID,user_id=Guest" (names) or "order_id,user_id,-,menu_type,ordered_at"
// (positions, "-" passes a column over). `invalid_argument` says what is wrong.
Result<ColumnPlan> parse_columns(std::string_view text);

// Finds out whether `source` is NDJSON or CSV (NDJSON begins with "{"; a column plan means CSV) and
// begins to read it. `source` outlives the reader. `invalid_argument` when it is neither, or when a
// CSV header lacks a needed column; the message names the columns there are.
Result<std::unique_ptr<RowReader>> open_rows(ByteSource& source,
                                             const std::optional<ColumnPlan>& columns);

}  // namespace konomi::import
