#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "domain/order.h"
#include "domain/preference.h"
#include "ports/preference_store.h"
#include "verify/findings.h"
#include "verify/scope.h"
#include "verify/taste.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace konomi::verify {

// A part of a bucket's users: those whose hashes end in the same bits.
class UserPart {
 public:
  bool holds(const UserId& user_id) const {
    return (std::hash<UserId>()(user_id) & mask_) == ending_;
  }

  // Keeps one half of the users and gives the other away.
  UserPart take_half() {
    UserPart other = *this;
    other.ending_ |= mask_ + 1;
    mask_ = other.mask_ = (mask_ << 1) | 1;
    return other;
  }

 private:
  std::size_t mask_ = 0;
  std::size_t ending_ = 0;
};

// Takes the orders of a part of a bucket's users in, and then compares everything that is stored
// about these users. The functions are called in the order in which they stand here.
class UserCheck {
 public:
  // Everything passed in outlives the object.
  UserCheck(const VerifyPorts& ports, const VerifyOptions& options, const Scope& scope,
            const PreferenceRules& rules, TypeNames& names, Bucket bucket, Notes& notes)
      : ports_(ports),
        options_(options),
        scope_(scope),
        rules_(rules),
        names_(names),
        bucket_(bucket),
        notes_(notes) {}

  void take(BusinessDay day, const Order& order);
  bool is_too_large() const;
  void keep_only(const UserPart& part);

  // Counts and preferences.
  Result<void> check_rows(const std::stop_token& stop);
  // The lists of who prefers what.
  Result<void> check_segments(const UserPart& part, const std::stop_token& stop);
  // The changes of a recounted day.
  Result<void> check_changes(const UserPart& part, BusinessDay day);

  // What the changes of these users come to, on recounted days.
  const std::map<BusinessDay, Moves>& moves() const { return moves_; }
  std::uint64_t users() const { return users_with_orders_; }

 private:
  struct User {
    std::vector<Taste> tastes;             // Recounted days, until judged; 0 orders: cancelled.
    std::vector<BusinessDay> days;         // All days of the user.
    std::optional<Preference> preference;  // What it should be.
    std::optional<BusinessDay> judged_on;  // A day whose recount would judge the user again.
    bool is_listed = false;
  };
  using Users = std::unordered_map<UserId, User>;
  using CountsByDay = std::map<BusinessDay, std::vector<TypeCount>>;

  Result<void> check_some(std::span<const UserId> users);
  void check_user(const UserId& user_id, const std::vector<UserDayCounts>& stored,
                  const std::optional<Preference>& preference);
  void check_counts(const UserId& user_id, const User& user, const CountsByDay& expected,
                    const std::vector<UserDayCounts>& stored);
  void judge_user(const UserId& user_id, User& user, const std::vector<UserDayCounts>& stored);
  CountsByDay counts_of(const std::vector<Taste>& tastes) const;
  Result<void> check_strangers(const UserPart& part, const std::stop_token& stop);
  Result<void> check_segment(const std::string& type, const UserPart& part,
                             const std::stop_token& stop);
  Notes::Mend judge_again(const User& user) const;

  const VerifyPorts& ports_;
  const VerifyOptions& options_;
  const Scope& scope_;
  const PreferenceRules rules_;
  TypeNames& names_;
  const Bucket bucket_;
  Notes& notes_;

  Users users_;
  std::size_t tastes_ = 0;
  std::uint64_t users_with_orders_ = 0;
  std::map<BusinessDay, std::map<UserId, PreferenceChange>> changes_;  // As they should be.
  std::map<BusinessDay, Moves> moves_;
};

}  // namespace konomi::verify
