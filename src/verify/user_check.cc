#include "verify/user_check.h"

#include "domain/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace konomi::verify {
namespace {

std::string text_of(const std::vector<TypeCount>& counts) {
  if (counts.empty()) return "nothing";
  std::string text;
  for (const TypeCount& count : counts) {
    text += fmt::format("{}{} {} (last {})", text.empty() ? "" : ", ", count.menu_type.value(),
                        count.orders, to_rfc3339(count.last_ordered_at));
  }
  return text;
}

std::string text_of(const PreferenceChange& change) {
  return fmt::format("{} to {}", describe(change.from), describe(change.to));
}

// Reads a cursor to its end.
template <class T, class Take>
Result<void> each_row(Result<std::unique_ptr<Cursor<T>>> opened, std::size_t rows_per_read,
                      const Take& take) {
  KONOMI_TRY(const auto cursor, std::move(opened));
  std::vector<T> rows;
  while (true) {
    KONOMI_CHECK_OK(cursor->next(rows, rows_per_read));
    if (rows.empty()) return {};
    for (const T& row : rows) KONOMI_CHECK_OK(take(row));
  }
}

}  // namespace

void UserCheck::take(BusinessDay day, const Order& order) {
  Taste taste{.day = day, .orders = 0};
  if (order.status == OrderStatus::placed) {
    taste.type = names_.number_of(order.menu_type.value());
    taste.orders = 1;
    taste.last = order.ordered_at;
  }
  users_[order.user_id].tastes.push_back(taste);
  ++tastes_;
}

bool UserCheck::is_too_large() const {
  return users_.size() > 1 && (users_.size() > options_.users_max || tastes_ > options_.orders_max);
}

void UserCheck::keep_only(const UserPart& part) {
  std::erase_if(users_, [&](const auto& entry) {
    if (part.holds(entry.first)) return false;
    tastes_ -= entry.second.tastes.size();
    return true;
  });
}

// --- Counts and preferences ----------------------------------------------------------------------

Result<void> UserCheck::check_rows(const std::stop_token& stop) {
  std::vector<UserId> ids;
  ids.reserve(users_.size());
  for (const auto& [user_id, user] : users_) ids.push_back(user_id);
  users_with_orders_ = ids.size();
  for (std::span<const UserId> rest(ids); !rest.empty();) {
    if (stop.stop_requested()) return stopped();
    const std::size_t some = std::min(rest.size(), options_.users_per_chunk);
    KONOMI_CHECK_OK(check_some(rest.first(some)));
    rest = rest.subspan(some);
  }
  return {};
}

Result<void> UserCheck::check_some(std::span<const UserId> users) {
  KONOMI_TRY(const auto counts, ports_.preferences.counts_of(users));
  KONOMI_TRY(const auto preferences, ports_.preferences.preferences_of(users));
  for (std::size_t i = 0; i < users.size(); ++i) check_user(users[i], counts[i], preferences[i]);
  return {};
}

void UserCheck::check_user(const UserId& user_id, const std::vector<UserDayCounts>& stored,
                           const std::optional<Preference>& preference) {
  User& user = users_[user_id];
  std::set<BusinessDay> days;
  for (const Taste& taste : user.tastes) {
    days.insert(taste.day);
    if (!user.judged_on && !scope_.unjudged.contains(taste.day)) user.judged_on = taste.day;
  }
  for (const UserDayCounts& of_day : stored) days.insert(of_day.day);
  user.days.assign(days.begin(), days.end());
  check_counts(user_id, user, counts_of(user.tastes), stored);
  judge_user(user_id, user, stored);
  user.tastes = {};

  if (preference) names_.number_of(preference->menu_type.value());
  const bool both = user.preference && preference;
  if (both ? same(*user.preference, *preference) : !user.preference && !preference) return;
  Notes::Mend mend = judge_again(user);
  if (!mend && !user.preference)
    mend = [user_id](RepairPlan& plan) { plan.strays.preferences.push_back(user_id); };
  const bool mendable = static_cast<bool>(mend);
  notes_.add({.user_id = user_id,
              .what = "preference",
              .expected = describe(user.preference),
              .found = describe(preference),
              .mendable = mendable},
             user.days, std::move(mend));
}

