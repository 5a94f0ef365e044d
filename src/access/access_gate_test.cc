#include "access/access_gate.h"

#include "access/key_file.h"
#include "domain/timestamp.h"
#include "rest/caller.h"
#include "tests/support/temporary_directory.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace konomi::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using rest::Scope;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

const Timestamp kNow = *parse_rfc3339("2026-01-31T09:00:00Z");
constexpr Scope kScopes[] = {Scope::ingest, Scope::read, Scope::exports, Scope::metrics,
                             Scope::admin};

class AccessGateTest : public ::testing::Test {
 protected:
  AccessGateTest() : clock_(kNow) {
    audit_file_ = directory_ + "/audit.jsonl";
    audit_.emplace(audit_file_, clock_);
  }

  MadeKey add_key(rest::Scopes scopes, std::uint64_t per_second = 0) {
    MadeKey made = make_key("test", scopes, kNow);
    made.key.requests_per_second_max = per_second;
    const std::string path = directory_ + "/keys.toml";
    EXPECT_TRUE(change_key_file(path, [&](std::vector<ApiKey>& keys) -> Result<void> {
      keys.push_back(made.key);
      return {};
    }));
    if (!keys_) {
      keys_ = std::move(*Keys::open(path));
    } else {
      EXPECT_TRUE(keys_->reload_if_changed());
    }
    return made;
  }

  AccessGate& gate() {
    if (!gate_) gate_.emplace(keys_.get(), *audit_, metrics_, clock_, options_);
    return *gate_;
  }

  static rest::Endpoint endpoint(std::optional<Scope> scope) {
    return {.pattern = "/api/v1/things", .scope = scope};
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;
  // The status that the gate refuses with; 0: it lets the request pass.
  unsigned judge(Method method, std::optional<Scope> scope, Headers headers) {
    request_ = {.method = method, .path = "/api/v1/things", .headers = std::move(headers)};
    const http::Route asked{.method = method, .attributes = endpoint(scope)};
    refused_ = std::move(gate().judge(request_, &asked).refusal);
    return refused_ ? refused_->status : 0;
  }
  static Headers bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }

  std::string audited() const {
    std::ostringstream text;
    text << std::ifstream(audit_file_).rdbuf();
    return text.str();
  }

  ManualClock clock_;
  Metrics metrics_;
  const support::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path().string();
  std::string audit_file_;
  GateOptions options_;
  std::unique_ptr<Keys> keys_;
  std::optional<AuditLog> audit_;
  std::optional<AccessGate> gate_;
  http::Request request_;
  std::optional<http::Response> refused_;
};

TEST_F(AccessGateTest, LetsAKeyDoWhatItsScopesSayAndNothingElse) {
  std::vector<std::pair<Scope, std::string>> tokens;
  for (const Scope scope : kScopes) tokens.emplace_back(scope, add_key({scope}).token);
  for (const auto& [has, token] : tokens) {
    for (const Scope needs : kScopes) {
      EXPECT_EQ(judge(Method::get, needs, bearer(token)), has == needs ? 0U : 403U)
          << rest::name_of(has) << " asks for " << rest::name_of(needs);
    }
    EXPECT_EQ(judge(Method::get, rest::kOpen, bearer(token)), 0U);
  }
  EXPECT_THAT(metrics_.exposition(),
              HasSubstr("konomi_access_refused_total{reason=\"not_allowed\"} 20"));
}

