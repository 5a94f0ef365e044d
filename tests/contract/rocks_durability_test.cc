#include "adapters/rocks/engine.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/orders.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/value_of.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace konomi::contract {
namespace {

using namespace std::chrono_literals;
using support::all_rows;
using support::append;
using support::fail_test;
using support::FaultyDisk;
using support::instant;
using support::order;
using support::orders_in;
using support::read_all;
using support::TemporaryDirectory;
using support::value_of;

const BusinessDay kDay = BusinessDay::from_days_since_1970(20'089);

// Another process that appends until it is killed.
class Appender {
 public:
  explicit Appender(const std::filesystem::path& directory) {
    std::array<int, 2> pipe_ends{};
    if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) fail_test({.message = "pipe2"});
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    std::string program = KONOMI_APPENDER;
    std::string argument = directory.string();
    std::array<char*, 3> arguments = {program.data(), argument.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0)
      fail_test({.message = "cannot start " + program});
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    output_ = fdopen(pipe_ends[0], "r");
  }
  ~Appender() {
    kill();
    fclose(output_);
  }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  // Nothing at the end, or when the last line was cut off.
  std::optional<std::string> line() {
    std::string line;
    for (int c = fgetc(output_); c != EOF; c = fgetc(output_)) {
      if (c == '\n') return line;
      line += static_cast<char>(c);
    }
    return std::nullopt;
  }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  FILE* output_ = nullptr;
};

class RocksDurability : public ::testing::Test {
 protected:
  RocksDurability() { open(); }

  void open() { engine = value_of(try_open()); }
  Result<std::unique_ptr<rocks::RocksEngine>> try_open() {
    rocks::RocksOptions with_disk = options;
    with_disk.env = disk.env();
    return rocks::RocksEngine::open(directory.path(), clock, with_disk);
  }
  void close() { engine.reset(); }

  // As a power cut, followed by a start.
  void lose_power() {
    disk.switch_off();
    close();
    disk.lose_unsynced();
    open();
  }

  OrderLog& log() { return engine->order_log(); }
  std::vector<Order> all_orders() { return orders_in(read_all(*value_of(engine->open_reader()))); }

  // Appends until it succeeds, which it must within a minute.
  void append_in_the_end(const Order& order) {
    const auto until = std::chrono::steady_clock::now() + 60s;
    while (!append(log(), {order}))
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "the log does not recover";
  }

  // Writes to a database of the closed engine, behind its back.
  // Calls `change` with the database and the handles of its families by name, while konomi has it
  // closed.
  void change_database(const std::string& database, const auto& change) {
    std::vector<std::string> names;
    const std::string path = (directory.path() / database).string();
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
    for (std::size_t i = 0; i < names.size(); ++i) by_name[names[i]] = handles[i];
    change(*db, by_name);
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }

  void overwrite(const std::string& database, const std::string& family, const std::string& key,
                 const std::string& value) {
    change_database(database, [&](rocksdb::DB& db, auto& families) {
      ASSERT_TRUE(db.Put({}, families.at(family), key, value).ok());
    });
  }

  TemporaryDirectory directory;
  FaultyDisk disk;
  ManualClock clock{instant(0)};
  rocks::RocksOptions options;
  std::unique_ptr<rocks::RocksEngine> engine;
};

TEST_F(RocksDurability, ADirectoryOpenInThisProcessIsRefused) {
  const auto second = try_open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find(directory.path().string()), std::string::npos);
}

TEST_F(RocksDurability, ADirectoryOpenInAnotherProcessIsRefusedWithTheRemedy) {
  close();
  Appender other(directory.path());
  ASSERT_EQ(other.line(), "open");
  const auto second = try_open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_NE(second.error().message.find(directory.path().string()), std::string::npos);
  EXPECT_NE(second.error().message.find("--url"), std::string::npos);
  other.kill();
  EXPECT_TRUE(try_open().has_value());
}

TEST_F(RocksDurability, ALaterFormatIsRefused) {
  close();
  overwrite("stores", "default", "format_version", std::string("\x01\x02", 2));
  const auto opened = try_open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(opened.error().message.find("format version 2"), std::string::npos)
      << opened.error().message;
}

TEST_F(RocksDurability, AFamilyThatAnEarlierKonomiDidNotMakeIsAdded) {
  value_of(append(log(), {order("u", "1")}));
  close();
  change_database("stores", [](rocksdb::DB& db, auto& families) {
    ASSERT_TRUE(db.DropColumnFamily(families.at("erasures")).ok());
  });
  open();
  EXPECT_TRUE(engine->order_store().erasures(Bucket(0)).has_value());
  EXPECT_EQ(all_orders().size(), 1U);
}

