#include "import/importer.h"

#include "domain/timestamp.h"
#include "tests/support/temporary_directory.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

namespace konomi::import {
namespace {

// A konomi that can be told to fail. Orders of user "refused" are refused.
class FakeServer final : public client::Server {
 public:
  std::map<std::string, std::string> orders;  // order_id → line
  std::vector<std::size_t> batch_sizes;
  std::deque<std::function<Result<client::Answer>()>>
      answers_first;  // Instead of the first answers.
  std::function<void()> after_post = [] {};
  std::size_t orders_max = 1'000'000;  // Beyond: 413.

  Result<client::Answer> post(std::string_view path, std::string_view content_type,
                              std::string_view body) override {
    EXPECT_EQ(path, "/api/v1/orders");
    EXPECT_EQ(content_type, "application/x-ndjson");
    if (!answers_first.empty()) {
      const auto answer = std::move(answers_first.front());
      answers_first.pop_front();
      return answer();
    }
    Result<client::Answer> answer = take(body);
    after_post();
    return answer;
  }

  Result<client::Answer> put(std::string_view, std::string_view, std::string_view) override {
    return fail(ErrorCode::internal, "not asked for here");
  }
  Result<client::Answer> get(std::string_view) override {
    return fail(ErrorCode::unavailable, "not asked for here");
  }
  std::string name() const override { return "http://127.0.0.1:8080"; }

 private:
  Result<client::Answer> take(std::string_view body) {
    simdjson::dom::parser parser;
    const auto size = static_cast<std::size_t>(std::ranges::count(body, '\n'));
    if (size > orders_max) return client::Answer{.status = 413, .body = "{}", .retry_after = {}};
    batch_sizes.push_back(size);
    std::string results;
    std::size_t index = 0, accepted = 0;
    for (std::size_t begin = 0; begin < body.size(); ++index) {
      const std::size_t end = body.find('\n', begin);
      const std::string line(body.substr(begin, end - begin));
      begin = end + 1;
      const simdjson::dom::element order = parser.parse(line);
      const std::string_view user = order["user_id"];
      if (user == "refused") {
        results += fmt::format(R"({}{{"index":{},"status":"rejected",)"
                               R"("errors":[{{"pointer":"/menu_type","detail":"no more"}}]}})",
                               results.empty() ? "" : ",", index);
        continue;
      }
      ++accepted;
      const std::string_view id = order["order_id"];
      orders[std::string(id)] = line;
    }
    return client::Answer{.status = accepted == 0 ? 400U : 202U,
                          .body = fmt::format(R"({{"accepted":{},"rejected":{},"results":[{}]}})",
                                              accepted, index - accepted, results),
                          .retry_after = {}};
  }
};

class FakeWatcher final : public ImportWatcher {
 public:
  std::vector<std::string> notes;
  std::vector<std::string> rejects;

  void progress(const ImportProgress&) override {}
  void rejected(const ImportReject& reject) override {
    rejects.push_back(fmt::format("{}: {}", reject.line, reject.reason));
  }
  void note(std::string_view sentence) override { notes.emplace_back(sentence); }
};

class ImporterTest : public testing::Test {
 protected:
  ImporterTest() { options_.batch_rows = 10; }

  std::filesystem::path write(const std::string& name, std::string_view text) {
    std::ofstream(directory_ / name, std::ios::binary) << text;
    return directory_ / name;
  }

  std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  // `rows` good rows with ids.
  static std::string rows_text(int rows) {
    std::string out = "order_id,user_id,ordered_at,menu_type,source_category\n";
    for (int i = 0; i < rows; ++i) {
      out += fmt::format("T-{},u{},2012-04-04T06:33:17+09:00,washoku,x\n", i, i % 7);
    }
    return out;
  }

  Result<ImportProgress> import(const std::filesystem::path& file) { return import_all({file}); }

  Result<ImportProgress> import_all(const std::vector<std::filesystem::path>& files) {
    const client::Pause pause = [this](std::chrono::milliseconds time) {
      pauses_.push_back(time);
      return !stop_.stop_requested();
    };
    return Importer(server_, watcher_, clock_, pause, options_).run(files, stop_.get_token());
  }

  std::size_t files_here() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_), {}));
  }

  const support::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  FakeServer server_;
  FakeWatcher watcher_;
  ManualClock clock_{parse_rfc3339("2025-05-31T00:00:00Z").value()};
  ImportOptions options_;
  std::stop_source stop_;
  std::vector<std::chrono::milliseconds> pauses_;
};

