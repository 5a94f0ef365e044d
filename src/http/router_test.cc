#include "http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

BlockingHandler says(std::string text) {
  return [text](const Request&) { return Response{.body = text}; };
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add(Method::post, "/api/log", kOpen, says("log"), ErrorShape::first_version);
    router_.add(Method::get, "/api/user_segments", kOpen, says("segments"),
                ErrorShape::first_version);
    router_.add(Method::get, "/api/v1/users/{id}", kOpen, says("user"));
    router_.add(Method::get, "/api/v1/users/me", kOpen, says("me"));
    router_.add(Method::get, "/api/v1/segments/{menu_type}/users", kOpen, says("users"));
    router_.add(Method::get, "/api/v1/menu_types", kOpen, says("types"));
    router_.add(Method::put, "/api/v1/menu_types", kOpen, says("put"));
    router_.add(Method::get, "/livez", kOpen, says("live"), ErrorShape::first_version);
  }

  Router::Match match(Method method, std::string_view path) {
    request_ = {};
    request_.method = method;
    request_.path = path;
    return router_.match(request_);
  }

  // What the matching handler says, or the status of the answer.
  std::string outcome(Method method, std::string_view path) {
    const Router::Match found = match(method, path);
    if (found.route) return found.route->blocking(request_).body;
    if (found.fallback) return (*found.fallback)(request_).body;
    return std::to_string(found.response.status);
  }

  Router router_;
  Request request_;
};

TEST_F(RouterTest, PrefersExactSegmentsToPlaceholders) {
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/me"), "me");
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/mee"), "user");
  EXPECT_THAT(request_.params, ElementsAre("mee"));
}

TEST_F(RouterTest, DecodesSegments) {
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/a%2Fb%20%E5%A5%BD"), "user");
  EXPECT_THAT(request_.params, ElementsAre("a/b 好"));
  EXPECT_EQ(outcome(Method::get, "/api/v1/segments/Americano%20with%20Milk/users"), "users");
  EXPECT_THAT(request_.params, ElementsAre("Americano with Milk"));
  EXPECT_EQ(outcome(Method::get, "/%6Civez"), "live");
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/a+b"), "user");
  EXPECT_THAT(request_.params, ElementsAre("a+b"));
}

TEST_F(RouterTest, RefusesBrokenEscapes) {
  const auto problem = match(Method::get, "/api/v1/users/%zz").response;
  EXPECT_EQ(problem.status, 400u);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/%4"), "400");
  EXPECT_THAT(match(Method::get, "/other/%").response.body, HasSubstr("{\"error\":"));
}

TEST_F(RouterTest, AnswersHeadWhereGetIs) {
  EXPECT_EQ(outcome(Method::head, "/livez"), "live");
  EXPECT_EQ(outcome(Method::head, "/api/log"), "405");
}

TEST_F(RouterTest, TellsAWrongMethodInTheShapeOfTheFirstVersion) {
  const auto log = match(Method::get, "/api/log").response;
  EXPECT_EQ(log.status, 405u);
  EXPECT_EQ(log.body, R"({"message":"Method Not Allowed"})");
  EXPECT_EQ(log.content_type, "application/json");
  EXPECT_THAT(log.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_THAT(match(Method::put, "/api/user_segments").response.headers,
              ElementsAre(Pair("Allow", "OPTIONS, GET")));
}

TEST_F(RouterTest, TellsAWrongMethodAsAProblem) {
  const auto types = match(Method::del, "/api/v1/menu_types").response;
  EXPECT_EQ(types.status, 405u);
  EXPECT_EQ(types.content_type, "application/problem+json");
  EXPECT_THAT(types.headers, ElementsAre(Pair("Allow", "OPTIONS, GET, PUT")));
}

TEST_F(RouterTest, AnswersOnlyTheMethodsOfTheMostExactPattern) {
  router_.add(Method::post, "/api/v1/users/merge", kOpen, says("merged"));
  EXPECT_EQ(outcome(Method::post, "/api/v1/users/merge"), "merged");
  const auto get = match(Method::get, "/api/v1/users/merge").response;
  EXPECT_EQ(get.status, 405u);
  EXPECT_THAT(get.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_THAT(match(Method::options, "/api/v1/users/merge").response.headers,
              ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_THAT(match(Method::post, "/api/v1/users/me").response.headers,
              ElementsAre(Pair("Allow", "OPTIONS, GET")));
}

TEST_F(RouterTest, AnswersOptions) {
  const auto options = match(Method::options, "/api/log").response;
  EXPECT_EQ(options.status, 204u);
  EXPECT_THAT(options.body, IsEmpty());
  EXPECT_THAT(options.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_EQ(outcome(Method::options, "/nothing"), "404");
}

TEST_F(RouterTest, TellsAnUnknownPathInBothShapes) {
  const auto first = match(Method::get, "/api/nothing").response;
  EXPECT_EQ(first.status, 404u);
  EXPECT_EQ(first.body, R"({"message":"Not Found"})");
  EXPECT_EQ(first.content_type, "application/json");
  const auto problem = match(Method::get, "/api/v1/nothing").response;
  EXPECT_EQ(problem.status, 404u);
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(match(Method::get, "/api/v1x").response.content_type, "application/json");
}

TEST_F(RouterTest, MatchesWholeSegmentsOnly) {
  for (const auto* path :
       {"/api/v1/users/", "/api/v1/users", "/api/v1/users/a/b", "/livez/", "//livez", "/Livez",
        "livez", "*", "", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18"}) {
    EXPECT_EQ(outcome(Method::get, path), "404") << path;
  }
}

TEST_F(RouterTest, GivesThePageWhatIsNotUnderApi) {
  router_.set_fallback(says("page"));
  EXPECT_EQ(outcome(Method::get, "/"), "page");
  EXPECT_EQ(outcome(Method::head, "/segments/washoku"), "page");
  EXPECT_EQ(outcome(Method::get, "/apis"), "page");
  EXPECT_EQ(outcome(Method::get, "/livez"), "live");
  EXPECT_EQ(outcome(Method::get, "/api"), "404");
  EXPECT_EQ(outcome(Method::get, "/api/nothing"), "404");
  EXPECT_EQ(outcome(Method::post, "/"), "404");
}

}  // namespace
}  // namespace konomi::http
