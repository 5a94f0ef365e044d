#include "tests/sim/verifying.h"

#include "base/assert.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

namespace konomi::sim {

verify::VerifyPorts Verifying::ports() {
  SimulatedEngine& engine = *world_.engine;
  return {engine.order_store(), engine.summary_store(), engine.preference_store(),
          engine.settings_store()};
}

verify::VerifyOptions Verifying::options() const {
  verify::VerifyOptions options;
  options.bucket_count = world_.setting.bucket_count;
  options.log_partitions = world_.setting.log_partitions;
  options.rules.min_orders = world_.setting.min_orders;
  options.judged_nightly = world_.setting.nightly;
  options.rows_per_read = 3;
  options.users_per_chunk = 2;
  options.users_max = 3;
  options.look_again_after = std::chrono::milliseconds(0);
  return options;
}

std::unique_ptr<verify::Verification> Verifying::verified() {
  auto verification = verify::Verification::begin(ports(), options(), world_.calendar, world_.clock,
                                                  std::nullopt, std::nullopt);
  KONOMI_ASSERT(verification && (*verification)->run(1, [] {}, {}), "no faults now");
  return std::move(*verification);
}

void Verifying::check(const std::string& when) {
  const auto verification = verified();
  const verify::Report& report = verification->report();
  if (report.differences_total > 0 || !report.not_counted_yet.empty())
    world_.chronicle.fail(when + ": verify is not content\n" + verify::to_text(report));
}

void Verifying::damage_and_repair() {
  if (!damage()) return;
  const auto verification = verified();
  if (verification->report().differences_total == 0)
    return world_.chronicle.fail("verify overlooks damage");
  KONOMI_ASSERT(verify::begin_repair(ports(), options(), verification->plan()), "no faults now");
  people_.learn_rules();
  world_.chronicle.happened("repair");
}

// Whether there was anything to damage.
bool Verifying::damage() {
  Dice& dice = world_.dice;
  SummaryStore& summaries = world_.engine->summary_store();
  PreferenceStore& preferences = world_.engine->preference_store();
  const auto days = world_.all_days();
  if (days.empty()) return false;
  DaySummary day =
      days[static_cast<std::size_t>(dice.between(0, static_cast<int>(days.size()) - 1))];
  if (departures_.leaves(day.day)) return false;  // What it was counted from is not there any more.
  const UserId user(fmt::format("user{}", dice.between(0, world_.setting.users)));
  const Bucket bucket = bucket_of(user, world_.setting.bucket_count);
  const auto preference = preferences.preferences_of({&user, 1}).value().front();
  const auto counts = preferences.counts_of({&user, 1}).value().front();
  const bool is_checked = !counts.empty() && !departures_.leaves(counts.back().day);
  switch (dice.between(1, 4)) {
    case 1:
      ++day.figures.orders;
      world_.chronicle.say("damaged the total of {}", to_string(day.day));
      return summaries.put_day(day).has_value();
    case 2: {
      auto part = summaries.day_parts(day.day, {&bucket, 1}).value().front();
      if (!part.summary) return false;
      part.summary->figures.checksum ^= 1;
      world_.chronicle.say("damaged bucket {} of {}", bucket.value(), to_string(day.day));
      return summaries.put_bucket_summary(day.day, bucket, *part.summary).has_value();
    }
    case 3:
      if (!Standing::of(preference).is_type() || !is_checked) return false;
      world_.chronicle.say("took {} out of a segment", user.value());
      return preferences
          .remove_strays({.members = {{preference->menu_type, bucket, user}}}, Version(0))
          .has_value();
    default:
      if (!is_checked || departures_.leaves(counts.front().day)) return false;
      world_.chronicle.say("lost counts of {}", user.value());
      return preferences.remove_strays({.counts = {{user, counts.front().day}}}, Version(0))
          .has_value();
  }
}

}  // namespace konomi::sim
