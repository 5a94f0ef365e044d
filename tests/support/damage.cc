// Damages stored figures, for tests of `konomi verify`: writes past everything that keeps them
// right.
//
//   konomi_damage --data-dir DIR 2012-05-01 USER STALE_TYPE     of a stopped konomi
//   konomi_damage 2012-05-01 USER STALE_TYPE                    of the cluster that KONOMI_* name
//
// The day's roll-up has an order too many, the user's counts of that day are gone, and the user is
// in the segment of a type that they do not prefer. On a cluster the rows are as somebody would
// leave them who wrote them by hand: with the wall clock as their timestamp, in the generation that
// is counted.
#include "base/clock.h"
#include "config/environment.h"
#include "config/load.h"
#include "domain/bucket.h"
#include "engine/engine.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string_view>

namespace konomi {
namespace {

Result<void> damage(const Ports& ports, BusinessDay day, const UserId& user, const MenuType& stale,
                    const Clock& clock) {
  KONOMI_TRY(const auto rules, ports.settings_store.counting_rules());
  const auto micros = std::chrono::microseconds(clock.now().time_since_epoch()).count();
  VersionSum now;
  now.add(static_cast<std::uint64_t>(micros));
  const Version by_hand = now.under(rules ? rules->generation : Generation(0));
  KONOMI_TRY(auto summary, ports.summary_store.day(day));
  if (!summary) return fail(ErrorCode::not_found, "there is no such day");
  ++summary->figures.orders;
  summary->version = by_hand;
  KONOMI_CHECK_OK(ports.summary_store.put_day(*summary));

  PreferenceStore& preferences = ports.preference_store;
  KONOMI_CHECK_OK(preferences.remove_strays({.counts = {{user, day}}}, by_hand));

  KONOMI_TRY(const auto stored, preferences.preferences_of({&user, 1}));
  if (!stored.front()) return fail(ErrorCode::not_found, "there is no such user");
  KONOMI_TRY(const auto settings, ports.settings_store.data_settings());
  PreferenceUpdate update{.user_id = user,
                          .bucket = bucket_of(user, settings->bucket_count),
                          .current = stored.front(),
                          .version = by_hand};
  update.current->menu_type = stale;
  KONOMI_CHECK_OK(preferences.put_preferences({update}));
  // The store forgets where the user is listed, and so leaves that row when it writes the right
  // one.
  KONOMI_CHECK_OK(preferences.remove_strays({.preferences = {user}}, by_hand));
  update.current = stored.front();
  update.version = Version(by_hand.value() + 1);
  KONOMI_CHECK_OK(preferences.put_preferences({update}));
  KONOMI_TRY(const auto cursor, preferences.segment(stale, update.bucket, std::nullopt));
  std::vector<UserPreference> rows;
  KONOMI_CHECK_OK(cursor->next(rows, 100'000));
  for (const UserPreference& row : rows) {
    if (row.user_id == user) return {};
  }
  return fail(ErrorCode::internal, "the stale row is not there");
}

}  // namespace
}  // namespace konomi

int main(int argc, char** argv) {
  using namespace konomi;
  config::ConfigSources sources{
      .flags = {}, .environment = config::process_environment(), .file = {}};
  int at = 1;
  if (argc > 2 && std::string_view(argv[1]) == "--data-dir") {
    sources.flags["data_dir"] = argv[2];
    at = 3;
  } else {
    sources.flags["engine"] = "cluster";
  }
  const auto config = config::load_config(sources);
  const auto day = parse_business_day(argc - at == 3 ? argv[at] : "");
  if (!config || !day) {
    fmt::print(stderr, "usage: konomi_damage [--data-dir DIR] DATE USER STALE_TYPE\n");
    return 2;
  }
  const SystemClock clock;
  config::Config values = config->values;
  values.roles.ingest = false;
  const auto engine = engine::open_engine(values, clock);
  const auto done =
      engine ? damage((*engine)->ports, *day, UserId(argv[at + 1]), MenuType(argv[at + 2]), clock)
             : Result<void>(std::unexpected(engine.error()));
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 1;
}
