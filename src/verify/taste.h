#pragma once

#include "domain/business_day.h"
#include "domain/preference.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace konomi::verify {

// Menu types by number, for there are many orders and few types.
class TypeNames {
 public:
  std::uint32_t number_of(const std::string& name);
  const std::string& name_of(std::uint32_t number) const { return names_[number]; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// A user's order as far as it tells a taste; or several of a day and type, of which only the
// number and the last are known.
struct Taste {
  BusinessDay day;
  std::uint32_t type = 0;
  std::uint64_t orders = 1;
  Timestamp last;
};

// What docs/design.md#preference says about a user, worked out by sorting the orders: shares
// nothing with domain/preference.cc but the names of things. Version and confidence of the
// preference are 0.
struct Judgement {
  std::optional<Preference> preference;
  std::vector<PreferenceChange> changes;  // Ascending by day.
};
Judgement judge(std::vector<Taste> tastes, const TypeNames& names, std::uint64_t min_orders);

// Whether `confidence_e4` is the probability that the favourite's share exceeds the runner-up's,
// rounded either way when it lies between two.
bool is_confidence(std::uint32_t confidence_e4, std::uint64_t favourite_orders,
                   std::uint64_t runner_up_orders);

// For people: "washoku 3 of 5, then yoshoku 2, since 2025-05-31, …"; "none" without one.
std::string describe(const std::optional<Preference>& preference);
std::string describe(const Standing& standing);

// Whether both say the same, versions apart.
bool same(const Preference& expected, const Preference& found);

}  // namespace konomi::verify
