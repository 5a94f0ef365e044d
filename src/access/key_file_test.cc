#include "access/key_file.h"

#include "access/keys.h"
#include "domain/timestamp.h"
#include "tests/support/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace konomi::access {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Timestamp kMadeAt = *parse_rfc3339("2026-01-31T09:00:00Z");

class KeyFileTest : public ::testing::Test {
 protected:
  MadeKey add(std::string name, rest::Scopes scopes) {
    MadeKey made = make_key(std::move(name), scopes, kMadeAt);
    const auto changed = change_key_file(path_, [&](std::vector<ApiKey>& keys) -> Result<void> {
      keys.push_back(made.key);
      return {};
    });
    EXPECT_TRUE(changed) << changed.error().message;
    return made;
  }
  void write(std::string_view text) { std::ofstream(path_) << text; }

  const support::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path().string();
  const std::string path_ = directory_ + "/keys.toml";
};

TEST_F(KeyFileTest, ReadsWhatItWrote) {
  MadeKey made = make_key("a \"name\"", {rest::Scope::read, rest::Scope::exports}, kMadeAt);
  made.key.expires_at = kMadeAt + 24h;
  made.key.requests_per_second_max = 7;
  ASSERT_TRUE(change_key_file(path_, [&](std::vector<ApiKey>& keys) -> Result<void> {
    EXPECT_TRUE(keys.empty());
    keys.push_back(made.key);
    return {};
  }));
  const MadeKey second = add("second", rest::Scopes::all());
  EXPECT_EQ(*read_key_file(path_), (std::vector<ApiKey>{made.key, second.key}));
}

TEST_F(KeyFileTest, IsForItsOwnerOnly) {
  add("a", {rest::Scope::read});
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(key_file_is_exposed(path_));
  ::chmod(path_.c_str(), 0644);
  EXPECT_TRUE(key_file_is_exposed(path_));
}

TEST_F(KeyFileTest, KeepsEveryKeyOfTwoWritersAtOnce) {
  {
    const auto ten = [this] {
      for (int i = 0; i < 10; ++i) add("k", {rest::Scope::read});
    };
    const std::jthread one(ten);
    const std::jthread two(ten);
  }
  EXPECT_EQ(read_key_file(path_)->size(), 20U);
}

TEST_F(KeyFileTest, SaysWhereItIsWrong) {
  EXPECT_THAT(read_key_file(path_).error().message, HasSubstr("konomi keys create"));
  const auto problem = [this](std::string_view text) {
    write(text);
    const auto read = read_key_file(path_);
    return read ? std::string("read") : read.error().message;
  };
  EXPECT_THAT(problem("[[key]]\nid = \"x\"\n"), HasSubstr("line 1: expected id"));
  EXPECT_THAT(problem("[[key\n"), HasSubstr("line 1"));
  EXPECT_THAT(problem("\nkeys = 3\n"), HasSubstr("line 2: expected [[key]], not keys"));
  const MadeKey made = make_key("a", {rest::Scope::read}, kMadeAt);
  const std::string good = "[[key]]\nid = \"" + made.key.id + "\"\nsha256 = \"" +
                           made.key.secret_sha256 + "\"\ncreated_at = \"2026-01-31T09:00:00Z\"\n";
  EXPECT_THAT(problem(good), HasSubstr("scopes"));
  EXPECT_THAT(problem(good + "scopes = [\"write\"]\n"), HasSubstr("\"write\""));
  EXPECT_EQ(problem(good + "scopes = [\"read\"]\n"), "read");
  EXPECT_THAT(problem(good + "scopes = [\"read\"]\n" + good + "scopes = [\"read\"]\n"),
              HasSubstr("two keys"));
}

TEST_F(KeyFileTest, KeysFollowTheFileAndStayWhenItBreaks) {
  const MadeKey first = add("first", {rest::Scope::read});
  const auto keys = std::move(*Keys::open(path_));
  EXPECT_TRUE(keys->of_token(first.token, kMadeAt));
  EXPECT_FALSE(*keys->reload_if_changed());

  const MadeKey second = add("second", {rest::Scope::read});
  EXPECT_FALSE(keys->of_token(second.token, kMadeAt));
  EXPECT_TRUE(*keys->reload_if_changed());
  EXPECT_TRUE(keys->of_token(second.token, kMadeAt));
  EXPECT_TRUE(keys->of_token(first.token, kMadeAt)) << "several are valid at a time";

  write("[[key");
  EXPECT_FALSE(keys->reload_if_changed());
  EXPECT_TRUE(keys->of_token(first.token, kMadeAt));
  std::filesystem::remove(path_);
  EXPECT_FALSE(keys->reload_if_changed())
      << "a file that is gone revokes nothing and opens nothing";
  EXPECT_TRUE(keys->of_token(first.token, kMadeAt));

  write("");
  EXPECT_TRUE(*keys->reload_if_changed());
  EXPECT_FALSE(keys->of_token(first.token, kMadeAt));
  EXPECT_FALSE(keys->of_session(sign_session(first.key, kMadeAt + 1h), kMadeAt));
}

TEST_F(KeyFileTest, KeysExpire) {
  MadeKey made = make_key("a", {rest::Scope::read}, kMadeAt);
  made.key.expires_at = kMadeAt + 1h;
  ASSERT_TRUE(change_key_file(path_, [&](std::vector<ApiKey>& keys) -> Result<void> {
    keys.push_back(made.key);
    return {};
  }));
  const auto keys = std::move(*Keys::open(path_));
  EXPECT_TRUE(keys->of_token(made.token, kMadeAt));
  EXPECT_FALSE(keys->of_token(made.token, kMadeAt + 1h));
  std::string wrong = made.token;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_FALSE(keys->of_token(wrong, kMadeAt));
}

}  // namespace
}  // namespace konomi::access
