#include "adapters/cassandra/engine.h"
#include "base/wait.h"
#include "tests/contract/cassandra_proxy.h"
#include "tests/support/orders.h"
#include "tests/support/value_of.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// What only Cassandra has: versions instead of order, deletes among versions, pages over the wire,
// a schema that may be missing, and a server that goes away. The server is that of
// KONOMI_CASSANDRA_CONTACT_POINTS, or else the one on this machine.
namespace konomi::cassandra {
namespace {

using contract::CassandraProxy;
using support::all_rows;
using support::instant;
using support::order;
using support::value_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kKeyspace = "konomi_cassandra_stores_test";

std::string contact_points() {
  const char* given = std::getenv("KONOMI_CASSANDRA_CONTACT_POINTS");
  return given != nullptr && *given != '\0' ? given : "127.0.0.1:9042";
}

CassandraOptions options_for(std::string_view keyspace = kKeyspace) {
  CassandraOptions options;
  options.keyspace = keyspace;
  options.session.contact_points = contact_points();
  return options;
}

std::unique_ptr<Session> connect() {
  return value_of(Session::connect(options_for().session, kKeyspace));
}

void run_cql(Session& session, const std::string& cql) {
  const Statement statement = value_of(session.prepare(cql));
  Requests requests;
  requests.add(statement);
  value_of(session.write(requests));
}

SchemaOptions schema_for(std::string_view keyspace = kKeyspace) {
  SchemaOptions options;
  options.keyspace = keyspace;
  options.replication = 1;
  return options;
}

// Tests run as processes of their own, several at a time, and only one may change a schema.
class SchemaLock {
 public:
  SchemaLock() {
    const auto path = std::filesystem::temp_directory_path() / "konomi_cassandra_schema.lock";
    file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0 || flock(file_, LOCK_EX) != 0)
      throw std::runtime_error("cannot lock " + path.string());
  }
  ~SchemaLock() { close(file_); }
  SchemaLock(const SchemaLock&) = delete;
  SchemaLock& operator=(const SchemaLock&) = delete;

 private:
  int file_ = -1;
};

void apply_schema(std::string_view keyspace = kKeyspace) {
  const SchemaLock lock;
  const auto session = connect();
  value_of(schema_apply(*session, schema_for(keyspace)));
}

// A keyspace of one test that is gone with it.
class OwnKeyspace {
 public:
  OwnKeyspace() : name_(fmt::format("konomi_cassandra_test_{}", getpid())) {}
  ~OwnKeyspace() {
    const SchemaLock lock;
    run_cql(*session_, fmt::format("DROP KEYSPACE IF EXISTS {}", name_));
  }
  OwnKeyspace(const OwnKeyspace&) = delete;
  OwnKeyspace& operator=(const OwnKeyspace&) = delete;

  const std::string& name() const { return name_; }
  Session& session() { return *session_; }

 private:
  const std::string name_;
  const std::unique_ptr<Session> session_ = connect();
};

// Calls until it succeeds.
template <class T>
T eventually(const std::function<Result<T>()>& call) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (true) {
    Result<T> result = call();
    if (result || std::chrono::steady_clock::now() > deadline) return value_of(std::move(result));
    wait_or_stop({}, std::chrono::milliseconds(10));
  }
}

// Every test has days, buckets, users, types and log partitions that no other has: so it finds new
// stores in a keyspace that stays.
class CassandraStores : public ::testing::Test {
 protected:
  CassandraStores() { apply_schema(); }

  void open() { engine_ = value_of(CassandraEngine::open(options_for())); }
  // Over a proxy, with short limits.
  void open_over_proxy() {
    const std::string first = contact_points().substr(0, contact_points().find(','));
    const std::size_t colon = first.find(':');
    std::uint16_t port = 9042;
    if (colon != std::string::npos)
      std::from_chars(first.data() + colon + 1, first.data() + first.size(), port);
    proxy_ = std::make_unique<CassandraProxy>(first.substr(0, colon), port);
    CassandraOptions options = options_for();
    options.session.contact_points = proxy_->address();
    options.session.request_timeout = kRequestTimeout;
    engine_ = value_of(CassandraEngine::open(options));
  }

