#include "rest/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace konomi::rest {
namespace {

using http::Method;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Handler says(std::string text) {
  return [text](const http::Request&) -> Result<Answer> { return http::Response{.body = text}; };
}

class NotingAuditor final : public Auditor {
 public:
  Result<void> answered(const http::Request& request, const Endpoint& endpoint,
                        const Answer& answer) override {
    std::string line(name_of(request.method));
    line += " " + endpoint.pattern + " " + std::to_string(answer.response.status);
    for (const AuditDetail& detail : answer.audit)
      line.append(" ").append(detail.name).append("=").append(std::get<std::string>(detail.value));
    lines.push_back(line);
    return outcome;
  }

  std::vector<std::string> lines;
  Result<void> outcome;
};

class RestRouterTest : public ::testing::Test {
 protected:
  RestRouterTest() {
    router_.add(Method::post, "/api/log", Scope::ingest, says("log"), ErrorShape::first_version);
    router_.add(Method::get, "/api/user_segments", Scope::exports, says("segments"),
                ErrorShape::first_version);
    router_.add(Method::get, "/api/v1/users/{id}", Scope::read, says("user"));
    router_.add(Method::put, "/api/v1/menu_types", Scope::admin, says("put"));
    router_.add(Method::get, "/livez", kOpen, says("live"), ErrorShape::first_version);
  }

  http::Router::Match match(Method method, std::string_view path) {
    request_ = {};
    request_.method = method;
    request_.path = path;
    return router_.table().match(request_);
  }
  http::Response answer(Method method, std::string_view path) {
    http::Router::Match found = match(method, path);
    return found.route ? found.route->blocking(request_) : std::move(found.response);
  }

