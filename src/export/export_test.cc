#include "export/export.h"

#include "aggregate/shop_fixture.h"
#include "export/export_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::exporting {
namespace {

using aggregate::may;
using aggregate::Shop;
using testing::HasSubstr;

class ExportTest : public testing::Test {
 protected:
  ExportTest() {
    shop_.place({.day = 1, .user = "u1", .id = "a", .type = "washoku"});
    shop_.place({.day = 1, .user = "u,2", .id = "b", .type = "chuka", .hour = 19});
    shop_.place({.day = 2, .user = "u1", .id = "c", .type = "chuka"});
    shop_.place({.day = 2, .user = "u3", .id = "d", .type = "chuka"});
    shop_.cancel({.day = 2, .user = "u3", .id = "d", .type = "chuka"});
    shop_.count();
  }

  ExportPorts ports() {
    return {shop_.engine.order_store(), shop_.engine.summary_store(),
            shop_.engine.preference_store(), shop_.engine.settings_store()};
  }
  std::string text(std::string_view kind, std::string_view format = "ndjson",
                   std::optional<std::string_view> from = std::nullopt,
                   std::optional<std::string_view> to = std::nullopt) {
    Export rows(ports(), Shop::kBuckets, parse_request(kind, format, from, to).value());
    std::string all, piece;
    while (rows.next(piece).value()) all += piece;
    return all;
  }
  unsigned status(std::string_view target) {
    const ExportHandler handler(ports(), Shop::kBuckets);
    rest::Router router;
    handler.register_routes(router);
    http::Request request{.method = http::Method::get};
    EXPECT_TRUE(http::set_target(request, target));
    return router.table().match(request).route->blocking(request).status;
  }

  Shop shop_;
};

TEST_F(ExportTest, OrdersComeByDayUserAndIdCancelledOnesToo) {
  EXPECT_EQ(text("orders", "csv"),
            "order_id,user_id,ordered_at,menu_type,status\n"
            "b,\"u,2\",2025-05-01T10:00:00.000Z,chuka,placed\n"
            "a,u1,2025-05-01T03:00:00.000Z,washoku,placed\n"
            "c,u1,2025-05-02T03:00:00.000Z,chuka,placed\n"
            "d,u3,2025-05-02T03:00:00.000Z,chuka,cancelled\n");
  EXPECT_EQ(text("orders", "ndjson", "2025-05-01", "2025-05-01"),
            R"({"v":1,"order_id":"b","user_id":"u,2","ordered_at":"2025-05-01T10:00:00.000Z",)"
            R"("menu_type":"chuka","status":"placed"})"
            "\n"
            R"({"v":1,"order_id":"a","user_id":"u1","ordered_at":"2025-05-01T03:00:00.000Z",)"
            R"("menu_type":"washoku","status":"placed"})"
            "\n");
}

TEST_F(ExportTest, DaysHaveTheirFiguresAndMovesAndNothingOfWhenTheyWereCounted) {
  const std::string days = text("days");
  EXPECT_THAT(days, HasSubstr(R"({"date":"2025-05-01","orders":2,"users":2,"checksum":")"));
  EXPECT_THAT(days, HasSubstr(R"("moves":[{"users":1,"from":{"state":"prefers","menu_type":)"
                              R"("washoku"},"to":{"state":"prefers","menu_type":"chuka"}}])"));
  for (const char* left_out : {"computed_at", "revision", "version", "final"})
    EXPECT_EQ(days.find(left_out), std::string::npos) << left_out;
  EXPECT_THAT(text("days", "csv"),
              HasSubstr("2025-05-02,chuka,1,,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0\n"
                        "2025-05-02,,1,1,0,"));
}

TEST_F(ExportTest, UsersAreThoseWithAPlacedOrderEachOnce) {
  EXPECT_EQ(text("users", "csv"),
            "user_id,menu_type,orders,total_orders,runner_up,runner_up_orders,tied,since,"
            "confidence,last_ordered_at,undecided,days\n"
            "\"u,2\",chuka,1,1,,0,false,2025-05-01,0.7500,2025-05-01T10:00:00.000Z,false,1\n"
            "u1,chuka,1,2,washoku,1,true,2025-05-02,0.5000,2025-05-02T03:00:00.000Z,false,2\n");
  EXPECT_THAT(text("users"), HasSubstr(R"("counts":[{"menu_type":"chuka","orders":1,)"));
}

TEST_F(ExportTest, SegmentsAndChangesNameTheirUsers) {
  EXPECT_THAT(text("segments", "csv"), HasSubstr("\n\"u,2\",chuka,1,1,"));
  EXPECT_THAT(text("changes", "csv"), HasSubstr("2025-05-02,u1,prefers,washoku,prefers,chuka\n"));
}

TEST_F(ExportTest, AllOfItIsLinesThatSayTheirKind) {
  const std::string all = text("all");
  for (const char* kind : {"menu_types", "orders", "days", "users", "segments", "changes"})
    EXPECT_THAT(all, HasSubstr(std::string("{\"kind\":\"") + kind + "\",")) << kind;
}

TEST_F(ExportTest, ARequestThatMakesNoSenseIsRefused) {
  EXPECT_EQ(status("/api/v1/export/orders"), 200U);
  EXPECT_EQ(status("/api/v1/export/dishes"), 404U);
  EXPECT_EQ(status("/api/v1/export/orders?format=xml"), 400U);
  EXPECT_EQ(status("/api/v1/export/all?format=csv"), 400U);
  EXPECT_EQ(status("/api/v1/export/users?from=2025-05-01"), 400U);
  EXPECT_EQ(status("/api/v1/export/days?from=yesterday"), 400U);
  EXPECT_EQ(status("/api/v1/export/days?to="), 400U);
}

TEST_F(ExportTest, StoresThatDoNotAnswerAreAnErrorAnswer) {
  shop_.fail_call(1, false);
  EXPECT_EQ(status("/api/v1/export/orders"), 503U);
}

}  // namespace
}  // namespace konomi::exporting
