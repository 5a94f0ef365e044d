#pragma once

#include "base/result.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace konomi::support {

// Fails the test and throws, so that the test ends there.
[[noreturn]] inline void fail_test(const Error& error) {
  ADD_FAILURE() << name_of(error.code) << ": " << error.message;
  throw std::runtime_error(error.message);
}

// What a call gave that must not fail.
template <class T>
T value_of(Result<T> result) {
  if (!result) fail_test(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace konomi::support
