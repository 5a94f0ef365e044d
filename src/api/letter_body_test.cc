#include "api/letter_body.h"

#include "domain/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> pointers(std::string_view body, LetterAction action) {
  const auto request = parse_letter_request(body, action);
  std::vector<std::string> found;
  if (request) return found;
  for (const FieldProblem& problem : request.error()) found.push_back(problem.pointer);
  return found;
}

TEST(LetterBody, NamesLettersAndAnEdit) {
  const auto request = parse_letter_request(
      R"({"letters":["3-41"],"fix":{"order":{"menu_type":"washoku","user_id":"u"}},)"
      R"("dry_run":true})",
      LetterAction::replay);
  ASSERT_TRUE(request.has_value());
  EXPECT_THAT(request->selection.letters, ElementsAre(LogPosition{LogPartition(3), LogOffset(41)}));
  EXPECT_EQ(request->fix.edited, (dlq::OrderTexts{.user_id = "u", .menu_type = "washoku"}));
  EXPECT_TRUE(request->dry_run);
}

TEST(LetterBody, FiltersAndRenames) {
  const auto request =
      parse_letter_request(R"({"filter":{"reason":"unreadable","since":"2025-05-31T00:00:00Z",)"
                           R"("until":"2025-06-01T00:00:00Z","menu_type":"a"},"after":"0-7",)"
                           R"("fix":{"rename_menu_types":{"a":"b","c":"d"}}})",
                           LetterAction::replay);
  ASSERT_TRUE(request.has_value());
  EXPECT_THAT(request->selection.letters, IsEmpty());
  EXPECT_EQ(request->selection.filter.reason, "unreadable");
  EXPECT_EQ(request->selection.filter.since, parse_rfc3339("2025-05-31T00:00:00Z").value());
  EXPECT_EQ(request->selection.filter.menu_type, MenuType("a"));
  EXPECT_EQ(request->selection.after, (LogPosition{LogPartition(0), LogOffset(7)}));
  EXPECT_EQ(request->fix.renamed_menu_types.size(), 2U);
  EXPECT_FALSE(request->dry_run);
}

TEST(LetterBody, ADiscardNeedsToKnowWhy) {
  const auto request =
      parse_letter_request(R"({"filter":{},"why":"tests of a till"})", LetterAction::discard);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->why, "tests of a till");
  EXPECT_THAT(pointers(R"({"filter":{}})", LetterAction::discard), ElementsAre("/why"));
  EXPECT_THAT(pointers(R"({"filter":{},"why":""})", LetterAction::discard), ElementsAre("/why"));
  EXPECT_THAT(pointers(R"({"filter":{},"why":1})", LetterAction::discard),
              testing::Contains("/why"));
}

TEST(LetterBody, SaysEverythingThatIsWrong) {
  const auto of_replay = [](std::string_view body) { return pointers(body, LetterAction::replay); };
  EXPECT_THAT(of_replay("{"), ElementsAre(""));
  EXPECT_THAT(of_replay("[]"), ElementsAre(""));
  EXPECT_THAT(of_replay("{}"), ElementsAre(""));
  EXPECT_THAT(of_replay(R"({"letters":["0-1"],"filter":{}})"), ElementsAre(""));
  EXPECT_THAT(of_replay(R"({"letters":[]})"), ElementsAre("/letters"));
  EXPECT_THAT(of_replay(R"({"letters":["0-1","x",3]})"), ElementsAre("/letters/1", "/letters/2"));
  EXPECT_THAT(of_replay(R"({"filter":{},"dryrun":true})"), ElementsAre("/dryrun"));
  EXPECT_THAT(of_replay(R"({"filter":{},"why":"x"})"), ElementsAre("/why"));
  EXPECT_THAT(of_replay(R"({"filter":{"reasons":"x","since":"today"},"dry_run":1})"),
              UnorderedElementsAre("/filter/reasons", "/filter/since", "/dry_run"));
  EXPECT_THAT(
      of_replay(R"({"filter":{},"fix":{"order":{"menutype":"a"},"rename":{},)"
                R"("rename_menu_types":{"a":1}}})"),
      UnorderedElementsAre("/fix/order/menutype", "/fix/rename", "/fix/rename_menu_types/a"));
}

}  // namespace
}  // namespace konomi::api
