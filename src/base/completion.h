#pragma once

#include "base/result.h"

#include <functional>

namespace konomi {

// Called exactly once with the outcome of an asynchronous call, on whichever thread finished it.
// Must be quick, must not block and must not throw: a whole group of orders may be waiting behind
// it.
template <class T>
using Completion = std::move_only_function<void(Result<T>)>;

}  // namespace konomi