TEST_F(AccessGateTest, AsksForAKey) {
  const MadeKey made = add_key(rest::Scopes::all());
  EXPECT_EQ(judge(Method::get, Scope::read, {}), 401U);
  EXPECT_THAT(refused_->headers, Contains(Pair("WWW-Authenticate", HasSubstr("Bearer"))));
  EXPECT_EQ(judge(Method::get, Scope::read, {{"authorization", "Basic YTpi"}}), 401U);
  EXPECT_EQ(judge(Method::get, Scope::read, bearer("konomi_x")), 401U);
  EXPECT_EQ(judge(Method::get, Scope::read, bearer(make_key("x", rest::Scopes::all(), kNow).token)),
            401U);
  EXPECT_THAT(refused_->body, ::testing::Not(HasSubstr(made.token.substr(16))));
  EXPECT_EQ(judge(Method::get, Scope::read, {{"authorization", "bearer " + made.token}}), 0U);
  EXPECT_EQ(judge(Method::get, Scope::read, {{"authorization", "Bearer"}}), 401U);
  EXPECT_EQ(judge(Method::get, rest::kOpen, {}), 0U);
  EXPECT_TRUE(rest::caller_of(request_).scopes.empty());
  EXPECT_EQ(gate().judge(request_, nullptr).refusal, std::nullopt)
      << "the page, and what is not there";
}

TEST_F(AccessGateTest, TakesASessionOfThePage) {
  const MadeKey made = add_key({Scope::read, Scope::admin});
  const std::string cookie = "a=b; konomi_session=" + sign_session(made.key, kNow + 12h);
  EXPECT_EQ(judge(Method::get, Scope::read, {{"cookie", cookie}}), 0U);
  EXPECT_EQ(rest::caller_of(request_).key, made.key.id);
  EXPECT_EQ(judge(Method::get, Scope::exports, {{"cookie", cookie}}), 403U);
  EXPECT_EQ(judge(Method::get, Scope::read, {{"cookie", cookie + "0"}}), 401U);
  clock_.advance(12h);
  EXPECT_EQ(judge(Method::get, Scope::read, {{"cookie", cookie}}), 401U);
}

TEST_F(AccessGateTest, LetsNoOtherSiteActForWhoeverIsSignedIn) {
  options_.cors_origins = {"https://shop.example"};
  const MadeKey made = add_key({Scope::admin});
  const std::string cookie = "konomi_session=" + sign_session(made.key, kNow + 12h);
  const auto put = [&](Headers headers) {
    headers.emplace_back("cookie", cookie);
    headers.emplace_back("host", "konomi.example:8443");
    return judge(Method::put, Scope::admin, std::move(headers));
  };
  EXPECT_EQ(put({{"origin", "https://konomi.example:8443"}}), 0U);
  EXPECT_EQ(put({{"origin", "https://shop.example"}}), 0U);
  EXPECT_EQ(put({{"origin", "https://evil.example"}}), 403U);
  EXPECT_EQ(put({{"origin", "https://konomi.example"}}), 403U) << "another port is another origin";
  EXPECT_EQ(put({{"origin", "null"}}), 403U);
  EXPECT_EQ(put({}), 403U) << "a browser always says";
  EXPECT_EQ(judge(Method::put, Scope::admin, bearer(made.token)), 0U) << "a program need not";
}

TEST_F(AccessGateTest, WithoutKeysAnswersThisMachineOnly) {
  for (const char* host : {"127.0.0.1:8080", "localhost", "[::1]:8080", "127.1.2.3"}) {
    EXPECT_EQ(judge(Method::get, Scope::read, {{"host", host}}), 0U) << host;
    EXPECT_EQ(rest::caller_of(request_).scopes, rest::Scopes::all());
  }
  for (const char* host : {"evil.example:8080", "127.0.0.1.evil.example", "127.evil.example:8080",
                           "localhost.evil.example", "", "[::1"})
    EXPECT_EQ(judge(Method::get, Scope::read, {{"host", host}}), 403U) << host;
  EXPECT_EQ(judge(Method::get, rest::kOpen, {{"host", "10.0.0.7"}}), 0U) << "a probe";
  EXPECT_EQ(judge(Method::post, Scope::ingest,
                  {{"host", "127.0.0.1:8080"}, {"origin", "https://evil.example"}}),
            403U);
  EXPECT_EQ(judge(Method::post, Scope::ingest,
                  {{"host", "127.0.0.1:8080"}, {"origin", "http://127.0.0.1:8080"}}),
            0U);
}