TEST_F(ImporterTest, SendsEveryRowInBatchesAndLeavesNothingBehind) {
  const auto done = import(write("orders.csv", rows_text(25)));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->rows, 25U);
  EXPECT_EQ(done->accepted, 25U);
  EXPECT_EQ(server_.batch_sizes, (std::vector<std::size_t>{10, 10, 5}));
  EXPECT_EQ(server_.orders.at("T-3"),
            R"({"order_id":"T-3","user_id":"u3","ordered_at":"2012-04-03T21:33:17.000Z",)"
            R"("menu_type":"washoku"})");
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(ImporterTest, ReadsGzipAndSaysWhenItIsCut) {
  const std::string text = rows_text(3'000);
  const auto path = directory_ / "orders.csv.gz";
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  const auto done = import(path);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(server_.orders.size(), 3'000U);

  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const auto cut = import(path);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::corrupted);
  EXPECT_NE(cut.error().message.find("cut short"), std::string::npos) << cut.error().message;
}

TEST_F(ImporterTest, WritesRejectsOfBothSidesWithLineReasonAndRow) {
  options_.rejects = directory_ / "rejects.csv";
  const auto done = import(write("orders.csv",
                                 "order_id,user_id,ordered_at,menu_type\n"
                                 "1,u1,2012-04-04T06:33:17+09:00,washoku\n"
                                 "2,,2012-04-04T06:33:17+09:00,washoku\n"
                                 "3,refused,2012-04-04T06:33:17+09:00,\"a, b\"\n"
                                 "4,u4,2012-04-04T06:33:17+09:00\n"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->accepted, 1U);
  EXPECT_EQ(done->rejected, 3U);
  EXPECT_EQ(read(*options_.rejects),
            "file,line,reason,row\n" +
                fmt::format("{0},3,user_id: is empty; expected 1 to 256 bytes,"
                            "\"2,,2012-04-04T06:33:17+09:00,washoku\"\n"
                            "{0},4,menu_type: no more,"
                            "\"3,refused,2012-04-04T06:33:17+09:00,\"\"a, b\"\"\"\n"
                            "{0},5,has 3 columns; expected 4 (quote a field that holds a comma),"
                            "\"4,u4,2012-04-04T06:33:17+09:00\"\n",
                            (directory_ / "orders.csv").string()));
}

TEST_F(ImporterTest, ABatchOfWhichNothingIsAcceptedStopsNothing) {
  std::string text = "order_id,user_id,ordered_at,menu_type\n";
  for (int i = 0; i < 15; ++i) {
    text += fmt::format("{},{},2012-04-04T06:33:17Z,washoku\n", i, i < 10 ? "refused" : "u1");
  }
  const auto done = import(write("orders.csv", text));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->accepted, 5U);
  EXPECT_EQ(done->rejected, 10U);
}

TEST_F(ImporterTest, RowsWithoutAnIdGetTheSameOneEveryTime) {
  const auto file = write("orders.csv",
                          "user_id,ordered_at,menu_type\n"
                          "u1,2012-04-04T06:33:17+09:00,washoku\n"
                          "u1,2012-04-04T06:33:17+09:00,washoku\n"
                          "u1,2012-04-04T06:33:17+09:00,cafe\n");
  ASSERT_TRUE(import(file));
  EXPECT_EQ(server_.orders.size(), 3U);
  ASSERT_TRUE(import(file));
  EXPECT_EQ(server_.orders.size(), 3U);
}

TEST_F(ImporterTest, TriesAgainWhileTheServerIsBusyOrAway) {
  server_.answers_first.push_back([] { return fail(ErrorCode::unavailable, "nobody is there"); });
  server_.answers_first.push_back([] {
    return client::Answer{.status = 503, .body = "", .retry_after = std::chrono::seconds(2)};
  });
  const auto done = import(write("orders.csv", rows_text(3)));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(server_.orders.size(), 3U);
  EXPECT_EQ(pauses_, (std::vector<std::chrono::milliseconds>{std::chrono::milliseconds(100),
                                                             std::chrono::seconds(2)}));
  EXPECT_EQ(watcher_.notes,
            (std::vector<std::string>{"nobody is there; trying again for up to 600 s",
                                      "http://127.0.0.1:8080 answers again"}));
}

TEST_F(ImporterTest, GivesUpAfterTheConfiguredTimeAndContinuesFromThere) {
  options_.retry.give_up_after = std::chrono::seconds(1);
  const auto file = write("orders.csv", rows_text(35));
  int posts = 0;
  server_.after_post = [&] {
    if (++posts != 2) return;
    for (int i = 0; i < 100; ++i) {
      server_.answers_first.push_back([] { return fail(ErrorCode::unavailable, "gone"); });
    }
  };
  const auto failed = import(file);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_NE(failed.error().message.find("gave up after"), std::string::npos);
  EXPECT_EQ(server_.orders.size(), 20U);

  server_.answers_first.clear();
  server_.batch_sizes.clear();
  const auto done = import(file);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->rows, 35U);
  EXPECT_EQ(done->resumed, 20U);
  EXPECT_EQ(server_.batch_sizes, (std::vector<std::size_t>{10, 5}));
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(ImporterTest, AStoppedImportGoesOnWithIdsAndRejectsAsIfItHadNotStopped) {
  // Equal rows around the stop: their occurrences must go on counting.
  std::string text = "user_id,ordered_at,menu_type\n";
  for (int i = 0; i < 40; ++i) {
    text += i % 8 == 3 ? "bad row\n" : "u1,2012-04-04T06:33:17+09:00,washoku\n";
  }
  const auto file = write("orders.csv", text);
  options_.rejects = directory_ / "whole.csv";
  const auto whole = import(file);
  ASSERT_TRUE(whole);
  const auto expected_orders = server_.orders;
  const std::string expected_rejects = read(*options_.rejects);

  server_.orders.clear();
  options_.rejects = directory_ / "parts.csv";
  server_.after_post = [this] { stop_.request_stop(); };
  const auto stopped = import(file);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  EXPECT_LT(server_.orders.size(), expected_orders.size());
  std::ofstream(*options_.rejects, std::ios::app) << "written after what is remembered\n";

  stop_ = {};
  server_.after_post = [] {};
  const auto done = import(file);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->resumed, 10U);
  EXPECT_EQ(done->rejected, whole->rejected);
  EXPECT_EQ(server_.orders, expected_orders);
  EXPECT_EQ(read(*options_.rejects), expected_rejects);
}

