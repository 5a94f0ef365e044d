#include "adapters/cassandra/rows.h"

#include "base/bytes.h"

#include <fmt/format.h>

namespace konomi::cassandra {
namespace {

std::string_view view_of(const konomi_bridge_bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data), bytes.size};
}

}  // namespace

RowReader::RowReader(const konomi_bridge_page& page)
    : rest_(view_of(page.cells)), rows_left_(page.row_count) {}

bool RowReader::next() {
  if (rows_left_ == 0) return false;
  --rows_left_;
  return true;
}

Result<std::optional<std::string_view>> RowReader::optional_bytes() {
  ByteReader reader(rest_);
  KONOMI_TRY(const std::uint32_t unsigned_size, reader.u32());
  const auto size = static_cast<std::int32_t>(unsigned_size);
  rest_ = reader.rest();
  if (size < 0) return std::optional<std::string_view>();
  if (rest_.size() < unsigned_size)
    return fail(ErrorCode::corrupted, "a row from Cassandra ends within a cell");
  const std::string_view cell = rest_.substr(0, unsigned_size);
  rest_.remove_prefix(unsigned_size);
  return std::optional(cell);
}

Result<std::string_view> RowReader::bytes() {
  KONOMI_TRY(const auto cell, optional_bytes());
  if (!cell) return fail(ErrorCode::corrupted, "a cell from Cassandra is null that never is");
  return *cell;
}

Result<std::string_view> RowReader::cell_of(std::size_t size) {
  KONOMI_TRY(const std::string_view cell, bytes());
  if (cell.size() != size)
    return fail(ErrorCode::corrupted,
                fmt::format("a cell from Cassandra has {} bytes, expected {}", cell.size(), size));
  return cell;
}

Result<std::int64_t> RowReader::bigint() {
  KONOMI_TRY(const std::string_view cell, cell_of(sizeof(std::int64_t)));
  KONOMI_TRY(const std::uint64_t value, ByteReader(cell).u64());
  return static_cast<std::int64_t>(value);
}

Result<std::int32_t> RowReader::integer() {
  KONOMI_TRY(const std::string_view cell, cell_of(sizeof(std::int32_t)));
  KONOMI_TRY(const std::uint32_t value, ByteReader(cell).u32());
  return static_cast<std::int32_t>(value);
}

Result<std::int8_t> RowReader::tinyint() {
  KONOMI_TRY(const std::string_view cell, cell_of(sizeof(std::int8_t)));
  return static_cast<std::int8_t>(cell[0]);
}

Result<BusinessDay> RowReader::date() {
  KONOMI_TRY(const std::string_view cell, cell_of(sizeof(std::uint32_t)));
  KONOMI_TRY(const std::uint32_t value, ByteReader(cell).u32());
  return BusinessDay::from_days_since_1970(
      static_cast<int>(static_cast<std::int64_t>(value) - kDateOf1970));
}

Result<Timestamp> RowReader::timestamp() {
  KONOMI_TRY(const std::int64_t milliseconds, bigint());
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

std::string_view Answers::paging_state(std::size_t index) const {
  return view_of(page(index).paging_state);
}

}  // namespace konomi::cassandra