TEST_F(AccessGateTest, AnswersUnderTheNamesOfAProxy) {
  options_.allowed_hosts = {"konomi.example"};
  EXPECT_EQ(judge(Method::get, Scope::read, {{"host", "konomi.example"}}), 0U);
}

TEST_F(AccessGateTest, BoundsTheRequestsOfAKey) {
  const MadeKey slow = add_key({Scope::read}, 5);
  const MadeKey other = add_key({Scope::read});
  unsigned passed = 0;
  unsigned refused = 0;
  for (int i = 0; i < 50; ++i) {
    const unsigned status = judge(Method::get, Scope::read, bearer(slow.token));
    status == 0 ? ++passed : ++refused;
    if (status == 429U) {
      EXPECT_THAT(refused_->headers, Contains(Pair("Retry-After", "1")));
    }
  }
  EXPECT_GE(passed, 5U);
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(judge(Method::get, Scope::read, bearer(other.token)), 0U) << "each key has its own";
}

TEST_F(AccessGateTest, LetsListedOriginsReadAnswers) {
  options_.cors_origins = {"https://shop.example"};
  add_key({Scope::read});
  const auto decorated = [&](Method method, Headers headers) {
    http::Response response;
    gate().decorate({.method = method, .headers = std::move(headers)}, response);
    return response.headers;
  };
  EXPECT_THAT(decorated(Method::get, {{"origin", "https://shop.example"}}),
              Contains(Pair("Access-Control-Allow-Origin", "https://shop.example")));
  EXPECT_THAT(decorated(Method::get, {{"origin", "https://evil.example"}}),
              ::testing::Not(Contains(Pair("Access-Control-Allow-Origin", ::testing::_))));
  EXPECT_THAT(decorated(Method::options, {{"origin", "https://shop.example"},
                                          {"access-control-request-method", "POST"}}),
              Contains(Pair("Access-Control-Allow-Headers", HasSubstr("Authorization"))));
}

TEST_F(AccessGateTest, WritesDownWhatIsTakenAwayOrChanged) {
  const auto answer = [&](Method method, Scope scope, rest::AuditDetails audit = {}) {
    const http::Request request{
        .method = method,
        .path = "/api/v1/things",
        .query = {{"from", "2026-01-01"}},
        .remote = "192.0.2.7",
        .caller = rest::Caller{.key = "3f9a2c1b", .name = "boss", .scopes = {}}};
    return gate().answered(request, endpoint(scope), {http::Response{}, std::move(audit)});
  };
  EXPECT_TRUE(answer(Method::get, Scope::read));
  EXPECT_TRUE(answer(Method::get, Scope::admin));
  EXPECT_EQ(audited(), "") << "looking is not written down";
  EXPECT_TRUE(answer(Method::get, Scope::exports));
  EXPECT_TRUE(answer(Method::post, Scope::admin, {{"orders", 3U}}));
  EXPECT_TRUE(answer(Method::get, Scope::read, {{"list", 1U}}));
  EXPECT_THAT(audited(),
              HasSubstr(R"("action":"GET /api/v1/things","target":"/api/v1/things?from=2026-01-01")"
                        R"(,"key":"3f9a2c1b","name":"boss","remote":"192.0.2.7","status":200})"));
  EXPECT_THAT(audited(), HasSubstr(R"("details":{"orders":3})"));
  EXPECT_EQ(std::ranges::count(audited(), '\n'), 3);

  std::filesystem::remove_all(directory_);
  EXPECT_EQ(answer(Method::get, Scope::exports).error().code, ErrorCode::unavailable)
      << "what is not written is not answered";
  EXPECT_TRUE(answer(Method::get, Scope::read));
}

}  // namespace
}  // namespace konomi::access
