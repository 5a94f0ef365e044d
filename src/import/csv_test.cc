#include "import/csv.h"

#include "wire/csv_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace konomi::import {
namespace {

struct Read {
  std::vector<CsvRecord> records;
  std::string error;
};

// Gives its bytes in pieces of at most `piece` bytes, as a pipe does.
class PiecesSource final : public ByteSource {
 public:
  PiecesSource(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  Result<std::size_t> read(std::span<char> into) override {
    return rest_.read(into.first(std::min(piece_, into.size())));
  }

 private:
  MemorySource rest_;
  std::size_t piece_;
};

Read read_all(std::string_view text, std::size_t piece = 1 << 20) {
  PiecesSource source(text, piece);
  CsvReader reader(source);
  Read out;
  CsvRecord record;
  while (true) {
    const auto more = reader.next(record);
    if (!more) out.error = more.error().message;
    if (!more || !*more) return out;
    out.records.push_back(record);
  }
}

// "line: field|field" or "line! raw" for a problem, a record a line.
std::string shown(std::string_view text, std::size_t piece = 1 << 20) {
  std::string out;
  for (const CsvRecord& record : read_all(text, piece).records) {
    out += std::to_string(record.line);
    if (!record.problem.empty()) {
      out += "! " + record.raw + "\n";
      continue;
    }
    out += ":";
    for (const std::string& field : record.fields) out += " [" + field + "]";
    out += "\n";
  }
  return out;
}

TEST(Csv, ReadsNastyInputs) {
  struct Case {
    std::string_view what, text, expected;
  };
  const Case cases[] = {
      {"plain", "a,b\nc,d\n", "1: [a] [b]\n2: [c] [d]\n"},
      {"no last line end", "a,b", "1: [a] [b]\n"},
      {"CRLF", "a,b\r\nc,d\r\n", "1: [a] [b]\n2: [c] [d]\n"},
      {"both line ends", "a\r\nb\nc", "1: [a]\n2: [b]\n3: [c]\n"},
      {"byte order mark",
       "\xef\xbb\xbf"
       "a,b\n",
       "1: [a] [b]\n"},
      {"byte order mark before a quote", "\xef\xbb\xbf\"a\",b\n", "1: [a] [b]\n"},
      {"empty fields", ",\n,,\n", "1: [] []\n2: [] [] []\n"},
      {"empty lines are passed over", "a\n\n\r\nb\n", "1: [a]\n4: [b]\n"},
      {"a quoted empty line is a record", "\"\"\n", "1: []\n"},
      {"comma in quotes", "\"a,b\",c\n", "1: [a,b] [c]\n"},
      {"doubled quotes", "\"a \"\"b\"\"\",c\n", "1: [a \"b\"] [c]\n"},
      {"line break in quotes", "\"a\nb\",c\nd,e\n", "1: [a\nb] [c]\n3: [d] [e]\n"},
      {"CRLF in quotes stays", "\"a\r\nb\"\r\nc\n", "1: [a\r\nb]\n3: [c]\n"},
      {"quote within an unquoted field", "a\"b,c\n", "1: [a\"b] [c]\n"},
      {"lone carriage return", "a\rb,c\n", "1: [a\rb] [c]\n"},
      {"text after a closing quote", "\"a\"b,c\nd,e\n", "1! \"a\"b,c\n2: [d] [e]\n"},
      {"space after a closing quote", "\"a\" ,c\nd\n", "1! \"a\" ,c\n2: [d]\n"},
      {"a quote that never closes", "x,\"a,b\nc,d\ne,f\n", "1! x,\"a,b\n2: [c] [d]\n3: [e] [f]\n"},
      {"a quote that never closes, CRLF", "\"a\r\nc\r\n", "1! \"a\n2: [c]\n"},
      {"a quote that never closes, last line", "a\n\"", "1: [a]\n2! \"\n"},
      {"a stray quote ends the record of the next", "\"a,b\n\"c\",d\ne\n",
       "1! \"a,b\n2: [c] [d]\n3: [e]\n"},
      {"NUL", std::string_view("a\0b,c\n", 6), "1: [a\0b] [c]\n"},
      {"only a quote pair then the end", "a,\"\"", "1: [a] []\n"},
      {"nothing", "", ""},
      {"only line ends", "\n\r\n\n", ""},
  };
  for (const Case& c : cases) {
    const std::string expected =
        c.what == "NUL" ? std::string("1: [a\0b] [c]\n", 13) : std::string(c.expected);
    EXPECT_EQ(shown(c.text), expected) << c.what;
    EXPECT_EQ(shown(c.text, 1), expected) << c.what << ", byte by byte";
    EXPECT_EQ(shown(c.text, 3), expected) << c.what << ", three bytes at a time";
  }
}

TEST(Csv, ALineLongerThanTheBoundIsOneProblemAndTheNextIsRead) {
  const std::string huge(3 * CsvReader::kRecordBytesMax, 'x');
  const auto read = read_all("a\n" + huge + "\nb\n");
  ASSERT_EQ(read.records.size(), 3U);
  EXPECT_NE(read.records[1].problem.find("longer than 65536 bytes"), std::string::npos);
  EXPECT_LE(read.records[1].raw.size(), CsvReader::kRecordBytesMax + 2);
  EXPECT_EQ(read.records[2].line, 3U);
  EXPECT_EQ(read.records[2].fields, std::vector<std::string>{"b"});
}

TEST(Csv, AnOpenQuoteInALongFileCostsOneLineOnly) {
  std::string text = "a,\"b\n";
  for (int i = 0; i < 20'000; ++i) text += "c,d\n";
  const auto read = read_all(text);
  ASSERT_EQ(read.records.size(), 20'001U);
  EXPECT_EQ(read.records[0].raw, "a,\"b");
  EXPECT_EQ(read.records[20'000].line, 20'001U);
}

TEST(Csv, ARecordOfExactlyTheBoundIsRead) {
  const std::string field(CsvReader::kRecordBytesMax, 'x');
  const auto read = read_all(field + "\r\nb\n");
  ASSERT_EQ(read.records.size(), 2U);
  EXPECT_EQ(read.records[0].fields, std::vector<std::string>{field});
}

TEST(Csv, SaysThatAFileIsUtf16) {
  EXPECT_NE(read_all("\xff\xfe"
                     "a")
                .error.find("UTF-16"),
            std::string::npos);
}

TEST(Csv, GivesBackWhatWasWritten) {
  std::mt19937 random(20120404);
  const std::string_view alphabet = "ab,\"\r\n \xe5\x92\x8c\xef\xbb\xbf;'\t";
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::vector<std::string>> rows(1 + random() % 4);
    std::string text;
    for (auto& row : rows) {
      row.resize(1 + random() % 4);
      std::vector<std::string_view> views;
      for (std::string& field : row) {
        const std::size_t size = random() % 6;
        for (std::size_t i = 0; i < size; ++i) field += alphabet[random() % alphabet.size()];
      }
      for (const std::string& field : row) views.push_back(field);
      wire::append_csv_record(text, views);
    }
    const auto read = read_all(text, 1 + random() % 7);
    ASSERT_EQ(read.records.size(), rows.size()) << text;
    for (std::size_t i = 0; i < rows.size(); ++i)
      ASSERT_EQ(read.records[i].fields, rows[i]) << text;
  }
}

TEST(Csv, WhatBeginsLikeAByteOrderMarkIsReadAgain) {
  for (const std::string_view field : {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xffu1"}) {
    std::string text;
    wire::append_csv_record(text, {field, "x"});
    const auto read = read_all(text);
    ASSERT_EQ(read.records.size(), 1U);
    EXPECT_EQ(read.records[0].fields, (std::vector<std::string>{std::string(field), "x"}));
  }
}

}  // namespace
}  // namespace konomi::import
