#include "config/load.h"
#include "process/access_control.h"
#include "process/konomi.h"
#include "process/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <string>
#include <utility>

namespace konomi::process {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

TEST(Specification, EveryPathAndMethodIsAnsweredByTheWholeProcess) {
  const std::filesystem::path directory =
      std::filesystem::path(testing::TempDir()) / "konomi-specification-test";
  std::filesystem::remove_all(directory);
  const SystemClock clock;
  config::LoadedConfig config;
  config.values.data_dir = directory;
  const auto konomi = Konomi::open(config, clock);
  ASSERT_TRUE(konomi) << konomi.error().message;
  const auto access = AccessControl::open(config.values, (*konomi)->telemetry().metrics(), clock);
  ASSERT_TRUE(access) << access.error().message;
  rest::Router router;
  (*konomi)->register_routes(router);
  (*access)->register_routes(router);

  simdjson::dom::parser parser;
  simdjson::dom::object paths;
  ASSERT_EQ(parser.parse(simdjson::padded_string(openapi_json()))["paths"].get(paths),
            simdjson::SUCCESS);
  EXPECT_GT(paths.size(), 20U);
  for (const auto& [path, operations] : paths) {
    http::Request request{.method = http::Method::options};
    ASSERT_TRUE(http::set_target(request, path)) << path;
    const http::Router::Match match = router.table().match(request);
    ASSERT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.response.status, 204U) << path;
    for (const auto& [method, upper] :
         {std::pair("get", "GET"), {"put", "PUT"}, {"post", "POST"}, {"delete", "DELETE"}}) {
      if (operations.at_key(method).error() != simdjson::SUCCESS) continue;
      EXPECT_THAT(match.response.headers, Contains(Pair("Allow", HasSubstr(upper)))) << path;
    }
  }
  (*konomi)->stop();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace konomi::process
