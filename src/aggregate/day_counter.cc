#include "aggregate/day_counter.h"

#include "aggregate/expiring.h"
#include "aggregate/user_judgement.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace konomi::aggregate {
namespace {

// One user's orders of the day, which arrive in user order.
class UserTally {
 public:
  explicit UserTally(BusinessDay day) : row_{.counts = {.day = day}} {}

  void begin(const UserId& user_id) {
    row_.user_id = user_id;
    row_.counts.counts.clear();
    version_ = {};
  }

  bool is_empty() const { return row_.user_id == UserId(); }  // No user has an empty id.
  bool is_of(const UserId& user_id) const { return row_.user_id == user_id; }
  bool has_placed() const { return !row_.counts.counts.empty(); }

  void add(const StoredOrder& stored) {
    version_.add_order(stored.version);
    if (stored.order.status != OrderStatus::placed) return;
    TypeCount& count = count_of(stored.order.menu_type);
    ++count.orders;
    count.last_ordered_at = std::max(count.last_ordered_at, stored.order.ordered_at);
  }

  // `erased` is the bucket's, or null.
  UserCountsRow row(Generation generation, const ErasedVersions* erased) {
    if (const auto* days = erased == nullptr ? nullptr : erased->of_user(row_.user_id)) {
      const auto lost = days->find(row_.counts.day);
      if (lost != days->end()) version_.add(lost->second);
    }
    row_.counts.version = version_.under(generation);
    return row_;
  }

 private:
  TypeCount& count_of(const MenuType& type) {
    auto& counts = row_.counts.counts;
    auto found = std::ranges::lower_bound(counts, type, {}, &TypeCount::menu_type);
    if (found == counts.end() || found->menu_type != type)
      found = counts.insert(found, TypeCount{.menu_type = type});
    return *found;
  }

  UserCountsRow row_;
  VersionSum version_;
};

struct Stores {
  OrderStore& orders;
  SummaryStore& summaries;
  PreferenceStore& preferences;
};

// One count: reads orders, tallies them, writes a chunk of users at a time, and the sums at the
// end.
class Count {
 public:
  Count(Stores stores, const BusinessCalendar& calendar, Heartbeat& heartbeat,
        const DayCounterOptions& options, BusinessDay day, Bucket bucket, const CountTerms& terms)
      : stores_(stores),
        calendar_(calendar),
        heartbeat_(heartbeat),
        options_(options),
        day_(day),
        bucket_(bucket),
        terms_(terms),
        tally_(day) {}

  Result<BucketCounted> run(const Marks& marks, const std::stop_token& stop) {
    KONOMI_CHECK_OK(count_users(stop));
    KONOMI_CHECK_OK(put_all_moves(stop));
    counted_.orders = summary_.figures.orders;
    counted_.users = summary_.figures.users;
    // Written last and with the marks, so that the bucket stays dirty until here.
    summary_.counted_up_to = marks;
    for (const auto& [partition, offset] : marks) version_.add(offset);
    if (terms_.erased != nullptr) version_.add(terms_.erased->of_day(day_));
    summary_.version = version_.under(generation());
    KONOMI_CHECK_OK(stores_.summaries.put_bucket_summary(day_, bucket_, summary_));
    return std::move(counted_);
  }

  Result<BucketCounted> renew(const BucketSummary& stored, const Marks& marks,
                              const std::stop_token& stop) {
    KONOMI_CHECK_OK(judge_users(stop));
    KONOMI_CHECK_OK(put_all_moves(stop));
    counted_.orders = stored.figures.orders;
    counted_.users = stored.figures.users;
    KONOMI_CHECK_OK(
        stores_.summaries.put_bucket_summary(day_, bucket_, raised(stored, marks, generation())));
    return std::move(counted_);
  }

 private:
  Result<void> count_users(const std::stop_token& stop) {
    KONOMI_TRY(const auto cursor, stores_.orders.scan(day_, bucket_));
    std::vector<StoredOrder> orders;
    while (true) {
      heartbeat_.beat();
      KONOMI_CHECK_OK(cursor->next(orders, options_.orders_per_read));
      if (orders.empty()) break;
      for (const StoredOrder& stored : orders) {
        if (!tally_.is_of(stored.order.user_id)) {
          KONOMI_CHECK_OK(finish_user(stop));
          tally_.begin(stored.order.user_id);
        }
        add(stored);
      }
    }
    KONOMI_CHECK_OK(finish_user(stop));
    return write_chunk();
  }

  void add(const StoredOrder& stored) {
    tally_.add(stored);
    version_.add_order(stored.version);
    if (stored.order.status == OrderStatus::placed)
      summary_.figures.add(stored.order, calendar_.hour_of(stored.order.ordered_at));
  }

  Result<void> finish_user(const std::stop_token& stop) {
    if (tally_.is_empty()) return {};
    if (tally_.has_placed()) ++summary_.figures.users;
    chunk_.push_back(tally_.row(generation(), terms_.erased));
    if (chunk_.size() < options_.users_per_chunk) return {};
    if (stop.stop_requested()) return stopped();
    return write_chunk();
  }