UserCheck::CountsByDay UserCheck::counts_of(const std::vector<Taste>& tastes) const {
  CountsByDay counts;
  for (const Taste& taste : tastes) {
    std::vector<TypeCount>& of_day = counts[taste.day];
    if (taste.orders == 0) continue;
    const MenuType type(names_.name_of(taste.type));
    auto count = std::ranges::find(of_day, type, &TypeCount::menu_type);
    if (count == of_day.end()) count = of_day.insert(count, TypeCount{.menu_type = type});
    count->orders += taste.orders;
    count->last_ordered_at = std::max(count->last_ordered_at, taste.last);
  }
  for (auto& [day, of_day] : counts) std::ranges::sort(of_day, {}, &TypeCount::menu_type);
  return counts;
}

void UserCheck::check_counts(const UserId& user_id, const User& user, const CountsByDay& expected,
                             const std::vector<UserDayCounts>& stored) {
  const auto note = [&](BusinessDay day, std::string should, std::string is, Notes::Mend mend) {
    notes_.add({.day = day,
                .user_id = user_id,
                .what = "counts",
                .expected = std::move(should),
                .found = std::move(is)},
               {day}, std::move(mend));
  };
  std::map<BusinessDay, const std::vector<TypeCount>*> stored_by_day;
  for (const UserDayCounts& of_day : stored) stored_by_day[of_day.day] = &of_day.counts;
  for (const auto& [day, counts] : expected) {
    const auto found = stored_by_day.find(day);
    if (found != stored_by_day.end() && *found->second == counts) continue;
    note(day, text_of(counts), found == stored_by_day.end() ? "missing" : text_of(*found->second),
         [day = day, bucket = bucket_](RepairPlan& plan) { plan.recounts.emplace(day, bucket); });
  }
  for (const auto& [day, counts] : stored_by_day) {
    if (counts->empty() || expected.contains(day) || !scope_.recounts(day)) continue;
    note(day, "no orders", text_of(*counts),
         [day = day, user_id, again = judge_again(user)](RepairPlan& plan) {
           plan.strays.counts.push_back({user_id, day});
           if (again) again(plan);
         });
  }
}

void UserCheck::judge_user(const UserId& user_id, User& user,
                           const std::vector<UserDayCounts>& stored) {
  std::vector<Taste> tastes;
  for (const Taste& taste : user.tastes) {
    if (taste.orders > 0) tastes.push_back(taste);
  }
  for (const UserDayCounts& of_day : stored) {
    for (const TypeCount& count : of_day.counts) {
      const std::uint32_t type = names_.number_of(count.menu_type.value());
      if (scope_.recounts(of_day.day)) continue;
      tastes.push_back(
          {.day = of_day.day, .type = type, .orders = count.orders, .last = count.last_ordered_at});
    }
  }
  std::erase_if(tastes, [&](const Taste& taste) { return scope_.unjudged.contains(taste.day); });
  Judgement judgement = judge(std::move(tastes), names_, rules_.min_orders);
  user.preference = std::move(judgement.preference);
  for (PreferenceChange& change : judgement.changes) {
    if (!scope_.recounts(change.day)) continue;
    ++moves_[change.day][{change.from, change.to}];
    changes_[change.day].emplace(user_id, std::move(change));
  }
}

Notes::Mend UserCheck::judge_again(const User& user) const {
  if (!user.judged_on) return {};
  return
      [of = BucketOfDay(*user.judged_on, bucket_)](RepairPlan& plan) { plan.recounts.insert(of); };
}

// --- Segments ------------------------------------------------------------------------------------

Result<void> UserCheck::check_segments(const UserPart& part, const std::stop_token& stop) {
  if (scope_.everything) KONOMI_CHECK_OK(check_strangers(part, stop));
  // By number, for a list may name types that nobody ordered.
  for (std::size_t i = 0; i < names_.names().size(); ++i)
    KONOMI_CHECK_OK(check_segment(names_.names()[i], part, stop));
  for (const auto& [user_id, user] : users_) {
    if (user.is_listed || !Standing::of(user.preference).is_type()) continue;
    notes_.add({.user_id = user_id,
                .what = "segment " + user.preference->menu_type.value(),
                .expected = describe(user.preference),
                .found = "missing",
                .mendable = user.judged_on.has_value()},
               user.days, judge_again(user));
  }
  return {};
}

