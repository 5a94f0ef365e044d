#pragma once

#include "base/result.h"
#include "domain/dead_letter.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace konomi {

// Where dead letters are kept, each with its history. Blocking; safe from every thread.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;

  // Success: all of them survive whatever the consumer's position survives. A letter whose position
  // is there already changes nothing, and neither does the history of a letter that is put.
  virtual Result<void> put(const std::vector<DeadLetter>& letters) = 0;

  // Adds to the histories of letters. Success: every event is durable (embedded: fsync), for people
  // have decided most of them. May be repeated: see is_repeated(). An event of a letter that is not
  // there is of no consequence.
  virtual Result<void> add(const std::vector<LetterEvent>& events) = 0;

  // Removes the letters of a user that lie in the log before the erasure at `position`: those whose
  // key is the user's id, or whose value names it as an order does. How many there were. On a
  // cluster their bytes stay in the topic until its retention, and nobody is shown them, also when
  // a consumer that is late puts one again. Doing it again removes nothing.
  virtual Result<std::uint64_t> erase(const UserId& user_id, const LogPosition& position,
                                      Timestamp at) = 0;

  // Removes letters that died before this instant, whatever became of them, with their histories:
  // at most `letters_max` (embedded). How many. On a cluster a letter stays as long as one before
  // it in its partition of the topic is to stay.
  virtual Result<std::uint64_t> expire(Timestamp before, std::size_t letters_max) = 0;

  // Up to `letters_max` letters after `after` (null: from the start), by position, of one state if
  // it is given.
  virtual Result<std::vector<DeadLetter>> list(const LogPosition* after, std::size_t letters_max,
                                               std::optional<LetterState> state) = 0;

  // Returns nothing when the letter does not exist.
  virtual Result<std::optional<DeadLetter>> find(const LogPosition& position) = 0;

  // How many letters are waiting.
  virtual Result<std::uint64_t> count_waiting() = 0;
};

}  // namespace konomi