  Result<void> write_chunk() {
    if (chunk_.empty()) return {};
    heartbeat_.beat();
    KONOMI_CHECK_OK(stores_.preferences.put_counts(chunk_));
    std::vector<UserId> users;
    users.reserve(chunk_.size());
    for (UserCountsRow& row : chunk_) users.push_back(std::move(row.user_id));
    chunk_.clear();
    return judge(std::move(users));
  }

  // Judges every user with a change on the day, from that day on. Day by day this reaches all users
  // of a bucket, because each user's first day has a change.
  Result<void> judge_users(const std::stop_token& stop) {
    KONOMI_TRY(const auto cursor, stores_.preferences.changes(day_, bucket_));
    std::vector<UserChange> changes;
    while (true) {
      heartbeat_.beat();
      if (stop.stop_requested()) return stopped();
      KONOMI_CHECK_OK(cursor->next(changes, options_.users_per_chunk));
      if (changes.empty()) return {};
      std::vector<UserId> users;
      for (UserChange& change : changes) users.push_back(std::move(change.user_id));
      KONOMI_CHECK_OK(judge(std::move(users)));
    }
  }

  Result<void> judge(std::vector<UserId> users) {
    if (terms_.judged_before && day_ >= *terms_.judged_before) return {};
    KONOMI_TRY(const auto days_of_users, stores_.preferences.counts_of(users));
    KONOMI_TRY(const auto stored, stores_.preferences.preferences_of(users));
    std::vector<PreferenceUpdate> updates;
    updates.reserve(users.size());
    for (std::size_t i = 0; i < users.size(); ++i) {
      const auto days = judged_part(days_of_users[i]);
      for (const UserDayCounts& counts : days) {
        if (counts.day > day_) counted_.days.insert(counts.day);
      }
      const auto* erased = terms_.erased == nullptr ? nullptr : terms_.erased->of_user(users[i]);
      updates.push_back(
          judge_user(std::move(users[i]), bucket_, day_, days, stored[i], terms_.rules, erased));
    }
    return stores_.preferences.put_preferences(updates);
  }

  std::span<const UserDayCounts> judged_part(std::span<const UserDayCounts> days) const {
    if (!terms_.judged_before) return days;
    const auto end = std::ranges::lower_bound(days, *terms_.judged_before, {}, &UserDayCounts::day);
    return {days.begin(), end};
  }

  Result<void> put_all_moves(const std::stop_token& stop) {
    counted_.days.insert(day_);
    for (const BusinessDay day : counted_.days) KONOMI_CHECK_OK(put_moves(day, stop));
    return {};
  }

  // Sums the changes of all users of the bucket, because those that were not judged keep theirs.
  Result<void> put_moves(BusinessDay day, const std::stop_token& stop) {
    if (stop.stop_requested()) return stopped();
    KONOMI_TRY(const auto cursor, stores_.preferences.changes(day, bucket_));
    BucketMoves moves;
    VersionSum version;
    std::vector<UserChange> changes;
    while (true) {
      heartbeat_.beat();
      KONOMI_CHECK_OK(cursor->next(changes, options_.orders_per_read));
      if (changes.empty()) break;
      for (const UserChange& user : changes) {
        version.add(user.version);
        if (user.change.from != user.change.to) ++moves.moves[{user.change.from, user.change.to}];
      }
    }
    if (terms_.erased != nullptr) version.add(terms_.erased->of_changes(day, generation()));
    moves.version = version.under(generation());
    return stores_.summaries.put_bucket_moves(day, bucket_, moves);
  }

  Generation generation() const { return terms_.rules.generation; }

  static std::unexpected<Error> stopped() {
    return fail(ErrorCode::cancelled, "counting was stopped; it begins anew with the next pass");
  }

  const Stores stores_;
  const BusinessCalendar& calendar_;
  Heartbeat& heartbeat_;
  const DayCounterOptions& options_;
  const BusinessDay day_;
  const Bucket bucket_;
  const CountTerms& terms_;

  UserTally tally_;
  std::vector<UserCountsRow> chunk_;
  BucketSummary summary_;
  VersionSum version_;
  BucketCounted counted_;
};

}  // namespace

Result<BucketCounted> DayCounter::renew(BusinessDay day, Bucket bucket, const BucketSummary& stored,
                                        const Marks& marks, const CountTerms& terms,
                                        std::stop_token stop) const {
  return Count({orders_, summaries_, preferences_}, calendar_, heartbeat_, options_, day, bucket,
               terms)
      .renew(stored, marks, stop);
}

DayCounter::DayCounter(OrderStore& orders, SummaryStore& summaries, PreferenceStore& preferences,
                       const BusinessCalendar& calendar, Heartbeat& heartbeat,
                       DayCounterOptions options)
    : orders_(orders),
      summaries_(summaries),
      preferences_(preferences),
      calendar_(calendar),
      heartbeat_(heartbeat),
      options_(options) {}

Result<BucketCounted> DayCounter::count(BusinessDay day, Bucket bucket, const Marks& marks,
                                        const CountTerms& terms, std::stop_token stop) const {
  return Count({orders_, summaries_, preferences_}, calendar_, heartbeat_, options_, day, bucket,
               terms)
      .run(marks, stop);
}

}  // namespace konomi::aggregate
