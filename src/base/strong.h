#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace konomi {

// A value with a type of its own: a UserId cannot be passed for an OrderId, and neither converts
// back to a string implicitly.
template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(std::move(value)) {}

  constexpr const Rep& value() const& { return value_; }
  constexpr Rep&& value() && { return std::move(value_); }

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  friend constexpr bool operator==(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

}  // namespace konomi

template <class Tag, class Rep>
struct std::hash<konomi::Strong<Tag, Rep>> {
  std::size_t operator()(const konomi::Strong<Tag, Rep>& strong) const {
    return std::hash<Rep>{}(strong.value());
  }
};