TEST_F(RocksDurability, AFamilyOfALaterKonomiIsRefusedWithTheRemedy) {
  close();
  change_database("stores", [](rocksdb::DB& db, auto&) {
    rocksdb::ColumnFamilyHandle* added = nullptr;
    ASSERT_TRUE(db.CreateColumnFamily({}, "tomorrows", &added).ok());
    db.DestroyColumnFamilyHandle(added);
  });
  const auto opened = try_open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(opened.error().message.find("written by a later konomi"), std::string::npos)
      << opened.error().message;
  EXPECT_NE(opened.error().message.find("tomorrows"), std::string::npos);
}

TEST_F(RocksDurability, ADirectoryThatCannotBeMadeIsAnError) {
  const std::filesystem::path file = directory.path() / "file";
  std::ofstream(file) << "in the way";
  EXPECT_FALSE(rocks::RocksEngine::open(file / "data", clock).has_value());
}

TEST_F(RocksDurability, ALogThatEndsBeforeTheWatermarkIsRefused) {
  value_of(append(log(), {order("u", "1"), order("u", "2")}));
  value_of(engine->order_store().put(
      {.watermarks = {{LogPartition(0), {.next_offset = LogOffset(2)}}}}));
  close();
  std::filesystem::remove_all(directory.path() / "log");
  const auto opened = try_open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupted);
}

TEST_F(RocksDurability, LostStoresAreFilledFromTheLog) {
  value_of(append(log(), {order("u", "1"), order("u", "2")}));
  value_of(engine->order_store().put(
      {.watermarks = {{LogPartition(0), {.next_offset = LogOffset(2)}}}}));
  close();
  std::filesystem::remove_all(directory.path() / "stores");
  open();
  EXPECT_EQ(all_orders().size(), 2U);
}

TEST_F(RocksDurability, ADamagedRecordStopsTheReaderAndNamesItsOffset) {
  value_of(append(log(), {order("u", "1"), order("u", "2")}));
  value_of(append(log(), {order("u", "3")}));
  value_of(append(log(), {order("u", "4")}));
  close();
  overwrite("log", "records", std::string("\0\0\0\0\0\0\0\x02", 8),
            std::string("\x01\x01\x00\x05", 4));
  open();
  const auto reader = value_of(engine->open_reader());
  // What lies before the damage is still delivered.
  EXPECT_EQ(value_of(reader->poll(100, 0ms, {})).size(), 2U);
  for (int again = 0; again < 2; ++again) {
    const auto damaged = reader->poll(100, 0ms, {});
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().code, ErrorCode::corrupted);
    EXPECT_NE(damaged.error().message.find("offset 2"), std::string::npos)
        << damaged.error().message;
  }
}

TEST_F(RocksDurability, EveryAcknowledgedOrderSurvivesKill9) {
  close();
  std::set<std::string> acknowledged;
  for (int round = 0; round < 3; ++round) {
    Appender other(directory.path());
    ASSERT_EQ(other.line(), "open");
    for (int i = 0; i < 500; ++i) acknowledged.insert(other.line().value());
    other.kill();
    while (const auto line = other.line()) acknowledged.insert(*line);
  }
  open();
  const auto records = read_all(*value_of(engine->open_reader()));
  std::map<std::string, int> found;
  for (std::size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(records[i].position.offset, LogOffset(i));
    ++found[std::get<Order>(records[i].content).order_id.value()];
  }
  for (const std::string& id : acknowledged) EXPECT_EQ(found[id], 1) << id;
  EXPECT_GE(acknowledged.size(), 1500U);
}

TEST_F(RocksDurability, EveryAcknowledgedOrderSurvivesAPowerLoss) {
  for (int i = 0; i < 20; ++i) value_of(append(log(), {order("u", std::to_string(i))}));
  lose_power();
  EXPECT_EQ(all_orders().size(), 20U);
  value_of(append(log(), {order("u", "20")}));
  lose_power();
  EXPECT_EQ(all_orders().size(), 21U);
}