  OrderStore& orders() { return engine_->order_store(); }
  SummaryStore& summaries() { return engine_->summary_store(); }
  PreferenceStore& preferences() { return engine_->preference_store(); }
  SettingsStore& settings() { return engine_->settings_store(); }

  PlacedRow placed(const Order& placed, std::uint64_t version) const {
    return {
        .day = day_, .bucket = bucket_, .stored = {.order = placed, .version = Version(version)}};
  }
  PreferenceUpdate update(std::optional<MenuType> type, std::uint64_t version,
                          std::vector<PreferenceChange> changes = {}) const {
    PreferenceUpdate update{.user_id = user_,
                            .bucket = bucket_,
                            .current = {},
                            .other_types = {},
                            .changes = std::move(changes),
                            .version = Version(version)};
    for (const MenuType& other : {washoku_, yoshoku_})
      if (other != type) update.other_types.push_back(other);
    if (type) {
      Preference preference;
      preference.menu_type = *type;
      preference.orders = version;
      preference.total_orders = version;
      preference.since = day_;
      preference.version = Version(version);
      update.current = preference;
    }
    return update;
  }
  void put(const PreferenceUpdate& update) { value_of(preferences().put_preferences({update})); }
  std::vector<std::string> users_of(const MenuType& type) {
    std::vector<std::string> users;
    for (const auto& row : all_rows(preferences().segment(type, bucket_, std::nullopt)))
      users.push_back(row.user_id.value());
    return users;
  }
  std::optional<MenuType> preferred_type() {
    const auto found = value_of(preferences().preferences_of({&user_, 1})).front();
    return found ? std::optional(found->menu_type) : std::nullopt;
  }
  std::vector<MenuTypeEntry> entries_of(const MenuType& type) {
    std::vector<MenuTypeEntry> entries;
    for (MenuTypeEntry& entry : value_of(settings().menu_types()))
      if (entry.id == type) entries.push_back(std::move(entry));
    return entries;
  }

  static std::uint32_t random_number() {
    static std::random_device device;
    return device() % 1'000'000'000;
  }

  static constexpr std::chrono::milliseconds kRequestTimeout{700};

  const BusinessDay day_ =
      BusinessDay::from_days_since_1970(static_cast<int>(random_number() % 2'000'000));
  const Bucket bucket_{random_number()};
  const UserId user_{fmt::format("user {}", random_number())};
  const MenuType washoku_{fmt::format("washoku {}", random_number())};
  const MenuType yoshoku_{fmt::format("yoshoku {}", random_number())};
  const LogPartition partition_{random_number()};
  std::unique_ptr<CassandraProxy> proxy_;
  std::unique_ptr<CassandraEngine> engine_;
};

// --- Versions ------------------------------------------------------------------------------------

TEST_F(CassandraStores, AnOlderOrderLosesAcrossBatches) {
  open();
  value_of(orders().put({.orders = {placed(order("u", "1", "new"), 9)}}));
  value_of(orders().put({.orders = {placed(order("u", "1", "old"), 8)}}));
  const auto rows = all_rows(orders().scan(day_, bucket_));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].order.menu_type, MenuType("new"));
  EXPECT_EQ(rows[0].version, Version(9));
}

TEST_F(CassandraStores, ALateWriteOfAnOlderOrderDoesNotBringAnErasedUserBack) {
  open();
  const StoreBatch old{.orders = {placed(order(user_.value(), "1", "old"), 8)},
                       .marks = {{.day = day_,
                                  .bucket = bucket_,
                                  .position = {.partition = partition_, .offset = LogOffset(8)}}}};
  value_of(orders().put(old));
  value_of(orders().erase({.user_id = user_,
                           .bucket = bucket_,
                           .position = {.partition = partition_, .offset = LogOffset(9)},
                           .requested_at = instant(0)}));
  EXPECT_THAT(all_rows(orders().scan(day_, bucket_)), IsEmpty());
  // A consumer that lost its partition writes what it read before; one order it never stored.
  value_of(orders().put(old));
  value_of(orders().put({.orders = {placed(order(user_.value(), "2", "old"), 7)}}));
  EXPECT_THAT(all_rows(orders().scan(day_, bucket_)), IsEmpty());
  value_of(orders().put({.orders = {placed(order(user_.value(), "1", "new"), 10)}}));
  const auto rows = all_rows(orders().scan(day_, bucket_));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].order.menu_type, MenuType("new"));
}