  NotingAuditor auditor_;
  Router router_{&auditor_};
  http::Request request_;
};

TEST_F(RestRouterTest, KeepsTheScopeAndTheShapeOfARoute) {
  const Endpoint& segments = endpoint_of(*match(Method::get, "/api/user_segments").route);
  EXPECT_EQ(segments.pattern, "/api/user_segments");
  EXPECT_EQ(segments.scope, Scope::exports);
  EXPECT_EQ(segments.shape, ErrorShape::first_version);
  EXPECT_EQ(endpoint_of(*match(Method::get, "/livez").route).scope, kOpen);
  EXPECT_EQ(endpoint_of(*match(Method::get, "/api/v1/users/u1").route).shape, ErrorShape::problem);
}

TEST_F(RestRouterTest, AnswersAnErrorInTheShapeOfItsRoute) {
  const Handler fails = [](const http::Request&) -> Result<Answer> {
    return fail(ErrorCode::unavailable, "closed");
  };
  router_.add(Method::get, "/api/first", Scope::read, fails, ErrorShape::first_version);
  router_.add(Method::get, "/api/v1/second", Scope::read, fails);
  const http::Response first = answer(Method::get, "/api/first");
  EXPECT_EQ(first.status, 503u);
  EXPECT_EQ(first.body, R"({"error":"closed"})");
  EXPECT_THAT(first.headers, ElementsAre(Pair("Retry-After", "1")));
  const http::Response second = answer(Method::get, "/api/v1/second");
  EXPECT_EQ(second.status, 503u);
  EXPECT_EQ(second.content_type, "application/problem+json");
  EXPECT_THAT(second.headers, ElementsAre(Pair("Retry-After", "1")));
}

TEST_F(RestRouterTest, RefusesBrokenEscapesInTheShapeOfThePath) {
  const auto problem = answer(Method::get, "/api/v1/users/%zz");
  EXPECT_EQ(problem.status, 400u);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_THAT(answer(Method::get, "/other/%").body, HasSubstr("{\"error\":"));
}

TEST_F(RestRouterTest, TellsAWrongMethodInTheShapeOfTheFirstVersion) {
  const auto log = answer(Method::get, "/api/log");
  EXPECT_EQ(log.status, 405u);
  EXPECT_EQ(log.body, R"({"message":"Method Not Allowed"})");
  EXPECT_EQ(log.content_type, "application/json");
  EXPECT_THAT(log.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
}

TEST_F(RestRouterTest, TellsAWrongMethodAsAProblem) {
  const auto types = answer(Method::del, "/api/v1/menu_types");
  EXPECT_EQ(types.status, 405u);
  EXPECT_EQ(types.content_type, "application/problem+json");
  EXPECT_THAT(types.body, HasSubstr(R"("detail":"this path answers OPTIONS, PUT")"));
  EXPECT_THAT(types.headers, ElementsAre(Pair("Allow", "OPTIONS, PUT")));
}

TEST_F(RestRouterTest, TellsAnUnknownPathInBothShapes) {
  const auto first = answer(Method::get, "/api/nothing");
  EXPECT_EQ(first.status, 404u);
  EXPECT_EQ(first.body, R"({"message":"Not Found"})");
  EXPECT_EQ(first.content_type, "application/json");
  const auto problem = answer(Method::get, "/api/v1/nothing");
  EXPECT_EQ(problem.status, 404u);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_THAT(problem.body,
              HasSubstr("there is nothing at /api/v1/nothing; /openapi.json lists the paths"));
  EXPECT_EQ(answer(Method::get, "/api/v1x").content_type, "application/json");
}

TEST_F(RestRouterTest, WordsWhatTheServerRefuses) {
  const http::Router& table = router_.table();
  EXPECT_EQ(table.error(413, "too long", "/api/log").body, R"({"error":"too long"})");
  EXPECT_EQ(table.error(400, "garbage", "").body, R"({"error":"garbage"})");
  EXPECT_EQ(table.error(431, "long", "/livez").body, R"({"error":"long"})");
  const http::Response full = table.error(503, "full", "/api/v1/users/u1");
  EXPECT_EQ(full.content_type, "application/problem+json");
  EXPECT_THAT(full.headers, ElementsAre(Pair("Retry-After", "1")));
}

TEST_F(RestRouterTest, GivesThePageWhatIsNotUnderApi) {
  router_.set_page([](const http::Request&) { return http::Response{.body = "page"}; });
  EXPECT_NE(match(Method::get, "/").fallback, nullptr);
  EXPECT_NE(match(Method::get, "/apis").fallback, nullptr);
  EXPECT_EQ(match(Method::get, "/api").fallback, nullptr);
  EXPECT_EQ(match(Method::get, "/api/nothing").fallback, nullptr);
}

TEST_F(RestRouterTest, TellsItsAuditorOfEachAnswer) {
  router_.add(Method::post, "/api/v1/things/{id}", Scope::admin,
              [](const http::Request&) -> Result<Answer> {
                return Answer({.status = 201}, {{"thing", "one"}});
              });
  router_.add(
      Method::get, "/api/v1/missing", Scope::exports,
      [](const http::Request&) -> Result<Answer> { return fail(ErrorCode::not_found, "missing"); });
  EXPECT_EQ(answer(Method::post, "/api/v1/things/1").status, 201u);
  EXPECT_EQ(answer(Method::get, "/api/v1/missing").status, 404u);
  EXPECT_THAT(auditor_.lines,
              ElementsAre("POST /api/v1/things/{id} 201 thing=one", "GET /api/v1/missing 404"));
  auditor_.outcome = fail(ErrorCode::unavailable, "the disk is full");
  const http::Response refused = answer(Method::get, "/api/v1/users/u1");
  EXPECT_EQ(refused.status, 503u) << "what is not written is not answered";
  EXPECT_THAT(refused.body, HasSubstr("the disk is full"));
}

TEST_F(RestRouterTest, NeedsNoAuditor) {
  Router router;
  router.add(Method::get, "/livez", kOpen, says("live"));
  http::Request request{.method = Method::get, .path = "/livez"};
  EXPECT_EQ(router.table().match(request).route->blocking(request).body, "live");
  EXPECT_THAT(auditor_.lines, IsEmpty());
}

}  // namespace
}  // namespace konomi::rest