TEST_F(RocksDurability, APowerLossTakesTheStoresBackToOneMoment) {
  // Large rows, so that some memtables reach the disk by themselves and others do not.
  const std::string filler(200, 'x');
  constexpr std::uint64_t kBatches = 60;
  constexpr std::uint64_t kRows = 500;
  std::vector<Order> orders(kBatches * kRows, order("u", "1"));
  value_of(append(log(), orders));
  for (std::uint64_t batch = 0; batch < kBatches; ++batch) {
    StoreBatch rows;
    for (std::uint64_t i = batch * kRows; i < (batch + 1) * kRows; ++i) {
      const Order stored = order(fmt::format("{:06}{}", i * 7919 % 30'000, filler),
                                 fmt::format("{:08}", i), std::string(60, 'm'));
      rows.orders.push_back(
          {.day = kDay, .bucket = Bucket(7), .stored = {.order = stored, .version = Version(i)}});
    }
    rows.marks.push_back({.day = kDay,
                          .bucket = Bucket(7),
                          .position = {LogPartition(0), LogOffset((batch + 1) * kRows - 1)}});
    rows.watermarks[LogPartition(0)].next_offset = LogOffset((batch + 1) * kRows);
    value_of(engine->order_store().put(rows));
  }
  // A full memtable goes to the disk on a thread of RocksDB's own, after what was logged before it.
  constexpr std::uint64_t kMostOfAMemtable = 4 << 20;
  while (disk.synced_bytes("/stores/", ".log") < kMostOfAMemtable) std::this_thread::yield();
  lose_power();
  EXPECT_GT(disk.lost_bytes(), 0U);

  const auto watermarks = value_of(engine->order_store().watermarks());
  const std::uint64_t next =
      watermarks.empty() ? 0 : watermarks.at(LogPartition(0)).next_offset.value();
  EXPECT_LT(next, kBatches * kRows);
  EXPECT_GT(next, 0U) << "no memtable reached the disk: the test shows nothing";
  std::set<std::uint64_t> versions;
  for (const StoredOrder& row : all_rows(engine->order_store().scan(kDay, Bucket(7))))
    versions.insert(row.version.value());
  // Exactly the orders before the watermark, and the mark that came with the last of them.
  EXPECT_EQ(versions.size(), next);
  EXPECT_TRUE(versions.empty() || *versions.rbegin() == next - 1);
  EXPECT_EQ(value_of(engine->order_store().marks(Bucket(7))),
            (std::map<BusinessDay, Marks>{{kDay, {{LogPartition(0), LogOffset(next - 1)}}}}));
  // The log brings the rest again.
  const auto again = read_all(*value_of(engine->open_reader()));
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again.front().position.offset, LogOffset(next));
  EXPECT_EQ(again.size(), kBatches * kRows - next);
}

TEST_F(RocksDurability, WhatPeopleDecidedSurvivesAPowerLoss) {
  value_of(engine->settings_store().put_data_settings({.time_zone = "Asia/Tokyo"}));
  value_of(engine->settings_store().put_menu_types({{.id = MenuType("cafe")}}));
  lose_power();
  EXPECT_TRUE(value_of(engine->settings_store().data_settings()).has_value());
  EXPECT_EQ(value_of(engine->settings_store().menu_types()).size(), 3U);
}

TEST_F(RocksDurability, AFullDiskRefusesOrdersAndTheLogRecoversByItself) {
  // Once before anything was ever written, and once after.
  for (int round = 0; round < 2; ++round) {
    disk.set_full(true);
    for (int i = 0; i < 3; ++i) {
      const auto refused = append(log(), {order("u", fmt::format("refused{}-{}", round, i))});
      ASSERT_FALSE(refused.has_value());
      EXPECT_EQ(refused.error().code, ErrorCode::storage_full) << refused.error().message;
      EXPECT_FALSE(refused.error().may_have_happened);
    }
    EXPECT_EQ(all_orders().size(), static_cast<std::size_t>(round)) << "reading goes on";
    disk.set_full(false);
    append_in_the_end(order("u", fmt::format("accepted{}", round)));
  }
  const std::vector<Order> expected = {order("u", "accepted0"), order("u", "accepted1")};
  EXPECT_EQ(all_orders(), expected);
  lose_power();
  EXPECT_EQ(all_orders(), expected);
}

