#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/day_summary.h"
#include "domain/preference.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <set>
#include <string>
#include <vector>

namespace konomi::support {

// Where figures are read.
struct FigurePorts {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
  SettingsStore& settings;
};

enum class Detail {
  answers,     // What people are shown, and must not depend on how it was counted.
  everything,  // Also versions, marks, states, revisions, times, and how far counting has come.
};

// All derived figures as sorted lines of text, so that two states can be compared and the
// difference can be read. Of those users who have orders stored, and of `users`.
Result<std::vector<std::string>> read_figures(const FigurePorts& ports, BucketCount bucket_count,
                                              Detail detail, std::set<UserId> users = {});

// How one fact is written as a line; the oracle writes its own facts with the same words.
std::string line_of_day(BusinessDay day, std::uint64_t orders, std::uint64_t users,
                        std::uint64_t checksum);
std::string line_of_type(BusinessDay day, const MenuType& type, std::uint64_t orders,
                         const HourCounts& by_hour);
std::string line_of_move(BusinessDay day, const std::string& from, const std::string& to,
                         std::uint64_t users);
std::string line_of_change(BusinessDay day, const UserId& user, const std::string& from,
                           const std::string& to);
std::string line_of_counts(const UserId& user, BusinessDay day, const MenuType& type,
                           std::uint64_t orders, Timestamp last_ordered_at);
std::string line_of_preference(const UserId& user, const Preference& preference);
std::string line_of_segment(const MenuType& type, const UserId& user, const Preference& preference);

// The lines of one side only, with what side that is; nothing when both are the same.
std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& found);

}  // namespace konomi::support
