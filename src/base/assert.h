#pragma once

#include <source_location>
#include <string_view>

namespace konomi {

[[noreturn]] void assertion_failed(std::string_view expression, std::string_view message,
                                   std::source_location where = std::source_location::current());

}  // namespace konomi

// For our own mistakes only, and on in release as well. Bad input is never an assertion.
#define KONOMI_ASSERT(expression, message)              \
  do {                                                  \
    if (!(expression)) [[unlikely]]                     \
      ::konomi::assertion_failed(#expression, message); \
  } while (false)
