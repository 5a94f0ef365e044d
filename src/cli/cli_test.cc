#include "cli/cli.h"

#include "tests/support/temporary_directory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace konomi::cli {
namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

// What open_memstream() has allocated.
struct Freed {
  void operator()(char* text) const {
    std::free(text);
  }  // NOLINT(cppcoreguidelines-no-malloc): C gave it.
};

class CliTest : public testing::Test {
 public:
  CliTest(const CliTest&) = delete;
  CliTest& operator=(const CliTest&) = delete;
  ~CliTest() override = default;

 protected:
  CliTest() = default;

  Ran konomi(std::vector<std::string> arguments) {
    char* out = nullptr;
    char* err = nullptr;
    std::size_t out_size = 0, err_size = 0;
    const SystemClock clock;
    Process process{.out = ::open_memstream(&out, &out_size),
                    .err = ::open_memstream(&err, &err_size),
                    .environment = environment_,
                    .clock = clock};
    arguments.insert(arguments.begin(), "konomi");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    Ran ran;
    ran.code = run(static_cast<int>(argv.size()), argv.data(), process);
    std::fclose(process.out);
    std::fclose(process.err);
    const std::unique_ptr<char, Freed> out_owner(out);
    const std::unique_ptr<char, Freed> err_owner(err);
    ran.out.assign(out, out_size);
    ran.err.assign(err, err_size);
    return ran;
  }

  std::string path(std::string_view name) const { return (directory_ / name).string(); }

  std::string read(std::string_view name) const {
    std::ifstream stream(directory_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }

  const support::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  std::vector<std::pair<std::string, std::string>> environment_;
};

TEST_F(CliTest, EveryCommandHasHelpWithExamples) {
  for (const auto& command : std::vector<std::vector<std::string>>{{},
                                                                   {"serve"},
                                                                   {"import"},
                                                                   {"simulate"},
                                                                   {"aggregate"},
                                                                   {"config", "print"},
                                                                   {"config", "check"},
                                                                   {"version"}}) {
    auto arguments = command;
    arguments.emplace_back("--help");
    const Ran ran = konomi(arguments);
    EXPECT_EQ(ran.code, kOk);
    EXPECT_NE(ran.out.find("Examples:"), std::string::npos) << ran.out;
  }
  EXPECT_NE(konomi({"--help"}).out.find("Exit codes: 0 done; 1 failed; 2 wrong usage"),
            std::string::npos);
}

TEST_F(CliTest, WrongUsageEndsWithCodeTwoAndSaysWhereHelpIs) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"cook"},
      {"serve", "--unknown"},
      {"serve", "--listen"},
      {"serve", "now"},
      {"import"},
      {"import", "x.csv", "--batch", "0"},
      {"import", "x.csv", "--wait-timeout", "soon"},
      {"import", "x.csv", "--output", "yaml"},
      {"import", "x.csv", "--url", "http://127.0.0.1:1", "--data-dir", "x"},
      {"aggregate"},
      {"aggregate", "--dirty", "--date", "2025-05-31"},
      {"simulate", "--rate", "2", "--days", "3"},
      {"simulate", "--duplicates", "2"},
      {"simulate", "--live"},
      {"simulate", "--demo", "--rate", "2"},
      {"simulate", "--demo", "--until", "2025-05-31"},
      {"simulate", "--url", "http://127.0.0.1:1", "--out", "x"},
      {"config"}};
  for (const auto& arguments : cases) {
    const Ran ran = konomi(arguments);
    EXPECT_EQ(ran.code, kUsage) << testing::PrintToString(arguments) << ran.err;
    EXPECT_NE(ran.err.find("--help"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.out, "");
  }
}