// Who is in a segment without an order on any recounted day.
Result<void> UserCheck::check_strangers(const UserPart& part, const std::stop_token& stop) {
  std::vector<UserId> strangers;
  const auto check = [&]() -> Result<void> {
    if (stop.stop_requested()) return stopped();
    KONOMI_CHECK_OK(check_some(strangers));
    strangers.clear();
    return {};
  };
  for (std::size_t i = 0; i < names_.names().size(); ++i) {
    const MenuType type(names_.names()[i]);
    const auto take = [&](const UserPreference& row) -> Result<void> {
      if (!part.holds(row.user_id) || !users_.try_emplace(row.user_id).second) return {};
      strangers.push_back(row.user_id);
      return strangers.size() < options_.users_per_chunk ? Result<void>() : check();
    };
    KONOMI_CHECK_OK(each_row(ports_.preferences.segment(type, bucket_, std::nullopt),
                             options_.rows_per_read, take));
  }
  return check();
}

Result<void> UserCheck::check_segment(const std::string& type, const UserPart& part,
                                      const std::stop_token& stop) {
  if (stop.stop_requested()) return stopped();
  const auto take = [&](const UserPreference& row) -> Result<void> {
    const auto found = users_.find(row.user_id);
    if (!part.holds(row.user_id) || found == users_.end()) return {};
    User& user = found->second;
    const Standing standing = Standing::of(user.preference);
    const bool belongs = standing.is_type() && standing.menu_type().value() == type;
    if (belongs) user.is_listed = true;
    if (belongs && same(*user.preference, row.preference)) return {};
    Notes::Mend again = judge_again(user);
    const bool mendable = !belongs || static_cast<bool>(again);
    const Notes::Mend mend = [=, bucket = bucket_, user_id = row.user_id](RepairPlan& plan) {
      if (!belongs) plan.strays.members.push_back({MenuType(type), bucket, user_id});
      if (again) again(plan);
    };
    notes_.add({.user_id = row.user_id,
                .what = "segment " + type,
                .expected = belongs ? describe(user.preference) : "not in it",
                .found = describe(row.preference),
                .mendable = mendable},
               user.days, mend);
    return {};
  };
  return each_row(ports_.preferences.segment(MenuType(type), bucket_, std::nullopt),
                  options_.rows_per_read, take);
}

// --- Changes -------------------------------------------------------------------------------------

Result<void> UserCheck::check_changes(const UserPart& part, BusinessDay day) {
  std::map<UserId, PreferenceChange> missing = std::exchange(changes_[day], {});
  const auto note = [&](const UserId& user_id, std::string should, std::string is, bool stray) {
    const auto user = users_.find(user_id);
    const bool known = user != users_.end();
    std::vector<BusinessDay> days = known ? user->second.days : std::vector<BusinessDay>();
    days.push_back(day);
    Notes::Mend again = known ? judge_again(user->second) : Notes::Mend();
    const Notes::Mend mend = [=, bucket = bucket_](RepairPlan& plan) {
      if (stray) plan.strays.changes.push_back({day, bucket, user_id});
      if (again) again(plan);
      plan.recounts.emplace(day, bucket);
    };
    notes_.add({.day = day,
                .user_id = user_id,
                .what = "change",
                .expected = std::move(should),
                .found = std::move(is)},
               std::move(days), mend);
  };
  const auto take = [&](const UserChange& row) -> Result<void> {
    if (!part.holds(row.user_id) || row.change.from == row.change.to) return {};
    const auto found = missing.find(row.user_id);
    if (found == missing.end()) {
      note(row.user_id, "none", text_of(row.change), true);
      return {};
    }
    if (found->second.from != row.change.from || found->second.to != row.change.to)
      note(row.user_id, text_of(found->second), text_of(row.change), false);
    missing.erase(found);
    return {};
  };
  KONOMI_CHECK_OK(each_row(ports_.preferences.changes(day, bucket_), options_.rows_per_read, take));
  for (const auto& [user_id, change] : missing) note(user_id, text_of(change), "missing", false);
  return {};
}

}  // namespace konomi::verify
