#include "tests/support/figures.h"

#include "domain/timestamp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace konomi::support {
namespace {

constexpr std::size_t kRowsPerRead = 7;  // Small, so that reading goes over the edges.
constexpr std::size_t kLinesShown = 20;

std::string name_of(const Standing& standing) {
  if (standing.is_none()) return "-";
  return standing.is_undecided() ? "?" : standing.menu_type().value();
}

std::string name_of(const Marks& marks) {
  std::string text;
  for (const auto& [partition, offset] : marks)
    text += fmt::format(" {}:{}", partition.value(), offset.value());
  return text;
}

// Reads everything there is, bucket by bucket.
class FigureReader {
 public:
  FigureReader(const FigurePorts& ports, BucketCount bucket_count, Detail detail,
               std::set<UserId> users)
      : ports_(ports),
        bucket_count_(bucket_count),
        everything_(detail == Detail::everything),
        users_(std::move(users)) {}

  Result<std::vector<std::string>> read() {
    KONOMI_TRY(const auto types, ports_.settings.menu_types());
    for (std::uint32_t i = 0; i < bucket_count_.value(); ++i) {
      const Bucket bucket(i);
      KONOMI_TRY(const auto marks, ports_.orders.marks(bucket));
      for (const auto& [day, mark] : marks) {
        KONOMI_CHECK_OK(read_bucket_day(day, bucket));
        if (everything_) add(fmt::format("mark {} {}:{}", to_string(day), i, name_of(mark)));
      }
      for (const MenuTypeEntry& type : types) KONOMI_CHECK_OK(read_segment(type.id, bucket));
    }
    KONOMI_CHECK_OK(read_users());
    KONOMI_CHECK_OK(read_days());
    if (everything_) KONOMI_CHECK_OK(read_progress());
    std::ranges::sort(lines_);
    return std::move(lines_);
  }

 private:
  void add(std::string line) { lines_.push_back(std::move(line)); }

  Result<void> read_bucket_day(BusinessDay day, Bucket bucket) {
    KONOMI_TRY(const auto orders, ports_.orders.scan(day, bucket));
    std::vector<StoredOrder> rows;
    do {
      KONOMI_CHECK_OK(orders->next(rows, kRowsPerRead));
      for (const StoredOrder& row : rows) users_.insert(row.order.user_id);
    } while (!rows.empty());
    KONOMI_TRY(const auto changes, ports_.preferences.changes(day, bucket));
    std::vector<UserChange> changed;
    do {
      KONOMI_CHECK_OK(changes->next(changed, kRowsPerRead));
      for (const UserChange& row : changed) {
        if (row.change.from == row.change.to) continue;
        add(line_of_change(day, row.user_id, name_of(row.change.from), name_of(row.change.to)));
      }
    } while (!changed.empty());
    return everything_ ? read_bucket_summary(day, bucket) : Result<void>();
  }

  Result<void> read_bucket_summary(BusinessDay day, Bucket bucket) {
    const std::string where = fmt::format("bucket {} {}", to_string(day), bucket.value());
    KONOMI_TRY(const auto parts, ports_.summaries.day_parts(day, {&bucket, 1}));
    if (const auto& summary = parts.front().summary) {
      add(fmt::format("{} orders={} users={} checksum={:x} version={} counted={}", where,
                      summary->figures.orders, summary->figures.users, summary->figures.checksum,
                      summary->version.value(), name_of(summary->counted_up_to)));
    }
    for (const auto& [move, users] : parts.front().moves.moves)
      add(fmt::format("{} {} > {}: {}", where, name_of(move.first), name_of(move.second), users));
    return {};
  }

  Result<void> read_segment(const MenuType& type, Bucket bucket) {
    KONOMI_TRY(const auto cursor, ports_.preferences.segment(type, bucket, std::nullopt));
    std::vector<UserPreference> rows;
    do {
      KONOMI_CHECK_OK(cursor->next(rows, kRowsPerRead));
      for (const UserPreference& row : rows) {
        add(line_of_segment(type, row.user_id, row.preference));
        if (everything_) {
          add(fmt::format("segment {} {} version={}", type.value(), row.user_id.value(),
                          row.preference.version.value()));
        }
      }
    } while (!rows.empty());
    return {};
  }

  Result<void> read_users() {
    const std::vector<UserId> users(users_.begin(), users_.end());
    KONOMI_TRY(const auto days_of_users, ports_.preferences.counts_of(users));
    KONOMI_TRY(const auto preferences, ports_.preferences.preferences_of(users));
    for (std::size_t i = 0; i < users.size(); ++i) {
      for (const UserDayCounts& day : days_of_users[i]) {
        for (const TypeCount& count : day.counts)
          add(line_of_counts(users[i], day.day, count.menu_type, count.orders,
                             count.last_ordered_at));
        if (everything_) {
          add(fmt::format("counts {} {} version={}", users[i].value(), to_string(day.day),
                          day.version.value()));
        }
      }
      const auto& preference = preferences[i];
      if (!preference) continue;
      add(line_of_preference(users[i], *preference));
      if (everything_)
        add(fmt::format("user {} version={}", users[i].value(), preference->version.value()));
    }
    return {};
  }

