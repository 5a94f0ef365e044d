#include "operate/migration.h"

#include "base/log.h"
#include "base/wait.h"
#include "domain/text.h"
#include "export/export.h"
#include "wire/json_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace konomi::operate {
namespace {

constexpr std::size_t kBatchOrders = 1'000;
constexpr std::size_t kLettersPerLook = 200;
constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kPauseMax{5'000};
constexpr std::chrono::minutes kTryFor{10};
constexpr std::size_t kDifferencesMax = 5;

Result<std::set<BusinessDay>> days_of(const MigrationSide& side) {
  std::set<BusinessDay> days;
  for (const Bucket bucket : all_buckets(side.bucket_count)) {
    KONOMI_TRY(const auto marks, side.ports.order_store.marks(bucket));
    for (const auto& [day, of_day] : marks) days.insert(day);
  }
  return days;
}

LogPosition moved(LogPosition position) {
  position.partition = LogPartition(position.partition.value() + kMigratedPartitions);
  return position;
}

exporting::ExportPorts export_ports(const Ports& ports) {
  return {.orders = ports.order_store,
          .summaries = ports.summary_store,
          .preferences = ports.preference_store,
          .settings = ports.settings_store};
}

// The lines of an export, one by one.
class Lines {
 public:
  Lines(const MigrationSide& side, exporting::Kind kind)
      : rows_(export_ports(side.ports), side.bucket_count, {.kinds = {kind}}) {}

  // Valid until the next call; nothing at the end.
  Result<std::optional<std::string_view>> next() {
    if (at_ == piece_.size()) {
      at_ = 0;
      KONOMI_TRY(const bool more, rows_.next(piece_));
      if (!more) return std::optional<std::string_view>();
    }
    const std::size_t end = piece_.find('\n', at_);
    const std::string_view line = std::string_view(piece_).substr(at_, end - at_);
    at_ = end + 1;
    return std::optional(line);
  }

 private:
  exporting::Export rows_;
  std::string piece_;
  std::size_t at_ = 0;
};

using Differences = std::vector<std::string>;

Result<void> compare_lines(const MigrationSide& source, const MigrationSide& target,
                           exporting::Kind kind, std::string_view name, Differences& differences) {
  Lines left(source, kind), right(target, kind);
  while (true) {
    KONOMI_TRY(const auto expected, left.next());
    KONOMI_TRY(const auto found, right.next());
    if (!expected && !found) return {};
    if (expected == found) continue;
    differences.push_back(fmt::format("{}: {} here is {} there", name,
                                      expected ? *expected : "no further line",
                                      found ? *found : "no further line"));
    // One line too many shifts all that follow.
    return {};
  }
}

struct Sum {
  std::uint64_t lines = 0;
  std::uint64_t hash = 0;

  friend bool operator==(const Sum&, const Sum&) = default;
};

Result<Sum> sum_of(const MigrationSide& side, exporting::Kind kind) {
  Lines lines(side, kind);
  Sum sum;
  while (true) {
    KONOMI_TRY(const auto line, lines.next());
    if (!line) return sum;
    ++sum.lines;
    sum.hash += std::hash<std::string_view>()(*line);
  }
}

}  // namespace

// How far it got, as a file: {"target":"…","copied_up_to":"2025-05-31","letters":true}
struct Migration::State {
  std::optional<BusinessDay> copied_up_to;
  bool letters = false;  // Everything is copied.
};

Result<Migration::State> Migration::begin() {
  KONOMI_TRY(const auto expiry, source_.ports.settings_store.expiry());
  if (expiry) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("raw orders of days before {} have left (retention_orders), and a "
                            "migration copies orders: the figures of those days would be missing "
                            "there; `konomi backup` and `restore` keep them",
                            to_string(expiry->before)));
  }
  State state;
  bool is_ours = false;
  std::ifstream file(state_);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (!text.empty() && parser.parse(text).get(json) == simdjson::SUCCESS) {
    std::string_view target, day;
    is_ours = json["target"].get(target) == simdjson::SUCCESS && target == target_name_;
    if (is_ours && json["copied_up_to"].get(day) == simdjson::SUCCESS) {
      KONOMI_TRY(state.copied_up_to, parse_business_day(day));
    }
    if (is_ours && json["letters"].get(state.letters) != simdjson::SUCCESS) state.letters = false;
  }
  KONOMI_TRY(const auto ends, target_.ports.order_log.ends());
  std::uint64_t orders = 0;
  for (const auto& [partition, end] : ends) orders += end.value();
  if (is_ours && (orders > 0 || !state.copied_up_to)) return state;
  if (orders > 0) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} holds {} orders already, and not of an earlier run of this "
                            "migration; expected an empty data directory, or a new topic and a "
                            "new keyspace",
                            target_name_, orders));
  }
  // What an earlier run had copied to a target of this name is gone: start over.
  state = State();
  KONOMI_CHECK_OK(save(state));
  return state;
}

Result<void> Migration::save(const State& state) const {
  wire::JsonWriter json;
  json.begin_object().key("target").text(target_name_);
  if (state.copied_up_to) json.key("copied_up_to").date(*state.copied_up_to);
  json.key("letters").boolean(state.letters).end_object().end_line();
  std::filesystem::path partial = state_;
  partial += ".partial";
  std::ofstream file(partial, std::ios::trunc);
  file << json.take();
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, state_, error);
  if (!file || error) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be written, and a migration remembers there how far it got",
                            state_.string()));
  }
  return {};
}