TEST_F(CassandraStores, AWatermarksCellsMoveOnTheirOwn) {
  open();
  const auto put = [&](std::uint64_t next_offset, int stored_up_to) {
    value_of(orders().put({.watermarks = {{partition_,
                                           {.next_offset = LogOffset(next_offset),
                                            .stored_up_to = instant(stored_up_to)}}}}));
  };
  put(10, 100);
  put(12, 90);
  put(11, 110);
  EXPECT_EQ(value_of(orders().watermarks()).at(partition_),
            (Watermark{.next_offset = LogOffset(12), .stored_up_to = instant(110)}));
}

TEST_F(CassandraStores, OlderFiguresLose) {
  open();
  BucketSummary newer{.counted_up_to = {{partition_, LogOffset(7)}}, .version = Version(20)};
  newer.figures.orders = 2;
  BucketSummary older{.counted_up_to = {{partition_, LogOffset(6)}}, .version = Version(19)};
  older.figures.orders = 3;
  value_of(summaries().put_bucket_summary(day_, bucket_, newer));
  value_of(summaries().put_bucket_summary(day_, bucket_, older));

  const Moves some = {{{Standing(), Standing::prefers(washoku_)}, 3}};
  value_of(summaries().put_bucket_moves(day_, bucket_, {.moves = {}, .version = Version(5)}));
  value_of(summaries().put_bucket_moves(day_, bucket_, {.moves = some, .version = Version(4)}));

  const auto parts = value_of(summaries().day_parts(day_, {&bucket_, 1}));
  EXPECT_EQ(parts.front().summary, newer);
  EXPECT_EQ(parts.front().moves, (BucketMoves{.moves = {}, .version = Version(5)}));
  EXPECT_EQ(value_of(summaries().counted_marks(bucket_)).at(day_),
            (CountedMarks{.marks = newer.counted_up_to}));

  DaySummary day{.day = day_, .revision = 2, .version = Version(8)};
  value_of(summaries().put_day(day));
  value_of(summaries().put_day({.day = day_, .revision = 1, .version = Version(7)}));
  EXPECT_EQ(value_of(summaries().day(day_)), day);
}

TEST_F(CassandraStores, OlderCountsOfAUserLose) {
  open();
  const UserDayCounts newer{
      .day = day_, .counts = {{washoku_, 2, instant(1)}}, .version = Version(6)};
  value_of(preferences().put_counts({{user_, newer}}));
  value_of(preferences().put_counts({{user_, {.day = day_, .counts = {}, .version = Version(5)}}}));
  EXPECT_THAT(value_of(preferences().counts_of({&user_, 1})).front(), ElementsAre(newer));
}