TEST_F(CliTest, AWrongSettingEndsWithCodeTwoAndNamesIt) {
  EXPECT_EQ(konomi({"serve", "--settle", "5"}).code, kUsage);
  EXPECT_NE(konomi({"serve", "--settle", "5"}).err.find("--settle: \"5\" is no length of time"),
            std::string::npos);
  environment_ = {{"KONOMI_DATADIR", "x"}};
  const Ran ran = konomi({"config", "check"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_NE(ran.err.find("did you mean KONOMI_DATA_DIR?"), std::string::npos) << ran.err;
}

TEST_F(CliTest, BadValuesOfCommandsOwnFlagsAreToldPlainly) {
  EXPECT_NE(konomi({"aggregate", "--date", "2025-02-30"}).err.find("no such date"),
            std::string::npos);
  EXPECT_NE(konomi({"aggregate", "--date", "2025-02-28", "--shard", "2/2"}).err.find("0 to N-1"),
            std::string::npos);
  EXPECT_NE(konomi({"import", "x.csv", "--columns", "guest=a"}).err.find("names no field"),
            std::string::npos);
  EXPECT_NE(konomi({"simulate", "--menu-types", "a:b", "--out", "-"}).err.find("no weight"),
            std::string::npos);
}

TEST_F(CliTest, TheLastOfARepeatedFlagWins) {
  const Ran ran = konomi({"config", "print", "--settle", "1s", "--settle", "2s"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_NE(ran.out.find("settle = \"2s\""), std::string::npos) << ran.out;
}

TEST_F(CliTest, SaysItsVersionAsTextAndAsJson) {
  EXPECT_TRUE(konomi({"version"}).out.starts_with("konomi " KONOMI_VERSION " (engines: embedded"));
  EXPECT_TRUE(konomi({"version", "--output", "json"})
                  .out.starts_with("{\"name\":\"konomi\",\"version\":\"" KONOMI_VERSION
                                   "\",\"engines\":[\"embedded\""));
}

TEST_F(CliTest, SimulateWritesTheSameFileForTheSameSeed) {
  const auto simulate = [&](std::string_view file, std::string seed) {
    return konomi({"simulate", "--seed", std::move(seed), "--until", "2025-05-31", "--orders",
                   "2000", "--out", path(file)});
  };
  EXPECT_EQ(simulate("a.ndjson", "7").code, kOk);
  EXPECT_EQ(simulate("b.ndjson", "7").code, kOk);
  EXPECT_EQ(simulate("c.ndjson", "8").code, kOk);
  EXPECT_EQ(read("a.ndjson"), read("b.ndjson"));
  EXPECT_NE(read("a.ndjson"), read("c.ndjson"));
}

TEST_F(CliTest, ImportsIntoAStoppedKonomiAndCountsTheSameAgain) {
  ASSERT_EQ(konomi({"simulate", "--until", "2025-05-31", "--days", "3", "--orders", "500", "--out",
                    path("orders.csv")})
                .code,
            kOk);
  const std::vector<std::string> import = {
      "import", path("orders.csv"), "--data-dir", path("data"), "--settle",
      "10ms",   "--output",         "json"};
  const Ran first = konomi(import);
  EXPECT_EQ(first.code, kOk) << first.err;
  EXPECT_NE(first.out.find("\"rows\":500,\"accepted\":500,\"rejected\":0,"), std::string::npos)
      << first.out;
  const Ran again = konomi(import);
  EXPECT_EQ(again.code, kOk) << again.err;
  const Ran counted = konomi({"aggregate", "--dirty", "--data-dir", path("data")});
  EXPECT_EQ(counted.code, kOk) << counted.err;
  EXPECT_NE(counted.out.find("counted 0 buckets"), std::string::npos) << counted.out;
  const Ran day = konomi({"aggregate", "--date", "2025-05-31", "--data-dir", path("data")});
  EXPECT_EQ(day.code, kOk) << day.err;
  EXPECT_NE(day.out.find("summed up 1 days"), std::string::npos) << day.out;
}

TEST_F(CliTest, RejectedRowsEndAnImportWithCodeThree) {
  std::ofstream(path("orders.csv")) << "user_id,ordered_at,menu_type\n"
                                       "u1,2012-04-04T06:33:17+09:00,washoku\n"
                                       "u1,yesterday,washoku\n";
  const Ran ran =
      konomi({"import", path("orders.csv"), "--data-dir", path("data"), "--settle", "10ms"});
  EXPECT_EQ(ran.code, kSomeRejected) << ran.err;
  EXPECT_NE(ran.err.find("orders.csv:3: rejected: ordered_at:"), std::string::npos) << ran.err;
}

TEST_F(CliTest, DataOfOtherSettingsIsRefusedAndBothAreNamed) {
  std::ofstream(path("orders.csv")) << "user_id,ordered_at,menu_type\n";
  ASSERT_EQ(konomi({"import", path("orders.csv"), "--data-dir", path("data")}).code, kOk);
  const Ran ran =
      konomi({"aggregate", "--dirty", "--data-dir", path("data"), "--time-zone", "UTC"});
  EXPECT_EQ(ran.code, kFailed);
  for (const auto* part : {"Asia/Tokyo", "UTC", "--data-dir", "konomi migrate"}) {
    EXPECT_NE(ran.err.find(part), std::string::npos) << ran.err;
  }
}

TEST_F(CliTest, ADataDirectoryThatCannotBeMadeIsAClearError) {
  std::ofstream(path("file")) << "x";
  const Ran ran = konomi({"serve", "--data-dir", path("file") + "/data"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_NE(ran.err.find("cannot be made"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("--data-dir"), std::string::npos) << ran.err;
}

TEST_F(CliTest, NoDataIsNoReasonToMakeSome) {
  const Ran ran = konomi({"aggregate", "--dirty", "--data-dir", path("none")});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_FALSE(std::filesystem::exists(path("none")));
}

}  // namespace
}  // namespace konomi::cli
