#include "access/session_handlers.h"

#include "access/access_gate.h"
#include "access/key_file.h"
#include "domain/timestamp.h"
#include "tests/support/temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::access {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SessionHandlersTest : public ::testing::Test {
 protected:
  SessionHandlersTest()
      : clock_(*parse_rfc3339("2026-01-31T09:00:00Z")),
        made_(make_key("marketing", {rest::Scope::read}, clock_.now())) {
    EXPECT_TRUE(
        change_key_file(directory_ + "/keys.toml", [&](std::vector<ApiKey>& keys) -> Result<void> {
          keys.push_back(made_.key);
          return {};
        }));
    keys_ = std::move(*Keys::open(directory_ + "/keys.toml"));
  }

  http::Response ask(const Keys* keys, http::Method method, std::string body, bool tls = false) {
    const AuditLog audit(directory_ + "/audit.jsonl", clock_);
    const SessionHandlers handlers(keys, audit, clock_);
    rest::Router router;
    handlers.register_routes(router);
    http::Request request{.method = method, .path = "/api/v1/session", .body = body, .tls = tls};
    return router.table().match(request).route->blocking(request);
  }
  static std::string cookie_of(const http::Response& response) {
    for (const auto& [name, value] : response.headers) {
      if (name == "Set-Cookie") return value;
    }
    return {};
  }

  ManualClock clock_;
  MadeKey made_;
  const support::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path().string();
  std::unique_ptr<Keys> keys_;
};

TEST_F(SessionHandlersTest, GivesACookieForAKey) {
  const auto response =
      ask(keys_.get(), http::Method::post, R"({"key":")" + made_.token + R"("})", true);
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.body,
            R"({"required":true,"signed_in":true,"key":"marketing","scopes":["read"]})");
  const std::string cookie = cookie_of(response);
  EXPECT_THAT(cookie, AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict"),
                            HasSubstr("; Secure"), HasSubstr("Max-Age=43200")));
  EXPECT_THAT(cookie, Not(HasSubstr(made_.token.substr(16))));
  const std::string session = cookie.substr(kSessionCookie.size() + 1);
  EXPECT_TRUE(keys_->of_session(session.substr(0, session.find(';')), clock_.now()));
}

TEST_F(SessionHandlersTest, GivesNothingForAnythingElse) {
  for (const char* body : {"", "{}", "[]", R"({"key":3})"})
    for (const Keys* keys :
         {static_cast<const Keys*>(keys_.get()), static_cast<const Keys*>(nullptr)})
      EXPECT_EQ(ask(keys, http::Method::post, body).status, 400U) << body;
  const auto wrong = ask(keys_.get(), http::Method::post, R"({"key":"konomi_1_2"})");
  EXPECT_EQ(wrong.status, 401U);
  EXPECT_EQ(cookie_of(wrong), "");
}

TEST_F(SessionHandlersTest, TakesTheCookieAwayAndSaysWhoIsSignedIn) {
  EXPECT_THAT(cookie_of(ask(keys_.get(), http::Method::del, "")),
              HasSubstr("konomi_session=; Path=/; Max-Age=0"));
  EXPECT_EQ(ask(keys_.get(), http::Method::get, "").body,
            R"({"required":true,"signed_in":false,"key":null,"scopes":[]})");
  EXPECT_THAT(ask(nullptr, http::Method::get, "").body, HasSubstr(R"("required":false)"));
}

}  // namespace
}  // namespace konomi::access
