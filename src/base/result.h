#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace konomi {

// What went wrong, as far as a caller must tell cases apart. The enum is closed: a new code needs a
// caller that acts on it.
enum class ErrorCode {
  invalid_argument,  // The request can never succeed as it is. Tell its sender.
  not_found,         // What was asked for does not exist.
  overloaded,        // A bound was reached (queue, memory). Try again later.
  unavailable,       // The other side does not answer or refuses for now. Try again later.
  timed_out,         // No answer in time. Try again later; see may_have_happened.
  storage_full,  // No room on disk, or the disk is read-only. Try again when an operator has acted.
  corrupted,     // Stored bytes differ from what was written. An operator must act.
  cancelled,     // The caller asked to stop.
  internal,      // Our own mistake.
};

// The code's name as it appears in logs, metrics and answers: "invalid_argument".
std::string_view name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;             // What was expected, what came, and what to change.
  bool may_have_happened = false;  // The effect may have taken place although no success was seen.
};

// A value or an Error. Never dropped silently: the class is [[nodiscard]].
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{.code = code, .message = std::move(message)});
}

#define KONOMI_CONCAT_(a, b) a##b
#define KONOMI_CONCAT(a, b) KONOMI_CONCAT_(a, b)

// KONOMI_TRY(auto order, parse_order(body)); hands an error up, else names the value.
#define KONOMI_TRY(declaration, expression) \
  KONOMI_TRY_IMPL_(KONOMI_CONCAT(konomi_result_, __LINE__), declaration, expression)
#define KONOMI_TRY_IMPL_(result, declaration, expression)         \
  auto result = (expression);                                     \
  if (!result) return std::unexpected(std::move(result).error()); \
  declaration = std::move(*result)

// KONOMI_CHECK_OK(store.put(batch)); hands an error up; for a Result<void>, or when the value is
// not needed.
#define KONOMI_CHECK_OK(expression) \
  KONOMI_CHECK_OK_IMPL_(KONOMI_CONCAT(konomi_result_, __LINE__), expression)
#define KONOMI_CHECK_OK_IMPL_(result, expression) \
  if (auto result = (expression); !result) return std::unexpected(std::move(result).error())

}  // namespace konomi
