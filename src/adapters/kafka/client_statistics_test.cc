#include "adapters/kafka/client_statistics.h"

#include <gmock/gmock.h>

namespace konomi::kafka {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string exposition_of(const ClientStatistics& statistics) {
  Metrics metrics;
  metrics.collect_from([&](Samples& samples) { statistics.collect(samples); });
  return metrics.exposition();
}

TEST(ClientStatistics, ShowsWhatWasSaidLast) {
  ClientStatistics statistics;
  EXPECT_THAT(exposition_of(statistics), Not(HasSubstr("konomi_kafka_")));
  statistics.take("reader", R"({"msg_cnt":3,"tx_bytes":100,"cgrp":{"rebalance_cnt":2},"brokers":{
      "a:9092/1":{"nodeid":1,"outbuf_cnt":4,"txerrs":5,"txretries":6,"req_timeouts":7,
                  "rtt":{"p99":1500}},
      "a:9092/bootstrap":{"nodeid":-1,"outbuf_cnt":1,"txerrs":0,"rtt":{"p99":9}}}})");
  const std::string text = exposition_of(statistics);
  EXPECT_THAT(text, HasSubstr("konomi_kafka_queued_messages{client=\"reader\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("konomi_kafka_outbuf_requests{client=\"reader\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("konomi_kafka_tx_errors_total{client=\"reader\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("konomi_kafka_rebalances_total{client=\"reader\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("konomi_kafka_rtt_seconds{broker=\"1\",client=\"reader\"} 0.0015\n"));
  EXPECT_THAT(text, Not(HasSubstr("broker=\"-1\"")));
}

TEST(ClientStatistics, LeavesOutWhatIsNoJson) {
  ClientStatistics statistics;
  statistics.take("reader", "{");
  EXPECT_THAT(exposition_of(statistics), Not(HasSubstr("konomi_kafka_")));
}

}  // namespace
}  // namespace konomi::kafka
