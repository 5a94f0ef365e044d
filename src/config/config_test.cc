#include "config/load.h"
#include "config/print.h"
#include "config/setting.h"
#include "tests/support/temporary_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>

namespace konomi::config {
namespace {

class ConfigTest : public testing::Test {
 public:
  ConfigTest(const ConfigTest&) = delete;
  ConfigTest& operator=(const ConfigTest&) = delete;
  ~ConfigTest() override = default;

 protected:
  ConfigTest() = default;

  std::filesystem::path file(std::string_view text) {
    const auto path = directory_ / "konomi.toml";
    std::ofstream(path) << text;
    return path;
  }

  LoadedConfig load() {
    auto config = load_config(sources_);
    if (config) return *config;
    ADD_FAILURE() << fmt::format("{}", fmt::join(config.error(), "\n"));
    return {};
  }

  std::string problems() {
    const auto config = load_config(sources_);
    return config ? "" : fmt::format("{}", fmt::join(config.error(), "\n"));
  }

  const support::TemporaryDirectory temporary_;
  const std::filesystem::path& directory_ = temporary_.path();
  ConfigSources sources_;
};

TEST_F(ConfigTest, WithoutAnySourceEverythingIsTheDefault) {
  const LoadedConfig config = load();
  EXPECT_EQ(config.values.data_dir, "konomi-data");
  EXPECT_EQ(to_string(config.values.listen), "127.0.0.1:8080");
  EXPECT_EQ(config.values.time_zone, "Asia/Tokyo");
  for (const auto& [name, origin] : config.origins) EXPECT_EQ(origin, "default") << name;
}

TEST_F(ConfigTest, AFlagWinsOverTheEnvironmentOverTheFileOverTheDefault) {
  sources_.file = file("settle = \"1ms\"\nmin_orders = 2\ntime_zone = \"UTC\"\n");
  sources_.environment = {{"KONOMI_SETTLE", "2ms"}, {"KONOMI_MIN_ORDERS", "3"}, {"PATH", "/bin"}};
  sources_.flags = {{"settle", "3ms"}};
  const LoadedConfig config = load();
  EXPECT_EQ(config.values.settle, std::chrono::milliseconds(3));
  EXPECT_EQ(config.values.min_orders, 3U);
  EXPECT_EQ(config.values.time_zone, "UTC");
  EXPECT_EQ(config.values.day_starts_at, std::chrono::minutes(0));
  EXPECT_EQ(config.origins.at("settle"), "flag");
  EXPECT_EQ(config.origins.at("min_orders"), "environment");
  EXPECT_EQ(config.origins.at("time_zone"), sources_.file->string());
  EXPECT_EQ(config.origins.at("day_starts_at"), "default");
}

TEST_F(ConfigTest, TheEnvironmentNamesTheFileUnlessAFlagDoes) {
  const auto path = file("min_orders = 5\n");
  sources_.environment = {{"KONOMI_CONFIG", path.string()}};
  EXPECT_EQ(load().values.min_orders, 5U);
  sources_.file = directory_ / "none.toml";
  EXPECT_NE(problems().find("none.toml cannot be read"), std::string::npos);
}

TEST_F(ConfigTest, AnUnknownKeyIsAnErrorThatNamesTheNearest) {
  sources_.file = file("\nlisen = \"127.0.0.1:1\"\n[http]\nthreads = 1\n");
  EXPECT_NE(problems().find("konomi.toml, line 2: lisen is no setting; did you mean listen?"),
            std::string::npos)
      << problems();
  EXPECT_NE(problems().find("http is no setting"), std::string::npos) << problems();
}

TEST_F(ConfigTest, AnUnknownVariableIsAnErrorThatNamesTheNearest) {
  sources_.environment = {{"KONOMI_DATADIR", "x"}, {"KONOMI_", "x"}};
  EXPECT_NE(problems().find("the environment variable KONOMI_DATADIR is no setting; did you mean "
                            "KONOMI_DATA_DIR?"),
            std::string::npos)
      << problems();
}

TEST_F(ConfigTest, EveryProblemIsToldAtOnce) {
  sources_.file = file("min_orders = 0\nsettle = 5\n");
  sources_.environment = {{"KONOMI_TIME_ZONE", "Asia/Tokio"}};
  sources_.flags = {{"day_starts_at", "25:00"}};
  const auto config = load_config(sources_);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().size(), 4U) << problems();
}

TEST_F(ConfigTest, AWrongTypeSaysWhatIsExpected) {
  sources_.file = file("min_orders = 1.5\nlisten = true\n");
  EXPECT_NE(problems().find("min_orders has a value of the wrong type; expected NUMBER, for "
                            "example min_orders = 1"),
            std::string::npos)
      << problems();
  EXPECT_NE(problems().find("listen = \"127.0.0.1:8080\""), std::string::npos) << problems();
}

TEST_F(ConfigTest, BrokenTomlNamesTheLine) {
  sources_.file = file("min_orders = 1\nmin_orders = \n");
  EXPECT_NE(problems().find("konomi.toml, line 2: "), std::string::npos) << problems();
}

TEST_F(ConfigTest, TakesNoSecretWhereOthersSeeIt) {
  sources_.flags = {{"kafka_options", "sasl.username=konomi;sasl.password=hush"}};
  EXPECT_NE(problems().find("sasl.password=@FILE"), std::string::npos) << problems();
  EXPECT_EQ(problems().find("hush"), std::string::npos) << problems();
}

TEST_F(ConfigTest, ListensForOtherMachinesOnlyWithKeys) {
  for (const auto* good : {"127.0.0.1:0", "127.8.9.1:80", "[::1]:8080", "localhost:9000"}) {
    sources_.flags = {{"listen", good}};
    EXPECT_EQ(problems(), "") << good;
  }
  for (const auto* open : {"0.0.0.0:8080", "[::]:8080", "192.168.0.1:8080"}) {
    sources_.flags = {{"listen", open}};
    EXPECT_NE(problems().find("konomi keys create"), std::string::npos) << open;
    sources_.flags["keys_file"] = "keys.toml";
    EXPECT_EQ(problems(), "") << open;
  }
  for (const auto* bad : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "kitchen:80"}) {
    sources_.flags = {{"listen", bad}};
    EXPECT_NE(problems().find("expected HOST:PORT"), std::string::npos) << bad;
  }
}