TEST_F(RocksDurability, OrdersWhoseFsyncFailedNeverTurnUp) {
  value_of(append(log(), {order("u", "before")}));
  disk.fail_next_syncs(1);
  // More than one record: the later ones would stay if the next append only replaced the first.
  const auto failed = append(log(), std::vector<Order>(25'000, order("u", "failed")));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable) << failed.error().message;
  EXPECT_TRUE(failed.error().may_have_happened);
  EXPECT_EQ(value_of(log().ends()).at(LogPartition(0)), LogOffset(1));
  EXPECT_EQ(all_orders().size(), 1U);

  append_in_the_end(order("u", "after"));
  const std::vector<Order> expected = {order("u", "before"), order("u", "after")};
  EXPECT_EQ(all_orders(), expected);
  close();
  open();
  EXPECT_EQ(all_orders(), expected);
  lose_power();
  EXPECT_EQ(all_orders(), expected);
}

TEST_F(RocksDurability, AFullDiskRefusesStoresAndTheyRecoverByThemselves) {
  const auto put = [&](std::uint64_t version) {
    return engine->order_store().put(
        {.orders = {{.day = kDay,
                     .bucket = Bucket(7),
                     .stored = {.order = order("u", std::to_string(version)),
                                .version = Version(version)}}}});
  };
  value_of(put(1));
  const auto cursor = value_of(engine->order_store().scan(kDay, Bucket(7)));
  disk.set_full(true);
  for (int i = 0; i < 2; ++i) {
    const auto refused = put(2);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::storage_full) << refused.error().message;
  }
  EXPECT_EQ(all_rows(engine->order_store().scan(kDay, Bucket(7))).size(), 1U) << "reading goes on";
  disk.set_full(false);
  std::vector<StoredOrder> rows;
  value_of(cursor->next(rows, 10));
  EXPECT_EQ(rows.size(), 1U);
  value_of(put(2));
  EXPECT_EQ(all_rows(engine->order_store().scan(kDay, Bucket(7))).size(), 2U);
}

TEST_F(RocksDurability, ACursorGoesOnAfterTheStoresWereOpenedAgain) {
  StoreBatch batch;
  for (std::uint64_t i = 0; i < 10; ++i)
    batch.orders.push_back(
        {.day = kDay,
         .bucket = Bucket(7),
         .stored = {.order = order("u", std::to_string(i)), .version = Version(i)}});
  value_of(engine->order_store().put(batch));
  const auto cursor = value_of(engine->order_store().scan(kDay, Bucket(7)));
  std::vector<StoredOrder> rows;
  value_of(cursor->next(rows, 4));
  disk.set_full(true);
  EXPECT_FALSE(engine->order_store().put(batch).has_value());
  disk.set_full(false);
  // Refused as long as the cursor holds the old moment …
  const auto held = engine->order_store().put(batch);
  ASSERT_FALSE(held.has_value());
  EXPECT_EQ(held.error().code, ErrorCode::unavailable) << held.error().message;
  // … which it lets go of after the next page, to go on behind its last row.
  value_of(cursor->next(rows, 4));
  ASSERT_EQ(rows.size(), 4U);
  value_of(engine->order_store().put(batch));
  value_of(cursor->next(rows, 100));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.front().version, Version(8));
}

TEST_F(RocksDurability, AFullQueueRefusesAtOnce) {
  close();
  options.log_limits.orders_in_flight_max = 100;
  open();
  disk.hold_syncs(true);
  std::atomic<int> written = 0;
  const auto count = [&](Result<void> result) { written += result.has_value() ? 1 : 0; };
  log().append(std::vector<Order>(60, order("u", "1")), count);
  disk.wait_for_held_sync();
  log().append(std::vector<Order>(40, order("u", "2")), count);
  std::optional<Result<void>> refused;
  log().append({order("u", "3")}, [&](Result<void> result) { refused = std::move(result); });
  // On the calling thread: nobody waits for a full queue.
  ASSERT_TRUE(refused.has_value());
  ASSERT_FALSE(refused->has_value());
  EXPECT_EQ(refused->error().code, ErrorCode::overloaded);
  disk.hold_syncs(false);
  engine->close();
  EXPECT_EQ(written, 2);
  EXPECT_EQ(all_orders().size(), 100U);
}

TEST_F(RocksDurability, ARequestLargerThanTheQueueIsTakenWhenNothingWaits) {
  close();
  options.log_limits.orders_in_flight_max = 10;
  open();
  value_of(append(log(), std::vector<Order>(1000, order("u", "1"))));
  EXPECT_EQ(all_orders().size(), 1000U);
}

TEST_F(RocksDurability, WhatWaitsIsCommittedAsOneRecord) {
  disk.hold_syncs(true);
  std::atomic<int> written = 0;
  const auto count = [&](Result<void> result) { written += result.has_value() ? 1 : 0; };
  log().append({order("u", "0")}, count);
  disk.wait_for_held_sync();
  for (int i = 1; i <= 50; ++i) log().append({order("u", std::to_string(i))}, count);
  disk.hold_syncs(false);
  engine->close();
  EXPECT_EQ(written, 51);
  const auto reader = value_of(engine->open_reader());
  EXPECT_EQ(value_of(reader->poll(1, 0ms, {})).size(), 1U);
  EXPECT_EQ(value_of(reader->poll(1, 0ms, {})).size(), 50U);
}

TEST_F(RocksDurability, ClosingWritesWhatWaitsAndRefusesTheRest) {
  disk.hold_syncs(true);
  std::atomic<int> written = 0;
  for (int i = 0; i < 20; ++i)
    log().append({order("u", std::to_string(i))},
                 [&](Result<void> result) { written += result.has_value() ? 1 : 0; });
  disk.hold_syncs(false);
  engine->close();
  EXPECT_EQ(written, 20);
  const auto refused = append(log(), {order("u", "late")});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::cancelled);
  close();
  open();
  EXPECT_EQ(all_orders().size(), 20U);
}

}  // namespace
}  // namespace konomi::contract
