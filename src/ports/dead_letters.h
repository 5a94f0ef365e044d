#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "domain/ids.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace konomi {

// A log record that cannot be stored, byte for byte as it was read, with the reason.
struct DeadLetter {
  LogPosition position;  // Its identity: writing the same position again changes nothing.
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
  Timestamp logged_at;
  std::string
      reason;  // A code: "unreadable", "invalid_order", "too_many_menu_types", "unknown_menu_type".
  std::string message;  // What was expected and what came.
  Timestamp failed_at;
};

// Where dead letters are kept. Blocking; safe from every thread.
class DeadLetters {
 public:
  virtual ~DeadLetters() = default;

  // Success: all of them survive whatever the consumer's position survives. May be repeated.
  virtual Result<void> put(const std::vector<DeadLetter>& letters) = 0;

  // Up to `letters_max` letters after `after` (nothing: from the start), by position.
  virtual Result<std::vector<DeadLetter>> list(const LogPosition* after,
                                               std::size_t letters_max) = 0;

  virtual Result<std::uint64_t> count() = 0;
};

}  // namespace konomi