TEST_F(ConfigTest, AnUnknownEngineIsRefused) {
  sources_.flags = {{"engine", "sqlite"}};
  EXPECT_NE(problems().find("expected \"embedded\" or \"cluster\""), std::string::npos);
}

TEST_F(ConfigTest, PartitionsDivideTheBuckets) {
  sources_.flags = {{"engine", "cluster"}, {"kafka_partitions", "16"}};
  EXPECT_EQ(problems(), "");
  sources_.flags["kafka_partitions"] = "12";
  EXPECT_NE(problems().find("12 does not divide bucket_count"), std::string::npos) << problems();
}

TEST_F(ConfigTest, LibrarySettingsArePairs) {
  sources_.flags = {{"kafka_options", "security.protocol=ssl;sasl.password=@/run/secret"}};
  EXPECT_EQ(problems(), "");
  sources_.flags["kafka_options"] = "security.protocol";
  EXPECT_NE(problems().find("no NAME=VALUE"), std::string::npos) << problems();
}

TEST_F(ConfigTest, AShardIsOfTheClusterOnly) {
  sources_.flags = {{"engine", "cluster"}, {"aggregate_shard", "1/2"}};
  EXPECT_EQ(problems(), "");
  sources_.flags["aggregate_shard"] = "2/2";
  EXPECT_NE(problems().find("0 to N-1"), std::string::npos) << problems();
  sources_.flags = {{"aggregate_shard", "1/2"}};
  EXPECT_NE(problems().find("no other process for the rest"), std::string::npos) << problems();
}

TEST_F(ConfigTest, TheEmbeddedEngineNeedsAllRoles) {
  sources_.flags = {{"roles", "api,ingest,consume,aggregate"}};
  EXPECT_EQ(problems(), "");
  sources_.flags = {{"roles", "api"}};
  EXPECT_NE(problems().find("needs all of them in one process"), std::string::npos) << problems();
  sources_.flags = {{"roles", "api,cook"}};
  EXPECT_NE(problems().find("unknown role \"cook\""), std::string::npos) << problems();
  sources_.flags = {};
  sources_.file = file("roles = [\"ingest\", \"consume\", \"aggregate\", \"api\"]\n");
  EXPECT_EQ(problems(), "");
}

TEST_F(ConfigTest, WhatIsPrintedIsReadBackAsTheSame) {
  sources_.flags = {{"settle", "1500ms"},        {"http_body_bytes_max", "2MiB"},
                    {"listen", "[::1]:9000"},    {"day_starts_at", "05:30"},
                    {"data_dir", "a \"b\" \\c"}, {"unknown_menu_types", "refuse"},
                    {"preferences", "nightly"},  {"log_format", "json"}};
  const LoadedConfig first = load();
  const std::string printed = print_config_toml(first);
  EXPECT_NE(printed.find("# flag"), std::string::npos);
  sources_.flags = {};
  sources_.file = file(printed);
  const LoadedConfig again = load();
  for (const Setting& setting : settings()) {
    EXPECT_EQ(setting.get(again.values), setting.get(first.values)) << setting.name;
  }
}

TEST_F(ConfigTest, TheJsonFormHoldsEverySetting) {
  sources_.environment = {{"KONOMI_MIN_ORDERS", "3"}};
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  const std::string printed = print_config_json(load());
  ASSERT_FALSE(parser.parse(printed).get(root));
  const simdjson::dom::array list = root["settings"];
  EXPECT_EQ(list.size(), settings().size());
  for (const simdjson::dom::element item : list) {
    const std::string_view name = item["name"];
    if (name != "min_orders") continue;
    EXPECT_EQ(std::uint64_t(item["value"]), 3U);
    EXPECT_EQ(std::string_view(item["source"]), "environment");
    EXPECT_EQ(std::string_view(item["environment"]), "KONOMI_MIN_ORDERS");
  }
}

TEST_F(ConfigTest, KnowsWhetherASettingIsSetEvenToItsDefault) {
  EXPECT_FALSE(load().is_set("min_orders"));
  sources_.environment = {{"KONOMI_MIN_ORDERS", "1"}};
  EXPECT_TRUE(load().is_set("min_orders"));
}

}  // namespace
}  // namespace konomi::config
