#include "adapters/cassandra/requests.h"

#include "adapters/cassandra/rows.h"
#include "base/bytes.h"

#include <algorithm>
#include <limits>

namespace konomi::cassandra {
namespace {

void append_size(std::string& out, std::size_t size) {
  append_u32(out, static_cast<std::uint32_t>(size));
}

}  // namespace

Requests& Requests::begin(const Statement& statement, bool joins_previous) {
  requests_.push_back({.statement = &statement,
                       .values_begin = values_.size(),
                       .joins_previous = joins_previous,
                       .paging_state = {}});
  if (!joins_previous) ++batches_;
  return *this;
}

void Requests::copy(const Requests& other, std::size_t index, bool joins_previous) {
  begin(*other.requests_[index].statement, joins_previous);
  values_ += other.values_of(index);
}

void Requests::add_next_page(const Requests& other, std::size_t index,
                             std::string_view paging_state) {
  copy(other, index, false);
  requests_.back().paging_state = paging_state;
}

std::string_view Requests::values_of(std::size_t index) const {
  const std::size_t begin = requests_[index].values_begin;
  const std::size_t end =
      index + 1 < requests_.size() ? requests_[index + 1].values_begin : values_.size();
  return std::string_view(values_).substr(begin, end - begin);
}

Requests& Requests::bigint(std::int64_t value) {
  append_size(values_, sizeof(value));
  append_u64(values_, static_cast<std::uint64_t>(value));
  return *this;
}

Requests& Requests::integer(std::int32_t value) {
  append_size(values_, sizeof(value));
  append_u32(values_, static_cast<std::uint32_t>(value));
  return *this;
}

Requests& Requests::tinyint(std::int8_t value) {
  append_size(values_, sizeof(value));
  append_u8(values_, static_cast<std::uint8_t>(value));
  return *this;
}

Requests& Requests::bytes(std::string_view value) {
  append_size(values_, value.size());
  values_ += value;
  return *this;
}

Requests& Requests::date(BusinessDay day) {
  append_size(values_, sizeof(std::uint32_t));
  append_u32(values_, static_cast<std::uint32_t>(kDateOf1970 + day.days_since_1970()));
  return *this;
}

Requests& PartitionedWrites::add(const Statement& statement, const std::string& partition) {
  rows_of_partitions_[partition].push_back(rows_.size());
  return rows_.add(statement);
}

Requests PartitionedWrites::batches() const {
  Requests batches;
  for (const auto& [partition, rows] : rows_of_partitions_) {
    std::size_t batch_rows = 0;
    std::size_t batch_bytes = 0;
    for (const std::size_t row : rows) {
      const std::size_t bytes = rows_.values_of(row).size();
      const bool joins =
          batch_rows > 0 && batch_rows < kBatchRowsMax && batch_bytes + bytes <= kBatchBytesMax;
      batch_rows = joins ? batch_rows + 1 : 1;
      batch_bytes = joins ? batch_bytes + bytes : bytes;
      batches.copy(rows_, row, joins);
    }
  }
  return batches;
}

std::int64_t timestamp_of(Version version) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(version.value(), kMax));
}

}  // namespace konomi::cassandra