  Result<void> read_days() {
    KONOMI_TRY(const auto range, ports_.summaries.days_range());
    if (!range) return {};
    KONOMI_TRY(const auto days, ports_.summaries.days(range->first, range->last, 100'000));
    for (const DaySummary& day : days) {
      add(line_of_day(day.day, day.figures.orders, day.figures.users, day.figures.checksum));
      for (const auto& [type, figures] : day.figures.types)
        add(line_of_type(day.day, type, figures.orders, figures.by_hour));
      for (const auto& [move, users] : day.moves)
        add(line_of_move(day.day, name_of(move.first), name_of(move.second), users));
      if (everything_) {
        add(fmt::format("day {} {} revision={} computed_at={} counted={}", to_string(day.day),
                        konomi::name_of(day.state), day.revision, to_rfc3339(day.computed_at),
                        name_of(day.counted_up_to)));
      }
    }
    return {};
  }

  Result<void> read_progress() {
    KONOMI_TRY(const auto progress, ports_.summaries.progress(all_buckets(bucket_count_)));
    if (!progress) return {};
    for (const auto& [partition, offset] : progress->next_offsets)
      add(fmt::format("progress {}: {}", partition.value(), offset.value()));
    return {};
  }

  const FigurePorts& ports_;
  const BucketCount bucket_count_;
  const bool everything_;
  std::set<UserId> users_;
  std::vector<std::string> lines_;
};

std::string evidence_of(const Preference& preference) {
  return fmt::format("{} {}/{} runner_up={} {}{}{} since={} confidence={} last={}",
                     preference.menu_type.value(), preference.orders, preference.total_orders,
                     preference.runner_up ? preference.runner_up->value() : "-",
                     preference.runner_up_orders, preference.tied ? " tied" : "",
                     preference.undecided ? " undecided" : "", to_string(preference.since),
                     preference.confidence_e4, to_rfc3339(preference.last_ordered_at));
}

}  // namespace

Result<std::vector<std::string>> read_figures(const FigurePorts& ports, BucketCount bucket_count,
                                              Detail detail, std::set<UserId> users) {
  return FigureReader(ports, bucket_count, detail, std::move(users)).read();
}

std::string line_of_day(BusinessDay day, std::uint64_t orders, std::uint64_t users,
                        std::uint64_t checksum) {
  return fmt::format("day {} orders={} users={} checksum={:x}", to_string(day), orders, users,
                     checksum);
}

std::string line_of_type(BusinessDay day, const MenuType& type, std::uint64_t orders,
                         const HourCounts& by_hour) {
  return fmt::format("day {} type {}: {} by hour {}", to_string(day), type.value(), orders,
                     fmt::join(by_hour, ","));
}

std::string line_of_move(BusinessDay day, const std::string& from, const std::string& to,
                         std::uint64_t users) {
  return fmt::format("day {} moved {} > {}: {}", to_string(day), from, to, users);
}

std::string line_of_change(BusinessDay day, const UserId& user, const std::string& from,
                           const std::string& to) {
  return fmt::format("change {} {}: {} > {}", to_string(day), user.value(), from, to);
}

std::string line_of_counts(const UserId& user, BusinessDay day, const MenuType& type,
                           std::uint64_t orders, Timestamp last_ordered_at) {
  return fmt::format("counts {} {} {}: {} last={}", user.value(), to_string(day), type.value(),
                     orders, to_rfc3339(last_ordered_at));
}

std::string line_of_preference(const UserId& user, const Preference& preference) {
  return fmt::format("user {} prefers {}", user.value(), evidence_of(preference));
}

std::string line_of_segment(const MenuType& type, const UserId& user,
                            const Preference& preference) {
  return fmt::format("segment {} {}: {}", type.value(), user.value(), evidence_of(preference));
}

std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& found) {
  std::vector<std::string> lines;
  const auto add_missing = [&](const char* mark, const auto& from, const auto& in) {
    std::vector<std::string> missing;
    std::ranges::set_difference(from, in, std::back_inserter(missing));
    for (const std::string& line : missing) lines.push_back(mark + line);
  };
  add_missing("  expected: ", expected, found);
  add_missing("  found:    ", found, expected);
  const std::size_t hidden = lines.size() > kLinesShown ? lines.size() - kLinesShown : 0;
  lines.resize(lines.size() - hidden);
  if (hidden > 0) lines.push_back(fmt::format("  … and {} more", hidden));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace konomi::support
