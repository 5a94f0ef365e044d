#include "api/test_restaurant.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace konomi::api {
namespace {

using testing::HasSubstr;

constexpr std::string_view kInitial =
    R"({"menu_types":[{"menu_type":"washoku","labels":{"ja":"和食","en":"Japanese"},)"
    R"("color":null,"position":1,"hidden":false},)"
    R"({"menu_type":"yoshoku","labels":{"ja":"洋食","en":"Western"},)"
    R"("color":null,"position":2,"hidden":false}]})";

http::Response put(TestRestaurant& restaurant, std::string_view body, Headers headers = {}) {
  return restaurant.answer(http::Method::put, "/api/v1/menu_types", std::move(headers), body);
}

TEST(MenuTypes, AreThoseOfANewStore) {
  TestRestaurant restaurant;
  EXPECT_EQ(restaurant.body_of("/api/v1/menu_types"), kInitial);
}

TEST(MenuTypes, SeenInOrdersFollowInByteOrder) {
  TestRestaurant restaurant;
  restaurant.take("u1", "chuka", "2025-05-31T12:00:00+09:00");
  restaurant.take("u1", "Americano with Milk", "2025-05-31T12:00:00+09:00");
  EXPECT_THAT(restaurant.body_of("/api/v1/menu_types"),
              HasSubstr(R"({"menu_type":"Americano with Milk","labels":{"ja":"","en":""},)"
                        R"("color":null,"position":null,"hidden":false},{"menu_type":"chuka",)"));
}

TEST(MenuTypes, AreCreatedAndReplacedAndTheOthersStay) {
  TestRestaurant restaurant;
  const http::Response response = put(
      restaurant,
      R"({"menu_types":[{"menu_type":"chuka","labels":{"ja":"中華"},"position":0,"hidden":true},)"
      R"({"menu_type":"yoshoku","color":"#c0392b"}]})",
      {{"content-type", "Application/JSON; charset=utf-8"}});
  constexpr std::string_view kAfter =
      R"({"menu_types":[{"menu_type":"chuka","labels":{"ja":"中華","en":""},)"
      R"("color":null,"position":0,"hidden":true},)"
      R"({"menu_type":"washoku","labels":{"ja":"和食","en":"Japanese"},)"
      R"("color":null,"position":1,"hidden":false},)"
      R"({"menu_type":"yoshoku","labels":{"ja":"","en":""},)"
      R"("color":"#c0392b","position":null,"hidden":false}]})";
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, kAfter);
  EXPECT_EQ(restaurant.body_of("/api/v1/menu_types"), kAfter);
}

TEST(MenuTypes, CanBePutBackAsTheyWereRead) {
  TestRestaurant restaurant;
  EXPECT_EQ(put(restaurant, kInitial).body, kInitial);
}

TEST(MenuTypes, StayAsTheyAreWhenOneEntryIsWrong) {
  TestRestaurant restaurant;
  const http::Response response =
      put(restaurant, R"({"menu_types":[{"menu_type":"chuka"},{"menu_type":"x","position":"1"}]})");
  EXPECT_EQ(response.status, 400U);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body,
              HasSubstr(R"("errors":[{"pointer":"/menu_types/1/position","detail":"expected an )"));
  EXPECT_EQ(restaurant.body_of("/api/v1/menu_types"), kInitial);
}

TEST(MenuTypes, AreAtMostAsManyAsConfigured) {
  TestRestaurant restaurant;
  std::string entries;
  for (int i = 0; i < 8; ++i) {
    entries += fmt::format("{}{{\"menu_type\":\"type-{}\"}}", i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(put(restaurant, "{\"menu_types\":[" + entries + "]}").status, 200U);
  const http::Response response = put(restaurant, R"({"menu_types":[{"menu_type":"one more"}]})");
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(response.body, HasSubstr("11 menu types; expected at most 10"));
  EXPECT_EQ(put(restaurant, R"({"menu_types":[{"menu_type":"type-3","hidden":true}]})").status,
            200U);
}

TEST(MenuTypes, InAnotherMediaTypeAreRefused) {
  TestRestaurant restaurant;
  const http::Response response = put(restaurant, kInitial, {{"content-type", "text/csv"}});
  EXPECT_EQ(response.status, 415U);
  EXPECT_EQ(response.content_type, "application/problem+json");
}

TEST(MenuTypes, SayThatTheStoreIsFull) {
  TestRestaurant restaurant;
  restaurant.engine.fail_next(
      "settings_store.put_menu_types", 1,
      {.error = {.code = ErrorCode::storage_full, .message = "no room on disk"}});
  const http::Response response = put(restaurant, kInitial);
  EXPECT_EQ(response.status, 507U);
  EXPECT_THAT(response.body, HasSubstr("no room on disk"));
}

}  // namespace
}  // namespace konomi::api
