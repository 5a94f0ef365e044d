#pragma once

#include "adapters/rocks/database.h"
#include "base/mutex.h"
#include "ports/dead_letters.h"

#include <cstdint>
#include <vector>

namespace konomi::rocks {

// In the database of the watermarks, so that a letter survives whatever they survive. The number of
// letters is a row of its own, written with them: counting a million rows takes too long for a
// status page.
class RocksDeadLetters final : public DeadLetters {
 public:
  explicit RocksDeadLetters(Database& database) : database_(database) {}

  Result<void> put(const std::vector<DeadLetter>& letters) override;
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max) override;
  Result<std::uint64_t> count() override;

 private:
  Database& database_;
  Mutex put_mutex_;  // put() reads the count before it writes.
};

}  // namespace konomi::rocks
