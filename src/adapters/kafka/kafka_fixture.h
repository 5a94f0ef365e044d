#pragma once

#include "adapters/kafka/engine.h"
#include "adapters/kafka/handles.h"
#include "adapters/kafka/options.h"
#include "adapters/memory/engine.h"
#include "base/clock.h"
#include "ports/order_log.h"
#include "tests/support/orders.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/value_of.h"

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::kafka {

using support::append;
using support::fail_test;
using support::instant;
using support::order;
using support::orders_in;
using support::value_of;

LogPosition position(std::uint32_t partition, std::uint64_t offset);
// Orders "first", "first + 1", … of one user.
std::vector<Order> numbered(int first, int count, std::string_view user_id = "u");

// Polls until `count` records came, or for half a minute.
std::vector<LogRecord> read(OrderLogReader& reader, std::size_t count);
// Polls until everything was read that the log holds, or for half a minute.
std::vector<LogRecord> read_all(OrderLogReader& reader, std::size_t partitions = 1);
// Polls until it fails, or for half a minute.
Error read_error(OrderLogReader& reader);

using Headers = std::vector<std::pair<std::string, std::string>>;

// A message as it goes to or comes from a topic.
struct RawMessage {
  std::int32_t partition = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
  std::optional<Timestamp> timestamp;  // Of the producer.
};

// With a key, and without headers.
RawMessage line(std::string_view value, std::int32_t partition = 0);

// What a person with Kafka's own tools would do.
class Administrator {
 public:
  explicit Administrator(const std::string& brokers);

  // A name that nobody else has.
  std::string new_topic(std::uint32_t partitions,
                        const std::map<std::string, std::string>& settings = {
                            {"message.timestamp.type", "LogAppendTime"}});
  void create_topic(const std::string& topic, std::uint32_t partitions,
                    const std::map<std::string, std::string>& settings);
  void delete_topic(const std::string& topic);
  // Everything before `offset`.
  void delete_records(const std::string& topic, std::int32_t partition, std::int64_t offset);
  void produce(const std::string& topic, const std::vector<RawMessage>& messages);
  // In one transaction, whose mark is a record behind them that readers do not get.
  void produce_in_transaction(const std::string& topic, const std::vector<RawMessage>& messages);
  // The messages of a partition, at least `count` of them.
  std::vector<RawMessage> consume(const std::string& topic, std::int32_t partition,
                                  std::size_t count);
  // What a consumer group has committed; nothing: nothing.
  std::optional<std::int64_t> committed(const std::string& group, const std::string& topic,
                                        std::int32_t partition);
  // Whether a broker answers within `wait`.
  bool answers(std::chrono::milliseconds wait);

 private:
  void produce_by(rd_kafka_t* producer, const std::string& topic,
                  const std::vector<RawMessage>& messages);

  const std::string brokers_;
  ClientHandle producer_;
};

// A broker of the test's own, which it may stop and kill.
class OwnBroker {
 public:
  OwnBroker();   // Starts it, and waits until it answers.
  ~OwnBroker();  // Kills it.
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;

  const std::string& address() const { return address_; }
  void freeze();  // Its connections stay, and nothing answers.
  void thaw();
  void kill();
  void start();  // Over what it stored.

 private:
  const std::string jars_;
  const support::TemporaryDirectory directory_;
  std::string address_;
  pid_t process_ = -1;
};

// The brokers of KONOMI_TEST_KAFKA_BROKERS, which must be set.
class KafkaTest : public testing::Test {
 protected:
  void SetUp() override;

  // Of a new topic, in a group of its own.
  KafkaOptions new_options(std::uint32_t partitions = 1);
  // An engine over it, which lives as long as the test.
  KafkaEngine& open(KafkaOptions options);
  Administrator& administrator() { return *administrator_; }

  static std::string brokers();

  ManualClock clock_{instant(0)};
  memory::MemoryEngine stores_{clock_};

 private:
  std::unique_ptr<Administrator> administrator_;
  std::vector<std::unique_ptr<KafkaEngine>> engines_;
};

}  // namespace konomi::kafka