Result<Migration::Copied> Migration::run(std::stop_token stop, const Progress& progress) {
  KONOMI_TRY(State state, begin());
  Copied copied;
  if (state.letters) return copied;
  KONOMI_TRY(const auto menu_types, source_.ports.settings_store.menu_types());
  KONOMI_CHECK_OK(target_.ports.settings_store.put_menu_types(menu_types));
  KONOMI_TRY(const auto days, days_of(source_));
  for (const BusinessDay day : days) {
    if (state.copied_up_to && day <= *state.copied_up_to) continue;
    KONOMI_CHECK_OK(copy_day(day, stop, copied, progress));
    // Before this is written the day may be copied twice, which is the same as once.
    state.copied_up_to = day;
    KONOMI_CHECK_OK(save(state));
  }
  KONOMI_CHECK_OK(copy_letters(copied));
  state.letters = true;
  KONOMI_CHECK_OK(save(state));
  return copied;
}

Result<void> Migration::copy_day(BusinessDay day, const std::stop_token& stop, Copied& copied,
                                 const Progress& progress) {
  std::vector<StoredOrder> rows;
  std::vector<Order> batch;
  for (const Bucket bucket : all_buckets(source_.bucket_count)) {
    KONOMI_TRY(const auto cursor, source_.ports.order_store.scan(day, bucket));
    do {
      KONOMI_CHECK_OK(cursor->next(rows, kBatchOrders));
      for (StoredOrder& row : rows) batch.push_back(std::move(row.order));
      if (batch.size() < kBatchOrders) continue;
      copied.orders += batch.size();
      KONOMI_CHECK_OK(append(std::exchange(batch, {}), stop));
      progress(copied, day);
    } while (!rows.empty());
  }
  copied.orders += batch.size();
  KONOMI_CHECK_OK(append(std::move(batch), stop));
  progress(copied, day);
  return {};
}

Result<void> Migration::append(std::vector<Order> orders, const std::stop_token& stop) {
  std::chrono::milliseconds waited{0};
  std::chrono::milliseconds pause = kFirstPause;
  while (true) {
    if (stop.stop_requested())
      return fail(ErrorCode::cancelled, "stopped; the same command goes on from here");
    // Shared, because the log's thread still holds it when the outcome is already taken.
    const auto done = std::make_shared<std::promise<Result<void>>>();
    auto outcome = done->get_future();
    target_.ports.order_log.append(
        orders, [done](Result<void> written) { done->set_value(std::move(written)); });
    Result<void> written = outcome.get();
    if (written) return {};
    const ErrorCode code = written.error().code;
    const bool passes = code == ErrorCode::overloaded || code == ErrorCode::unavailable ||
                        code == ErrorCode::timed_out;
    if (!passes || waited >= kTryFor) return written;
    log_warning("the new log takes no orders for now: {}", written.error().message);
    wait_or_stop(stop, pause);
    waited += pause;
    pause = std::min(pause * 2, kPauseMax);
  }
}

Result<void> Migration::copy_letters(Copied& copied) {
  std::optional<LogPosition> after;
  while (true) {
    KONOMI_TRY(auto letters, source_.ports.dead_letters.list(after ? &*after : nullptr,
                                                             kLettersPerLook, std::nullopt));
    if (letters.empty()) return {};
    after = letters.back().position;
    std::vector<LetterEvent> events;
    for (DeadLetter& letter : letters) {
      letter.position = moved(letter.position);
      for (LetterEvent& event : letter.history) {
        event.letter = letter.position;
        if (event.position) event.position = moved(*event.position);
        events.push_back(event);
      }
    }
    KONOMI_CHECK_OK(target_.ports.dead_letters.put(letters));
    if (!events.empty()) KONOMI_CHECK_OK(target_.ports.dead_letters.add(events));
    copied.letters += letters.size();
  }
}

Result<std::vector<std::string>> compare(const MigrationSide& source, const MigrationSide& target,
                                         bool same_days) {
  using exporting::Kind;
  Differences differences;
  KONOMI_CHECK_OK(compare_lines(source, target, Kind::menu_types, "menu_types", differences));
  if (same_days) {
    for (const auto& [kind, name] :
         {std::pair(Kind::orders, "orders"), std::pair(Kind::days, "days"),
          std::pair(Kind::users, "users"), std::pair(Kind::segments, "segments"),
          std::pair(Kind::changes, "changes")})
      KONOMI_CHECK_OK(compare_lines(source, target, kind, name, differences));
    return differences;
  }
  KONOMI_TRY(const Sum expected, sum_of(source, Kind::orders));
  KONOMI_TRY(const Sum found, sum_of(target, Kind::orders));
  if (expected != found) {
    differences.push_back(
        fmt::format("orders: {} here and {} there{}", expected.lines, found.lines,
                    expected.lines == found.lines
                        ? ", not the same"
                        : "; two orders of a guest with one order_id that lie on one day now are "
                          "one"));
  }
  return differences;
}

}  // namespace konomi::operate