TEST_F(ImporterTest, AChangedFileBeginsAnewAndSoDoesRestart) {
  const auto file = write("orders.csv", rows_text(25));
  server_.after_post = [this] { stop_.request_stop(); };
  ASSERT_FALSE(import(file));
  stop_ = {};
  server_.after_post = [] {};
  write("orders.csv", rows_text(26));
  auto done = import(file);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->resumed, 0U);
  EXPECT_EQ(done->rows, 26U);

  server_.after_post = [this] { stop_.request_stop(); };
  ASSERT_FALSE(import(file));
  stop_ = {};
  server_.after_post = [] {};
  options_.restart = true;
  done = import(file);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->resumed, 0U);
}

TEST_F(ImporterTest, FilesThatAreDoneAreNotSentAgainWhenALaterOneFailed) {
  const auto first = write("first.csv", rows_text(5));
  const auto second = write("second.csv", "order_id,user_id\n");
  ASSERT_FALSE(import_all({first, second}));
  EXPECT_EQ(server_.batch_sizes.size(), 1U);
  write("second.csv", rows_text(7));
  const auto done = import_all({first, second});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(server_.batch_sizes, (std::vector<std::size_t>{5, 7}));
  EXPECT_EQ(done->rows, 12U);
  EXPECT_EQ(files_here(), 2U);
}

TEST_F(ImporterTest, KeepsItsStateInTheDirectoryAskedFor) {
  options_.state_dir = directory_ / "state";
  const auto file = write("orders.csv", rows_text(25));
  server_.after_post = [this] { stop_.request_stop(); };
  ASSERT_FALSE(import(file));
  EXPECT_EQ(files_here(), 2U);
  EXPECT_FALSE(std::filesystem::is_empty(directory_ / "state"));
}

TEST_F(ImporterTest, SplitsABatchThatIsTooLargeForTheServer) {
  server_.orders_max = 3;
  const auto done = import(write("orders.csv", rows_text(10)));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->accepted, 10U);
  EXPECT_EQ(server_.orders.size(), 10U);
}

TEST_F(ImporterTest, StopsAtAnAnswerThatIsNoKonomis) {
  server_.answers_first.push_back(
      [] { return client::Answer{.status = 200, .body = "<html>", .retry_after = {}}; });
  const auto done = import(write("orders.csv", rows_text(10)));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::internal);
  EXPECT_NE(done.error().message.find("is this a konomi"), std::string::npos);
}

TEST_F(ImporterTest, AFileThatIsNotThereStopsBeforeAnythingIsSent) {
  const auto done = import_all({write("orders.csv", rows_text(10)), directory_ / "none.csv"});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::not_found);
  EXPECT_TRUE(server_.orders.empty());
}

TEST_F(ImporterTest, ADirectoryIsNoFile) {
  const auto done = import(directory_);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("is a directory"), std::string::npos) << done.error().message;
}

}  // namespace
}  // namespace konomi::import
