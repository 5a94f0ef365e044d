#pragma once

#include "base/result.h"

#include <cstddef>
#include <vector>

namespace konomi {

// Reads many rows in order with flat memory. Used by one thread; sees the rows as they were when it
// was made, or later, never less.
template <class T>
class Cursor {
 public:
  virtual ~Cursor() = default;

  // Replaces `rows` by the next 1 to `rows_max` rows, and leaves it empty at the end. `unavailable`
  // and `timed_out` may be tried again with the same cursor.
  virtual Result<void> next(std::vector<T>& rows, std::size_t rows_max) = 0;
};

}  // namespace konomi
