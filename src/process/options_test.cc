#include "process/options.h"

#include <gtest/gtest.h>

namespace konomi::process {
namespace {

// The rooms do not know Config, and Config knows no room: this keeps their defaults the same.
const config::Config kDefaults;

TEST(Options, HttpHasTheDefaultsOfTheSettings) {
  const http::ServerOptions made = server_options(kDefaults);
  const http::ServerOptions room;
  EXPECT_EQ(made.address, room.address);
  EXPECT_EQ(made.port, room.port);
  EXPECT_EQ(made.threads, room.threads);
  EXPECT_EQ(made.limits.body_bytes_max, room.limits.body_bytes_max);
  EXPECT_EQ(made.limits.bodies_bytes_max, room.limits.bodies_bytes_max);
  EXPECT_EQ(made.limits.connections_max, room.limits.connections_max);
  EXPECT_EQ(made.limits.worker_threads, room.limits.worker_threads);
  EXPECT_EQ(made.limits.idle_timeout, room.limits.idle_timeout);
  EXPECT_EQ(made.limits.request_timeout, room.limits.request_timeout);
  EXPECT_EQ(made.limits.stop_grace, room.limits.stop_grace);
}

TEST(Options, BodiesInMemoryHoldTheLongestBody) {
  config::Config config;
  config.http_body_bytes_max = std::uint64_t{1} << 30;
  EXPECT_EQ(server_options(config).limits.bodies_bytes_max, config.http_body_bytes_max);
}

TEST(Options, IngestHasTheDefaultsOfTheSettings) {
  EXPECT_EQ(order_handler_options(kDefaults).limits.ahead_max,
            ingest::OrderHandler::Options{}.limits.ahead_max);
  EXPECT_EQ(order_handler_options(kDefaults).batch_orders_max,
            ingest::OrderHandler::Options{}.batch_orders_max);
  EXPECT_EQ(kDefaults.orders_in_flight_max, ingest::OrderHandler::Options{}.orders_in_flight_max);
  EXPECT_EQ(kDefaults.orders_in_flight_max, OrderLog::Limits{}.orders_in_flight_max);
  const ingest::MenuTypeGate::Rules room;
  EXPECT_EQ(gate_rules(kDefaults).unknown, room.unknown);
  EXPECT_EQ(gate_rules(kDefaults).menu_types_max, room.menu_types_max);
}

TEST(Options, ConsumeHasTheDefaultsOfTheSettings) {
  Tracer tracer;
  const consume::ConsumerOptions made = consumer_options(kDefaults, 7, tracer);
  const consume::ConsumerOptions room;
  EXPECT_EQ(made.unknown_menu_types, room.unknown_menu_types);
  EXPECT_EQ(made.menu_types_max, room.menu_types_max);
  EXPECT_EQ(made.poison_percent_max, room.poison_percent_max);
  EXPECT_EQ(made.retry_seed, 7U);
  EXPECT_EQ(made.tracer, &tracer);
}

TEST(Options, AggregateHasTheDefaultsOfTheSettings) {
  Tracer tracer;
  const aggregate::AggregatorOptions made = aggregator_options(kDefaults, 1, tracer);
  const aggregate::AggregatorOptions room;
  EXPECT_EQ(made.rules, room.rules);
  EXPECT_EQ(made.preferences, room.preferences);
  EXPECT_EQ(made.threads, room.threads);
  EXPECT_EQ(made.shard, room.shard);
  EXPECT_EQ(made.log_partitions, room.log_partitions);
  EXPECT_EQ(made.settle, room.settle);
  EXPECT_EQ(made.settle_max, room.settle_max);
  EXPECT_EQ(made.late_allowance, room.late_allowance);
  EXPECT_EQ(made.orders_kept_for, room.orders_kept_for);
  const aggregate::RetentionOptions kept;
  EXPECT_EQ(retention_options(kDefaults).dead_letters, kept.dead_letters);
  EXPECT_EQ(retention_options(kDefaults).log, kept.log);
}

TEST(Options, TheReadingRoomsHaveTheDefaultsOfTheSettings) {
  const auto calendar = BusinessCalendar::make(kDefaults.time_zone, kDefaults.day_starts_at);
  ASSERT_TRUE(calendar);
  const api::ApiSettings api = api_settings(kDefaults, *calendar);
  const api::ApiSettings api_room{.calendar = *calendar};
  EXPECT_EQ(api.bucket_count, api_room.bucket_count);
  EXPECT_EQ(api.rules, api_room.rules);
  EXPECT_EQ(api.menu_types_max, api_room.menu_types_max);
  const dlq::ReprocessingRules letters = reprocessing_rules(kDefaults);
  EXPECT_EQ(letters.limits.ahead_max, dlq::ReprocessingRules{}.limits.ahead_max);
  EXPECT_EQ(letters.unknown_menu_types, dlq::ReprocessingRules{}.unknown_menu_types);
  EXPECT_EQ(letters.menu_types_max, dlq::ReprocessingRules{}.menu_types_max);
  const verify::VerifyOptions verify = verify_options(kDefaults, 1);
  EXPECT_EQ(verify.bucket_count, verify::VerifyOptions{}.bucket_count);
  EXPECT_EQ(verify.log_partitions, verify::VerifyOptions{}.log_partitions);
  EXPECT_EQ(verify.rules, verify::VerifyOptions{}.rules);
  EXPECT_EQ(verify.judged_nightly, verify::VerifyOptions{}.judged_nightly);
}

}  // namespace
}  // namespace konomi::process
