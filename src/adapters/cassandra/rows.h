#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/business_day.h"

#include <konomi_bridge.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace konomi::cassandra {

// A CQL date counts days from -5877641-06-23, so that 1970-01-01 is the middle of 32 bits.
inline constexpr std::int64_t kDateOf1970 = std::int64_t{1} << 31;

// Reads the rows of one page, front to back, without copying them. A cell's reading is `corrupted`
// when it has not the size of its type, or is null.
class RowReader {
 public:
  explicit RowReader(const konomi_bridge_page& page);

  // Moves to the next row; all cells of the one before were read. False at the end.
  bool next();

  Result<std::int64_t> bigint();
  Result<std::int32_t> integer();
  Result<std::int8_t> tinyint();
  Result<std::string_view> bytes();                          // A text or a blob.
  Result<std::optional<std::string_view>> optional_bytes();  // Nothing: null.
  Result<BusinessDay> date();
  Result<Timestamp> timestamp();

 private:
  Result<std::string_view> cell_of(std::size_t size);

  std::string_view rest_;
  std::size_t rows_left_;
};

// What a run has read: a page for each request.
class Answers {
 public:
  explicit Answers(konomi_bridge_results* handle) : handle_(handle, &konomi_bridge_results_free) {}

  std::size_t size() const { return konomi_bridge_results_count(handle_.get()); }
  RowReader rows(std::size_t index) const { return RowReader(page(index)); }
  // Where the next page begins; empty when this was the last one. Points into this object.
  std::string_view paging_state(std::size_t index) const;

 private:
  using Handle = std::unique_ptr<konomi_bridge_results, decltype(&konomi_bridge_results_free)>;

  konomi_bridge_page page(std::size_t index) const {
    return konomi_bridge_results_page(handle_.get(), index);
  }

  Handle handle_;
};

}  // namespace konomi::cassandra
