#pragma once

#include "adapters/rocks/database.h"
#include "base/mutex.h"
#include "ports/dead_letters.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace konomi::rocks {

// In the database of the watermarks, so that a letter survives whatever they survive. The number of
// letters that wait is a row of its own, written with them: counting a million rows takes too long
// for a status page. A letter and its history are one row.
class RocksDeadLetters final : public DeadLetters {
 public:
  explicit RocksDeadLetters(Database& database) : database_(database) {}

  Result<void> put(const std::vector<DeadLetter>& letters) override;
  Result<void> add(const std::vector<LetterEvent>& events) override;
  Result<std::uint64_t> erase(const UserId& user_id, const LogPosition& position,
                              Timestamp at) override;
  Result<std::uint64_t> expire(Timestamp before, std::size_t letters_max) override;
  Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max,
                                       std::optional<LetterState> state) override;
  Result<std::optional<DeadLetter>> find(const LogPosition& position) override;
  Result<std::uint64_t> count_waiting() override;

 private:
  // Removes those that are to go, `letters_max` at most; how many.
  Result<std::uint64_t> remove(std::size_t letters_max,
                               const std::function<bool(const DeadLetter&)>& is_to_go);

  Database& database_;
  Mutex write_mutex_;  // All writes read before they write.
};

}  // namespace konomi::rocks
