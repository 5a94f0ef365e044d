#include "wire/csv_writer.h"

#include <gtest/gtest.h>

#include <string>

namespace konomi::wire {
namespace {

TEST(CsvWriter, QuotesWhatMustBeQuotedAndNothingElse) {
  CsvWriter csv("begun\n");
  csv.text("a").text("b,c").text("say \"d\"").text("e\nf").text("=1+1").null().end_row();
  csv.number(7).boolean(true).decimal(4000, 4).fixed_decimal(4000, 4).end_row();
  EXPECT_EQ(csv.take(), "begun\na,\"b,c\",\"say \"\"d\"\"\",\"e\nf\",=1+1,\n7,true,0.4,0.4000\n");
}

TEST(CsvWriter, WritesDatesAndInstants) {
  CsvWriter csv;
  csv.date(BusinessDay::from_days_since_1970(15'456));
  csv.instant(Timestamp(std::chrono::milliseconds(1'335'402'000'005))).end_row();
  EXPECT_EQ(csv.take(), "2012-04-26,2012-04-26T01:00:00.005Z\n");
}

TEST(CsvWriter, WritesTheNamesOfColumnsByTheSameCalls) {
  const auto row = [](CsvWriter csv) {
    return csv.key("date").text("2012-04-26").key("orders").number(3).end_row().take();
  };
  EXPECT_EQ(row(CsvWriter({}, CsvWriter::Rows::names)), "date,orders\n");
  EXPECT_EQ(row(CsvWriter()), "2012-04-26,3\n");
}

TEST(CsvRecord, QuotesEmptyFieldsAndByteOrderMarks) {
  std::string out;
  append_csv_record(out, {"", "a",
                          "\xef\xbb\xbf"
                          "b",
                          "c,d"});
  EXPECT_EQ(out,
            "\"\",a,\"\xef\xbb\xbf"
            "b\",\"c,d\"\n");
}

}  // namespace
}  // namespace konomi::wire
