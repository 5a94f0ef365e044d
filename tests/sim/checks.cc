#include "tests/sim/checks.h"

#include "base/assert.h"
#include "tests/sim/tills.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace konomi::sim {
namespace {

void cut_field(std::string_view field, std::string& line) {
  const auto at = line.find(field);
  if (at != std::string::npos) line.erase(at, line.find(' ', at + 1) - at);
}

}  // namespace

std::vector<std::string> Checks::read(support::Detail detail) {
  std::set<UserId> users;
  for (int i = 0; i <= world_.setting.users + Tills::kCount; ++i)
    users.emplace(fmt::format("user{}", i));
  SimulatedEngine& engine = *world_.engine;
  auto lines = support::read_figures({engine.order_store(), engine.summary_store(),
                                      engine.preference_store(), engine.settings_store()},
                                     world_.setting.bucket_count, detail, std::move(users));
  KONOMI_ASSERT(lines, "no faults any more");
  return *std::move(lines);
}

// A day that has lost its only user stays, without orders, if it was ever counted.
std::vector<std::string> Checks::comparable(std::vector<std::string> lines) const {
  std::erase_if(lines, [&](const std::string& line) {
    return line.ends_with(" orders=0 users=0 checksum=0") ||
           std::ranges::any_of(departures_.erased_days(), [&](BusinessDay day) {
             return line.starts_with("day " + to_string(day) + " ");
           });
  });
  return lines;
}

bool Checks::compare_figures(const std::string& when) {
  departures_.finish_erasures();
  const std::string wrong = support::difference(comparable(world_.oracle.figures()),
                                                comparable(read(support::Detail::answers)));
  if (!wrong.empty()) world_.chronicle.fail(when + ": the figures are wrong\n" + wrong);
  return wrong.empty();
}

void Checks::check_bookkeeping(const std::string& when, std::uint64_t unreadable_records) {
  Chronicle& chronicle = world_.chronicle;
  SimulatedEngine& engine = *world_.engine;
  const auto ends = engine.order_log().ends().value();
  auto counted = engine.summary_store()
                     .progress(all_buckets(world_.setting.bucket_count))
                     .value()
                     .value_or(CountProgress{});
  for (const auto& [partition, end] : ends) {
    if (counted.next_offsets[partition] != end)
      chronicle.fail(fmt::format("{}: the log ends at {}, counted up to {}", when, end.value(),
                                 counted.next_offsets[partition].value()));
  }
  const std::uint64_t too_late = departures_.orders_too_late();
  if (const auto letters = engine.dead_letters().count_waiting().value();
      letters != unreadable_records + too_late) {
    chronicle.fail(fmt::format("{}: {} unreadable records, {} orders too late, {} dead letters",
                               when, unreadable_records, too_late, letters));
    const auto all = engine.dead_letters().list(nullptr, 1'000, std::nullopt).value();
    for (const DeadLetter& letter : all)
      chronicle.say("letter {}:{} {} {} {}", letter.position.partition.value(),
                    letter.position.offset.value(), letter.reason, letter.key, letter.value);
  }
  for (const DaySummary& day : world_.all_days()) {
    if (day.state != DayState::final && day.state != DayState::revised)
      chronicle.fail(fmt::format("{}: {} is {} long after its end", when, to_string(day.day),
                                 name_of(day.state)));
  }
}

// The lines without what counting again may change.
std::vector<std::string> Checks::lasting(std::vector<std::string> lines) {
  constexpr std::string_view kBucket = "bucket ";
  for (std::string& line : lines) {
    cut_field(" computed_at=", line);
    // The same figures with a higher version: there is nothing to count them from.
    if (line.starts_with(kBucket) &&
        departures_.leaves(parse_business_day(line.substr(kBucket.size(), 10)).value()))
      cut_field(" version=", line);
  }
  std::ranges::sort(lines);
  return lines;
}

void Checks::check_recount(Counting& counting) {
  world_.chronicle.happened("recount");
  // Once before, so that all is counted under the generation of the last repair.
  counting.count_all_days();
  const auto before = read(support::Detail::everything);
  counting.count_all_days();
  const auto after = read(support::Detail::everything);
  const std::string changed = support::difference(lasting(before), lasting(after));
  if (!changed.empty()) world_.chronicle.fail("counting again changed something\n" + changed);
}

}  // namespace konomi::sim
