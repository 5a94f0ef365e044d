#include "api/menu_type_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> pointers(std::string_view body) {
  const auto entries = parse_menu_types(body);
  std::vector<std::string> found;
  if (entries) return found;
  for (const FieldProblem& problem : entries.error()) found.push_back(problem.pointer);
  return found;
}

TEST(MenuTypeBody, IsReadWithEveryField) {
  const auto entries = parse_menu_types(
      R"({"menu_types":[{"menu_type":"chuka","labels":{"ja":"中華","en":"Chinese"},)"
      R"("color":"#c0392B","position":3,"hidden":true,"unknown":[1]}]})");
  ASSERT_TRUE(entries.has_value());
  EXPECT_THAT(*entries, ElementsAre(MenuTypeEntry{.id = MenuType("chuka"),
                                                  .label_ja = "中華",
                                                  .label_en = "Chinese",
                                                  .color = "#c0392B",
                                                  .position = 3,
                                                  .hidden = true}));
}

TEST(MenuTypeBody, IsReadAsItWasWritten) {
  const std::vector<MenuTypeEntry> entries = {
      {.id = MenuType("a\"b"), .label_ja = "中華", .color = "#c0392b", .position = 0},
      {.id = MenuType("b"), .label_en = "Café", .hidden = true}};
  EXPECT_EQ(parse_menu_types(menu_types_json(entries)), entries);
  EXPECT_EQ(menu_types_json({}), R"({"menu_types":[]})");
}

TEST(MenuTypeBody, TakesAbsentAndNullFieldsAsANewEntryHasThem) {
  const auto entries = parse_menu_types(
      R"({"menu_types":[{"menu_type":"a"},{"menu_type":"b","labels":null,"color":null,)"
      R"("position":null,"hidden":null},{"menu_type":"c","labels":{"en":null}}]})");
  ASSERT_TRUE(entries.has_value());
  EXPECT_THAT(*entries,
              ElementsAre(MenuTypeEntry{.id = MenuType("a")}, MenuTypeEntry{.id = MenuType("b")},
                          MenuTypeEntry{.id = MenuType("c")}));
}

TEST(MenuTypeBody, MayBeEmpty) {
  const auto entries = parse_menu_types(R"({"menu_types":[]})");
  ASSERT_TRUE(entries.has_value());
  EXPECT_THAT(*entries, IsEmpty());
}

TEST(MenuTypeBody, ThatIsNoSuchObjectIsRefused) {
  EXPECT_THAT(pointers(""), ElementsAre(""));
  EXPECT_THAT(pointers("{\"menu_types\":["), ElementsAre(""));
  EXPECT_THAT(pointers("\"menu_types\""), ElementsAre("/menu_types"));
  EXPECT_THAT(pointers("{}"), ElementsAre("/menu_types"));
  EXPECT_THAT(pointers(R"({"menu_types":{}})"), ElementsAre("/menu_types"));
}

TEST(MenuTypeBody, NamesThePlaceOfEveryProblem) {
  EXPECT_THAT(
      pointers(R"({"menu_types":[{"menu_type":7},{"menu_type":"ok"},5,)"
               R"({"menu_type":"x","labels":[],"color":1,"position":1.5,"hidden":"no"},)"
               R"({"menu_type":"y","labels":{"ja":1,"en":2},"position":-1},{"menu_type":"ok"}]})"),
      ElementsAre("/menu_types/0/menu_type", "/menu_types/2", "/menu_types/3/labels",
                  "/menu_types/3/color", "/menu_types/3/position", "/menu_types/3/hidden",
                  "/menu_types/4/labels/ja", "/menu_types/4/labels/en", "/menu_types/4/position",
                  "/menu_types/5/menu_type"));
}

TEST(MenuTypeBody, RefusesAnEmptyColour) {
  EXPECT_THAT(pointers(R"({"menu_types":[{"menu_type":"x","color":""}]})"),
              ElementsAre("/menu_types/0/color"));
}

TEST(MenuTypeBody, TakesAnIntegerHoweverItIsWritten) {
  const auto entries = parse_menu_types(
      R"({"menu_types":[{"menu_type":"a","position":3.0},{"menu_type":"b","position":1e6}]})");
  ASSERT_TRUE(entries.has_value());
  EXPECT_EQ((*entries)[0].position, 3);
  EXPECT_EQ((*entries)[1].position, 1'000'000);
  EXPECT_THAT(
      pointers(R"({"menu_types":[{"menu_type":"a","position":1e7},)"
               R"({"menu_type":"b","position":2.5},{"menu_type":"c","position":true}]})"),
      ElementsAre("/menu_types/0/position", "/menu_types/1/position", "/menu_types/2/position"));
}

TEST(MenuTypeBody, KeepsTheRulesOfAnEntry) {
  const auto entries =
      parse_menu_types(R"({"menu_types":[{"menu_type":""},{},{"menu_type":"x","color":"red"}]})");
  ASSERT_FALSE(entries.has_value());
  ASSERT_THAT(entries.error(), SizeIs(3));
  EXPECT_EQ(entries.error()[0].pointer, "/menu_types/0");
  EXPECT_THAT(entries.error()[0].detail, HasSubstr("menu_type is empty"));
  EXPECT_THAT(entries.error()[1].detail, HasSubstr("menu_type is empty"));
  EXPECT_THAT(entries.error()[2].detail, HasSubstr("\"red\""));
}

}  // namespace
}  // namespace konomi::api
