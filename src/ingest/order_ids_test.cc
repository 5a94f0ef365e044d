#include "ingest/order_ids.h"

#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace konomi::ingest {
namespace {

const Timestamp kNow = parse_rfc3339("2025-05-31T12:00:00.123Z").value();

TEST(OrderIds, AreUuidsOfVersion7ThatBeginWithTheTime) {
  OrderIds ids(1, 2);
  EXPECT_THAT(ids.next(kNow).value(),
              testing::MatchesRegex("01972636-927b-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(OrderIds, NeverRepeatWithinAMillisecondOnAnyThread) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  OrderIds ids(1, 2);
  std::vector<std::vector<OrderId>> given(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : given) {
      threads.emplace_back([&mine, &ids] {
        for (int i = 0; i < kEach; ++i) mine.push_back(ids.next(kNow));
      });
    }
  }
  std::set<OrderId> distinct;
  for (const auto& some : given) distinct.insert(some.begin(), some.end());
  EXPECT_EQ(distinct.size(), kThreads * kEach);
}

TEST(OrderIds, FollowFromTheSeeds) {
  EXPECT_EQ(OrderIds(1, 2).next(kNow), OrderIds(1, 2).next(kNow));
  EXPECT_NE(OrderIds(1, 2).next(kNow), OrderIds(3, 2).next(kNow));
  EXPECT_NE(OrderIds(1, 2).next(kNow), OrderIds(1, 3).next(kNow));
}

TEST(OrderIds, AnEventHasOneIdHoweverOftenItComes) {
  const OrderId id = order_id_of_event("/tills/7", "A-1");
  // As Python's uuid.uuid5(uuid.UUID("5e0c0e2b-864d-4f07-9d51-a43d1cb277e9"), "/tills/7\0A-1").
  EXPECT_EQ(id, OrderId("4de4585b-922c-5cd3-86da-514fcd3e3d34"));
  EXPECT_EQ(order_id_of_event("/tills/7", "A-1"), id);
  EXPECT_NE(order_id_of_event("/tills/7A", "-1"), id);
}

}  // namespace
}  // namespace konomi::ingest