TEST_F(CassandraStores, AHigherGenerationWinsOverARowWrittenByHand) {
  open();
  const Version by_hand(1'800'000'000'000'000);  // The microseconds of a clock in 2027.
  VersionSum few_orders;
  few_orders.add(Version(3));
  const UserDayCounts wrong{.day = day_, .counts = {{washoku_, 9, instant(1)}}, .version = by_hand};
  const UserDayCounts right{.day = day_,
                            .counts = {{washoku_, 2, instant(1)}},
                            .version = few_orders.under(Generation(1))};
  value_of(preferences().put_counts({{user_, wrong}}));
  value_of(preferences().put_counts({{user_, right}}));
  value_of(preferences().put_counts({{user_, wrong}}));
  EXPECT_THAT(value_of(preferences().counts_of({&user_, 1})).front(), ElementsAre(right));
}

TEST_F(CassandraStores, StraysOfALowerVersionAreTakenAwayAndLaterRowsStay) {
  open();
  const Version version = VersionSum().under(Generation(1));
  put(update(washoku_, 7));
  const StrayRows rows{.members = {{washoku_, bucket_, user_}}, .preferences = {user_}};
  value_of(preferences().remove_strays(rows, version));
  EXPECT_THAT(users_of(washoku_), IsEmpty());
  put(update(washoku_, version.value() + 8));
  value_of(preferences().remove_strays(rows, version));
  EXPECT_THAT(users_of(washoku_), ElementsAre(user_.value()));
  EXPECT_EQ(preferred_type(), washoku_);
}

TEST_F(CassandraStores, APassThatFoundNothingNewFinishesLater) {
  open();
  const std::vector<Bucket> buckets = {bucket_};
  const CountProgress first{.next_offsets = {{partition_, LogOffset(5)}},
                            .finished_at = instant(10),
                            .duration = std::chrono::milliseconds(3)};
  CountProgress later = first;
  later.finished_at = instant(20);
  later.duration = std::chrono::milliseconds(1);
  value_of(summaries().put_progress(buckets, first));
  value_of(summaries().put_progress(buckets, later));
  EXPECT_EQ(value_of(summaries().progress(buckets)), later);
  // A worker that began earlier and is done now takes nothing back.
  value_of(summaries().put_progress(buckets, {.next_offsets = {{partition_, LogOffset(4)}},
                                              .finished_at = instant(15),
                                              .duration = std::chrono::milliseconds(9)}));
  EXPECT_EQ(value_of(summaries().progress(buckets)), later);
}

// --- Segments ------------------------------------------------------------------------------------

TEST_F(CassandraStores, ALateWorkerDoesNotBringAUserBack) {
  open();
  put(update(yoshoku_, 8));
  put(update(washoku_, 7));
  EXPECT_THAT(users_of(washoku_), IsEmpty());
  EXPECT_THAT(users_of(yoshoku_), ElementsAre(user_.value()));
  EXPECT_EQ(preferred_type(), yoshoku_);
}

TEST_F(CassandraStores, ALateWorkerDoesNotTakeAUserOut) {
  open();
  put(update(washoku_, 6));
  put(update(yoshoku_, 7));
  put(update(washoku_, 8));
  put(update(yoshoku_, 7));
  EXPECT_THAT(users_of(washoku_), ElementsAre(user_.value()));
  EXPECT_THAT(users_of(yoshoku_), IsEmpty());
  EXPECT_EQ(preferred_type(), washoku_);
}

TEST_F(CassandraStores, ADeleteHidesARowOfItsOwnVersion) {
  open();
  put(update(washoku_, 7));
  PreferenceUpdate undecided = update(washoku_, 7);
  undecided.current->undecided = true;
  put(undecided);
  EXPECT_THAT(users_of(washoku_), IsEmpty());
}

TEST_F(CassandraStores, AUserWithoutAPreferenceStaysOutOfASlowWorkersSegment) {
  open();
  put(update(washoku_, 7));
  put(update(std::nullopt, 8));
  put(update(washoku_, 7));
  EXPECT_THAT(users_of(washoku_), IsEmpty());
  EXPECT_EQ(preferred_type(), std::nullopt);
}

TEST_F(CassandraStores, AChangeTellsTheVersionThatWroteIt) {
  open();
  const PreferenceChange change{.day = day_, .from = {}, .to = Standing::prefers(washoku_)};
  const PreferenceChange no_change{.day = day_, .from = {}, .to = {}};
  put(update(washoku_, 41, {change}));
  put(update(washoku_, 40, {no_change}));
  EXPECT_THAT(all_rows(preferences().changes(day_, bucket_)),
              ElementsAre(UserChange{.user_id = user_, .change = change, .version = Version(41)}));
  put(update(std::nullopt, 42, {no_change}));
  EXPECT_THAT(
      all_rows(preferences().changes(day_, bucket_)),
      ElementsAre(UserChange{.user_id = user_, .change = no_change, .version = Version(42)}));
}

// --- The catalogue -------------------------------------------------------------------------------

TEST_F(CassandraStores, AnEditWinsOverATypeThatIsSeenLater) {
  open();
  const MenuTypeEntry hidden{.id = washoku_, .hidden = true};
  value_of(settings().put_menu_types({hidden}));
  value_of(settings().add_menu_types({washoku_}));
  EXPECT_THAT(entries_of(washoku_), ElementsAre(hidden));
  // An edit to what an added type looks like is an edit too.
  const MenuTypeEntry plain{.id = washoku_};
  value_of(settings().put_menu_types({plain}));
  EXPECT_THAT(entries_of(washoku_), ElementsAre(plain));
}

TEST_F(CassandraStores, EditsOfTwoProcessesFollowEachOtherWithoutAClock) {
  open();
  const auto other = value_of(CassandraEngine::open(options_for()));
  for (int i = 0; i < 3; ++i) {
    value_of(settings().put_menu_types({{.id = washoku_, .label_en = "zzz"}}));
    const MenuTypeEntry last{.id = washoku_, .label_en = "a"};
    value_of(other->settings_store().put_menu_types({last}));
    EXPECT_THAT(entries_of(washoku_), ElementsAre(last));
  }
}

// --- Pages ---------------------------------------------------------------------------------------

TEST_F(CassandraStores, APartitionOfManyPagesIsReadWhole) {
  open();
  constexpr std::uint64_t kOrders = 10'500;
  StoreBatch batch;
  for (std::uint64_t i = 0; i < kOrders; ++i)
    batch.orders.push_back(placed(order(fmt::format("{:05}", i), "1"), i));
  value_of(orders().put(batch));
  const auto rows = all_rows(orders().scan(day_, bucket_), 999);
  ASSERT_EQ(rows.size(), kOrders);
  for (std::uint64_t i = 0; i < kOrders; ++i) ASSERT_EQ(rows[i].version, Version(i));
  const UserId user("00007");
  EXPECT_EQ(value_of(orders().orders_of(user, bucket_of(user, kBucketCountDefault), day_,
                                        std::nullopt, 10))
                .size(),
            0U)
      << "its bucket is another one";
}

TEST_F(CassandraStores, PagesOfLeftSegmentsAreRead) {
  open();
  // More users have left than stayed, so whole pages hold nobody.
  std::vector<PreferenceUpdate> updates;
  for (int i = 0; i < 2'000; ++i) {
    updates.push_back(update(i % 500 == 0 ? washoku_ : yoshoku_, 3));
    updates.back().user_id = UserId(fmt::format("{:04}", i));
  }
  std::vector<PreferenceUpdate> before = updates;
  for (PreferenceUpdate& old : before) {
    old.current->menu_type = washoku_;
    old.other_types = {yoshoku_};
    old.version = Version(2);
  }
  value_of(preferences().put_preferences(before));
  ASSERT_EQ(users_of(washoku_).size(), 2'000U);
  value_of(preferences().put_preferences(updates));
  EXPECT_THAT(users_of(washoku_), ElementsAre("0000", "0500", "1000", "1500"));
  EXPECT_EQ(users_of(yoshoku_).size(), 1'996U);
}

TEST_F(CassandraStores, DaysOfManyYearsComeInOrder) {
  open();
  const auto put = [&](int days) {
    value_of(summaries().put_day({.day = day_ + std::chrono::days(days), .version = Version(1)}));
  };
  for (const int days : {900, 0, 366, 1, 2000}) put(days);
  const auto found = [&](int from, int to, std::size_t days_max) {
    std::vector<int> days;
    for (const DaySummary& summary : value_of(summaries().days(
             day_ + std::chrono::days(from), day_ + std::chrono::days(to), days_max)))
      days.push_back(static_cast<int>((summary.day - day_).count()));
    return days;
  };
  EXPECT_THAT(found(0, 2000, 10), ElementsAre(0, 1, 366, 900, 2000));
  EXPECT_THAT(found(1, 1999, 10), ElementsAre(1, 366, 900));
  EXPECT_THAT(found(1, 1999, 2), ElementsAre(1, 366));
  EXPECT_THAT(found(1, 366, 10), ElementsAre(1, 366));
  const auto range = value_of(summaries().days_range());
  ASSERT_TRUE(range.has_value());
  EXPECT_LE(range->first, day_);
  EXPECT_GE(range->last, day_ + std::chrono::days(2000));
  EXPECT_GE(range->count, 5U);
}

// --- A server that goes away ---------------------------------------------------------------------

TEST_F(CassandraStores, CallsFailSoonWithoutAServerAndGoOnWithIt) {
  open_over_proxy();
  const StoreBatch batch{.orders = {placed(order("u", "1"), 1)}};
  value_of(orders().put(batch));
  proxy_->cut();
  const auto begin = std::chrono::steady_clock::now();
  const auto failed = orders().put(batch);
  ASSERT_FALSE(failed.has_value());
  EXPECT_TRUE(failed.error().code == ErrorCode::unavailable ||
              failed.error().code == ErrorCode::timed_out)
      << name_of(failed.error().code) << ": " << failed.error().message;
  const auto read = orders().watermarks();
  ASSERT_FALSE(read.has_value());
  EXPECT_FALSE(read.error().may_have_happened);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4 * kRequestTimeout);
  proxy_->heal();
  eventually<void>([&] { return orders().put(batch); });
  EXPECT_EQ(all_rows(orders().scan(day_, bucket_)).size(), 1U);
}

TEST_F(CassandraStores, AHangingServerTimesOutAndAWriteMayHaveHappened) {
  open_over_proxy();
  const StoreBatch batch{.orders = {placed(order("u", "1"), 1)}};
  proxy_->freeze();
  const auto begin = std::chrono::steady_clock::now();
  const auto written = orders().put(batch);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::timed_out) << written.error().message;
  EXPECT_TRUE(written.error().may_have_happened);
  const auto read = preferences().preferences_of({&user_, 1});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::timed_out) << read.error().message;
  EXPECT_FALSE(read.error().may_have_happened);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 6 * kRequestTimeout);
  proxy_->heal();
  eventually<void>([&] { return orders().put(batch); });
  EXPECT_EQ(all_rows(orders().scan(day_, bucket_)).size(), 1U);
}

