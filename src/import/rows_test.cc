#include "import/rows.h"

#include <gtest/gtest.h>

namespace konomi::import {
namespace {

// "line: order_id user_id ordered_at menu_type status" with "-" for an absent field, or
// "line! problem".
std::string shown_rows(std::string_view text, std::string_view columns = "") {
  MemorySource source(text);
  std::optional<ColumnPlan> plan;
  if (!columns.empty()) {
    auto parsed = parse_columns(columns);
    if (!parsed) return parsed.error().message;
    plan = *parsed;
  }
  auto rows = open_rows(source, plan);
  if (!rows) return rows.error().message;
  std::string out;
  Row row;
  while ((*rows)->next(row).value()) {
    out += std::to_string(row.line);
    if (!row.problem.empty()) {
      out += "! " + row.problem + "\n";
      continue;
    }
    out += ":";
    for (const auto& value : row.fields.values) out += " " + value.value_or("-");
    out += "\n";
  }
  return out;
}

TEST(Rows, ReadsCsvByItsHeaderWhateverTheOrderOfColumns) {
  EXPECT_EQ(
      shown_rows(
          "source_category,menu_type,order_id,ordered_at,user_id\nRamen,washoku,T-1,now,u1\n"),
      "2: T-1 u1 now washoku -\n");
  EXPECT_EQ(shown_rows("User_ID, Ordered_At ,menu_type,status\nu1,now,,cancelled\n"),
            "2: - u1 now  cancelled\n");
}

TEST(Rows, ReadsTheFirstVersionsTimestampAsOrderedAt) {
  EXPECT_EQ(shown_rows("user_id,timestamp,menu_type\nu1,now,washoku\n"), "2: - u1 now washoku -\n");
  EXPECT_EQ(shown_rows("{\"user_id\":\"u1\",\"timestamp\":\"now\",\"menu_type\":\"washoku\"}\n"),
            "1: - u1 now washoku -\n");
}

TEST(Rows, AnEmptyOrderIdIsNone) {
  EXPECT_EQ(shown_rows("order_id,user_id,ordered_at,menu_type\n,u1,now,washoku\n"),
            "2: - u1 now washoku -\n");
}

TEST(Rows, MapsColumnsByName) {
  EXPECT_EQ(shown_rows("ID,Guest,When,Dish\n7,u1,now,washoku\n",
                       "order_id=ID,user_id=guest,ordered_at=When,menu_type=Dish"),
            "2: 7 u1 now washoku -\n");
}

TEST(Rows, MapsColumnsByPositionWithoutAHeader) {
  EXPECT_EQ(shown_rows("7,x,u1,washoku,now,more\n8,y,u2,cafe,then\n9,z\n",
                       "order_id,-,user_id,menu_type,ordered_at"),
            "1: 7 u1 now washoku -\n2: 8 u2 then cafe -\n3! has 2 columns; expected 5 (quote a "
            "field that holds a comma)\n");
}

TEST(Rows, ARowWithMoreOrFewerColumnsThanTheHeaderIsAProblem) {
  EXPECT_EQ(shown_rows("user_id,ordered_at,menu_type\nu,1,now,washoku\nu1,now\nu2,now,cafe\n"),
            "2! has 4 columns; expected 3 (quote a field that holds a comma)\n"
            "3! has 2 columns; expected 3 (quote a field that holds a comma)\n"
            "4: - u2 now cafe -\n");
}

TEST(Rows, AMissingColumnNamesThoseThereAre) {
  EXPECT_EQ(shown_rows("ID,user_id,ordered_at\n"),
            "the header on line 1 has no column \"menu_type\", only \"ID\", \"user_id\", "
            "\"ordered_at\"; name the columns with --columns, for example --columns menu_type=ID");
  EXPECT_EQ(shown_rows(""), "the file is empty; expected a header line with the columns' names");
}

TEST(Rows, RefusesColumnPlansThatMeanNothing) {
  EXPECT_NE(shown_rows("", "user_id=a,menu_type").find("mixes names and positions"),
            std::string::npos);
  EXPECT_NE(shown_rows("", "guest=a").find("\"guest=a\" names no field of an order"),
            std::string::npos);
  EXPECT_NE(shown_rows("", "user_id,menu_type").find("must name ordered_at once"),
            std::string::npos);
  EXPECT_NE(shown_rows("", "user_id=").find("names no column"), std::string::npos);
}

TEST(Rows, ReadsNdjson) {
  EXPECT_EQ(
      shown_rows("\xef\xbb\xbf{\"order_id\":\"T-1\",\"user_id\":\"u1\",\"ordered_at\":\"now\","
                 "\"menu_type\":\"a\\u00e9\\\"\",\"more\":[1]}\r\n\n"
                 "{\"user_id\":7}\n[1]\nnonsense\n{\"user_id\":\"u2\",\"order_id\":null}"),
      "1: T-1 u1 now a\xc3\xa9\" -\n3! user_id: is no string\n4! is no JSON object\n"
      "5! is no JSON: " +
          shown_rows("{}\nnonsense\n").substr(std::string("1: - - - - -\n2! is no JSON: ").size()) +
          "6: - u2 - - -\n");
}

TEST(Rows, SaysThatAJsonArrayIsNotReadLineByLine) {
  EXPECT_NE(shown_rows(" [\n{\"user_id\":\"u1\"}]").find("JSON array"), std::string::npos);
}

TEST(Rows, ALongNdjsonLineIsOneProblem) {
  const std::string text = "{}\n{\"user_id\":\"" + std::string(200'000, 'x') + "\"}\n{}\n";
  EXPECT_EQ(shown_rows(text), "1: - - - - -\n2! is longer than 65536 bytes\n3: - - - - -\n");
}

}  // namespace
}  // namespace konomi::import
