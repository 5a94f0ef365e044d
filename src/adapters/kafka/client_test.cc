#include "adapters/kafka/client.h"

#include "tests/support/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace konomi::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string setting(const ConfHandle& conf, const char* name) {
  std::size_t size = 0;
  if (rd_kafka_conf_get(conf.get(), name, nullptr, &size) != RD_KAFKA_CONF_OK) return "?";
  std::string value(size, '\0');
  rd_kafka_conf_get(conf.get(), name, value.data(), &size);
  value.resize(size - 1);
  return value;
}

Error error_of_setting(const std::string& name, const std::string& value) {
  KafkaOptions options;
  options.settings[name] = value;
  const auto conf = make_conf(options, ClientKind::producer);
  EXPECT_FALSE(conf) << name;
  return conf ? Error{} : conf.error();
}

class ClientFiles : public testing::Test {
 protected:
  std::string file_with(std::string_view content) {
    std::ofstream(directory_.path() / "secret") << content;
    return (directory_.path() / "secret").string();
  }

  const support::TemporaryDirectory directory_;
};

TEST(Client, ProducersLoseAndRepeatNothing) {
  KafkaOptions options;
  options.append_timeout = std::chrono::milliseconds(1234);
  const auto conf = make_conf(options, ClientKind::producer);
  ASSERT_TRUE(conf) << conf.error().message;
  EXPECT_EQ(setting(*conf, "enable.idempotence"), "true");
  EXPECT_EQ(setting(*conf, "max.in.flight"), "2");
  EXPECT_EQ(setting(*conf, "linger.ms"), "0");
  EXPECT_EQ(setting(*conf, "bootstrap.servers"), options.brokers);
  EXPECT_EQ(setting(*conf, "allow.auto.create.topics"), "false");
}

TEST(Client, ReadersFollowTheWatermarksOnly) {
  const auto conf = make_conf({}, ClientKind::reader);
  ASSERT_TRUE(conf) << conf.error().message;
  EXPECT_EQ(setting(*conf, "group.id"), "konomi");
  EXPECT_EQ(setting(*conf, "enable.auto.commit"), "false");
  EXPECT_EQ(setting(*conf, "partition.assignment.strategy"), "cooperative-sticky");
}

TEST(Client, AnOperatorsSettingWinsOverADefault) {
  KafkaOptions options;
  options.settings = {{"linger.ms", "0.2"}, {"max.in.flight", "5"}, {"client.id", "till"}};
  const auto conf = make_conf(options, ClientKind::producer);
  ASSERT_TRUE(conf) << conf.error().message;
  EXPECT_EQ(setting(*conf, "linger.ms"), "0.2");
  EXPECT_EQ(setting(*conf, "max.in.flight"), "5");
  EXPECT_EQ(setting(*conf, "client.id"), "till");
}

TEST(Client, NamesASettingThatItDoesNotTake) {
  EXPECT_THAT(error_of_setting("linger.mss", "1").message, HasSubstr("\"linger.mss\""));
  EXPECT_THAT(error_of_setting("linger.ms", "soon").message, HasSubstr("\"linger.ms\""));
  for (const char* own : {"acks", "request.required.acks", "enable.idempotence", "partitioner",
                          "group.id", "bootstrap.servers", "auto.offset.reset"}) {
    const Error error = error_of_setting(own, "1");
    EXPECT_EQ(error.code, ErrorCode::invalid_argument);
    EXPECT_THAT(error.message, AllOf(HasSubstr(own), HasSubstr("is not to be set")));
  }
}

TEST_F(ClientFiles, ASecretComesFromAFile) {
  KafkaOptions options;
  options.settings = {{"sasl.password", "@" + file_with("p@ss\n")}, {"sasl.username", "@@home"}};
  const auto conf = make_conf(options, ClientKind::producer);
  ASSERT_TRUE(conf) << conf.error().message;
  EXPECT_EQ(setting(*conf, "sasl.password"), "p@ss");
  EXPECT_EQ(setting(*conf, "sasl.username"), "@home");
}

TEST_F(ClientFiles, AFileThatCannotBeReadIsNamed) {
  const Error error =
      error_of_setting("sasl.password", "@" + (directory_.path() / "none").string());
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
  EXPECT_THAT(error.message, AllOf(HasSubstr("sasl.password"), HasSubstr("none")));
  EXPECT_EQ(error_of_setting("sasl.password", "@" + directory_.path().string()).code,
            ErrorCode::invalid_argument);
}

TEST_F(ClientFiles, NoMessageTellsASecret) {
  const std::string secret(2 << 20, 's');
  EXPECT_THAT(error_of_setting("sasl.password", "@" + file_with(secret)).message,
              Not(HasSubstr("sss")));
}

TEST(Client, SettingsThatDoNotGoTogetherAreRefused) {
  KafkaOptions options;
  options.settings = {{"max.in.flight", "9"}};
  auto conf = make_conf(options, ClientKind::producer);
  ASSERT_TRUE(conf) << conf.error().message;
  const auto client = Client::open(std::move(*conf), ClientKind::producer);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(client.error().message, HasSubstr("max.in.flight"));
}

}  // namespace
}  // namespace konomi::kafka