TEST_F(CassandraStores, ACursorGoesOnAfterAFailure) {
  open_over_proxy();
  constexpr std::uint64_t kOrders = 20'000;
  StoreBatch batch;
  for (std::uint64_t i = 0; i < kOrders; ++i)
    batch.orders.push_back(placed(order(fmt::format("{:05}", i), "1"), i));
  eventually<void>([&] { return orders().put(batch); });

  const auto cursor = value_of(orders().scan(day_, bucket_));
  std::vector<StoredOrder> page;
  std::uint64_t next = 0;
  const auto take = [&] {
    for (const StoredOrder& row : page) ASSERT_EQ(row.version, Version(next++));
  };
  eventually<void>([&] { return cursor->next(page, 100); });
  take();
  proxy_->cut();
  // What was read ahead is still handed out.
  Result<void> read;
  while ((read = cursor->next(page, 1000))) {
    take();
    ASSERT_LT(next, kOrders);
  }
  EXPECT_TRUE(read.error().code == ErrorCode::unavailable ||
              read.error().code == ErrorCode::timed_out)
      << name_of(read.error().code) << ": " << read.error().message;
  EXPECT_FALSE(cursor->next(page, 1000).has_value());
  proxy_->heal();
  do {
    eventually<void>([&] { return cursor->next(page, 1000); });
    take();
  } while (!page.empty());
  EXPECT_EQ(next, kOrders);
}

