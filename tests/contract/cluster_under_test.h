#pragma once

#include "adapters/cassandra/engine.h"
#include "adapters/kafka/engine.h"
#include "base/clock.h"
#include "tests/support/orders.h"

#include <memory>
#include <string>

namespace konomi::contract {

// Kafka and Cassandra behind the face of one engine, on the servers of KONOMI_KAFKA_BROKERS and
// KONOMI_CASSANDRA_CONTACT_POINTS. Every object has a topic of its own, of one partition, and empty
// tables; there is one object at a time.
class ClusterUnderTest {
 public:
  // Log times are the brokers'.
  static constexpr bool kClockIsLogTime = false;

  ClusterUnderTest();

  void reopen();
  ClusterUnderTest& operator*() { return *this; }
  ClusterUnderTest* operator->() { return this; }
  ManualClock& clock() { return clock_; }

  OrderLog& order_log() { return log_->order_log(); }
  OrderStore& order_store() { return stores_->order_store(); }
  SummaryStore& summary_store() { return stores_->summary_store(); }
  PreferenceStore& preference_store() { return stores_->preference_store(); }
  SettingsStore& settings_store() { return stores_->settings_store(); }
  DeadLetters& dead_letters() { return log_->dead_letters(); }
  Result<std::unique_ptr<OrderLogReader>> open_reader() {
    return log_->open_reader(stores_->order_store());
  }

 private:
  void open();

  const std::string topic_;
  ManualClock clock_{support::instant(0)};
  std::unique_ptr<cassandra::CassandraEngine> stores_;
  std::unique_ptr<kafka::KafkaEngine> log_;
};

}  // namespace konomi::contract
