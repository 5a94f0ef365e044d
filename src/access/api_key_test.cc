#include "access/api_key.h"

#include "base/digest.h"
#include "domain/timestamp.h"

#include <gtest/gtest.h>

namespace konomi::access {
namespace {

using namespace std::chrono_literals;

const Timestamp kSignedAt = *parse_rfc3339("2026-01-31T09:00:00Z");

TEST(ApiKey, KeepsNothingThatCanBeUsed) {
  const MadeKey made = make_key("till 1", {rest::Scope::ingest}, kSignedAt);
  const auto parts = split_token(made.token);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->id, made.key.id);
  EXPECT_EQ(sha256_hex(parts->secret), made.key.secret_sha256);
  EXPECT_EQ(made.key.secret_sha256.find(parts->secret), std::string::npos);
  EXPECT_NE(make_key("till 1", {rest::Scope::ingest}, kSignedAt).token, made.token);
}

TEST(ApiKey, KnowsATokenFromOtherText) {
  const std::string token = make_key("a", {rest::Scope::read}, kSignedAt).token;
  EXPECT_FALSE(split_token(""));
  EXPECT_FALSE(split_token("konomi_"));
  EXPECT_FALSE(split_token(token.substr(1)));
  EXPECT_FALSE(split_token(token + "0"));
  EXPECT_FALSE(split_token(token.substr(0, token.size() - 1) + "G"));
}

TEST(ApiKey, SignsSessionsThatEndWithTheirTimeAndTheirKey) {
  const MadeKey made = make_key("marketing", {rest::Scope::read}, kSignedAt);
  const std::string session = sign_session(made.key, kSignedAt + 12h);
  EXPECT_EQ(session_key(session), made.key.id);
  EXPECT_TRUE(session_is_valid(made.key, session, kSignedAt + 11h));
  EXPECT_FALSE(session_is_valid(made.key, session, kSignedAt + 12h));
  ApiKey other = make_key("marketing", {rest::Scope::read}, kSignedAt).key;
  other.id = made.key.id;
  EXPECT_FALSE(session_is_valid(other, session, kSignedAt)) << "signed with another secret";
  const std::string longer = sign_session(made.key, kSignedAt + 24h);
  const std::string forged =
      longer.substr(0, longer.rfind('.')) + session.substr(session.rfind('.'));
  EXPECT_FALSE(session_is_valid(made.key, forged, kSignedAt)) << "the expiry is signed";
  EXPECT_FALSE(session_key("no session"));
  EXPECT_FALSE(session_key("3f9a2c1b.x.y"));
}

}  // namespace
}  // namespace konomi::access