TEST(CassandraEngine, CannotBeOpenedWhereNobodyAnswers) {
  const auto contact_point = [] {
    const CassandraProxy gone("127.0.0.1", 9);
    return gone.address();
  }();
  CassandraOptions options = options_for();
  options.session.contact_points = contact_point;
  const auto opened = CassandraEngine::open(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable) << opened.error().message;
  EXPECT_THAT(opened.error().message, HasSubstr(contact_point));
}

// --- The schema ----------------------------------------------------------------------------------

TEST(CassandraSchema, AMissingKeyspaceIsNamedWithItsRemedy) {
  const auto opened = CassandraEngine::open(options_for("konomi_cassandra_missing"));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(opened.error().message, HasSubstr("konomi_cassandra_missing"));
  EXPECT_THAT(opened.error().message, HasSubstr("`konomi schema apply`"));
}

TEST(CassandraSchema, IsMadeOnceAndMended) {
  OwnKeyspace keyspace;
  const SchemaLock lock;
  const SchemaOptions options = schema_for(keyspace.name());
  const auto made = value_of(schema_apply(keyspace.session(), options));
  EXPECT_THAT(made, testing::Contains(HasSubstr("created keyspace")));
  EXPECT_THAT(made, testing::Contains(HasSubstr("applied migration 1")));
  EXPECT_THAT(value_of(schema_apply(keyspace.session(), options)), IsEmpty());
  value_of(check_schema(keyspace.session(), keyspace.name()));

  const auto engine = value_of(CassandraEngine::open(options_for(keyspace.name())));
  EXPECT_EQ(value_of(engine->settings_store().menu_types()), initial_menu_types());
  EXPECT_EQ(value_of(engine->settings_store().data_settings()), std::nullopt);
  MenuTypeEntry edited = initial_menu_types().front();
  edited.hidden = true;
  value_of(engine->settings_store().put_menu_types({edited}));
  value_of(schema_apply(keyspace.session(), options));
  EXPECT_EQ(value_of(engine->settings_store().menu_types()).front(), edited);

  run_cql(keyspace.session(), fmt::format("DROP TABLE {}.days", keyspace.name()));
  const auto checked = check_schema(keyspace.session(), keyspace.name());
  ASSERT_FALSE(checked.has_value());
  EXPECT_THAT(checked.error().message, HasSubstr(keyspace.name() + ".days"));
  EXPECT_THAT(value_of(schema_apply(keyspace.session(), options)),
              ElementsAre(HasSubstr("created table")));

  run_cql(keyspace.session(),
          fmt::format("INSERT INTO {}.schema_migrations (part, version, name) VALUES ('stores', "
                      "{}, 'of the future')",
                      keyspace.name(), kSchemaVersion + 1));
  for (const Result<void>& refused :
       {check_schema(keyspace.session(), keyspace.name()), [&]() -> Result<void> {
          KONOMI_CHECK_OK(schema_apply(keyspace.session(), options));
          return {};
        }()}) {
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr(fmt::format("version {}", kSchemaVersion + 1)));
  }
}

