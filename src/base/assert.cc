#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace konomi {

void assertion_failed(std::string_view expression, std::string_view message,
                      std::source_location where) {
  std::fprintf(stderr, "%s:%u: assertion failed: %.*s: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(expression.size()), expression.data(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

}  // namespace konomi