TEST(CassandraSchema, ThePrintedSchemaIsTheAppliedOne) {
  OwnKeyspace keyspace;
  const std::string cql = value_of(schema_print(schema_for(keyspace.name())));
  const SchemaLock lock;
  std::string statement;
  std::size_t statements = 0;
  for (std::size_t begin = 0; begin < cql.size();) {
    const std::size_t end = std::min(cql.find('\n', begin), cql.size());
    const std::string line = cql.substr(begin, end - begin);
    begin = end + 1;
    EXPECT_LE(line.size(), 100U) << line;
    if (line.starts_with("--")) continue;
    statement += line + "\n";
    if (!line.ends_with(';')) continue;
    statement.erase(statement.rfind(';'));
    run_cql(keyspace.session(), statement);
    statement.clear();
    ++statements;
  }
  EXPECT_GT(statements, 12U);
  EXPECT_THAT(value_of(schema_apply(keyspace.session(), schema_for(keyspace.name()))), IsEmpty());
  const auto engine = value_of(CassandraEngine::open(options_for(keyspace.name())));
  EXPECT_EQ(value_of(engine->settings_store().menu_types()), initial_menu_types());
}

TEST(CassandraSchema, ReplicationIsReadAsAConfigurationWritesIt) {
  SchemaOptions options;
  value_of(parse_replication("2", options));
  EXPECT_THAT(value_of(schema_print(options)),
              HasSubstr("{'class': 'SimpleStrategy', 'replication_factor': 2}"));
  value_of(parse_replication("tokyo:3,osaka:2", options));
  EXPECT_THAT(value_of(schema_print(options)),
              HasSubstr("{'class': 'NetworkTopologyStrategy', 'osaka': 2, 'tokyo': 3}"));
  for (const char* wrong : {"", "0", "x", "tokyo", "tokyo:", ":3", "tokyo:3,", "3 ", "it's:1"}) {
    const auto parsed = parse_replication(wrong, options);
    ASSERT_FALSE(parsed.has_value()) << wrong;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument) << wrong;
  }
}

TEST(CassandraSchema, KeyspaceNamesAreChecked) {
  for (const char* wrong : {"", "Konomi", "9", "a b", "a;DROP", "a.b", "\"a\""})
    EXPECT_FALSE(check_keyspace_name(wrong).has_value()) << wrong;
  EXPECT_FALSE(check_keyspace_name(std::string(49, 'a')).has_value());
  value_of(check_keyspace_name("konomi_2"));
}

}  // namespace
}  // namespace konomi::cassandra
