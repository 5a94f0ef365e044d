#include "http/router.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <any>

namespace konomi::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

BlockingHandler says(std::string text) {
  return [text](const Request&) { return Response{.body = text}; };
}

// Says what the layer above is asked to put into words.
Response worded(unsigned status, std::string_view message, std::string_view path,
                const Route* route) {
  return {.status = status,
          .content_type = "text/x-error",
          .body = fmt::format("{} {}: {}", path, route ? route->pattern : "-", message)};
}

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router_.add(Method::post, "/api/log", says("log"));
    router_.add(Method::get, "/api/user_segments", says("segments"));
    router_.add(Method::get, "/api/v1/users/{id}", says("user"));
    router_.add(Method::get, "/api/v1/users/me", says("me"));
    router_.add(Method::get, "/api/v1/segments/{menu_type}/users", says("users"));
    router_.add(Method::get, "/api/v1/menu_types", says("types"));
    router_.add(Method::put, "/api/v1/menu_types", says("put"));
    router_.add(Method::get, "/livez", says("live"));
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

  Router router_{worded};
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
  const auto broken = match(Method::get, "/api/v1/users/%zz").response;
  EXPECT_EQ(broken.status, 400u);
  EXPECT_EQ(broken.content_type, "text/x-error");
  EXPECT_THAT(broken.body, HasSubstr("/api/v1/users/%zz -: expected every %"));
  EXPECT_EQ(outcome(Method::get, "/api/v1/users/%4"), "400");
  EXPECT_EQ(outcome(Method::get, "/other/%"), "400");
}

TEST_F(RouterTest, AnswersHeadWhereGetIs) {
  EXPECT_EQ(outcome(Method::head, "/livez"), "live");
  EXPECT_EQ(outcome(Method::head, "/api/log"), "405");
}

TEST_F(RouterTest, SaysWhichMethodsAPathAnswers) {
  const auto log = match(Method::get, "/api/log").response;
  EXPECT_EQ(log.status, 405u);
  EXPECT_EQ(log.body, "/api/log /api/log: this path answers OPTIONS, POST");
  EXPECT_EQ(log.content_type, "text/x-error");
  EXPECT_THAT(log.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_THAT(match(Method::put, "/api/user_segments").response.headers,
              ElementsAre(Pair("Allow", "OPTIONS, GET")));
  EXPECT_THAT(match(Method::del, "/api/v1/menu_types").response.headers,
              ElementsAre(Pair("Allow", "OPTIONS, GET, PUT")));
}

TEST_F(RouterTest, AnswersOnlyTheMethodsOfTheMostExactPattern) {
  router_.add(Method::post, "/api/v1/users/merge", says("merged"));
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

TEST_F(RouterTest, HasItsErrorsWordedByTheLayerAbove) {
  const auto unknown = match(Method::get, "/api/nothing").response;
  EXPECT_EQ(unknown.status, 404u);
  EXPECT_EQ(unknown.body, "/api/nothing -: there is nothing at /api/nothing");
  const Response full = router_.error(503, "full", "/api/v1/users/u1");
  EXPECT_EQ(full.body, "/api/v1/users/u1 /api/v1/users/{id}: full");
  EXPECT_THAT(full.headers, ElementsAre(Pair("Retry-After", "1")));
  EXPECT_EQ(router_.error(400, "garbage", "").body, " -: garbage");
  EXPECT_EQ(router_.error(413, "long", "/api/v1/users/%").body, "/api/v1/users/% -: long");
}

TEST_F(RouterTest, TellsErrorsInPlainTextByItself) {
  const Response plain = Router().error(413, "too long", "/x");
  EXPECT_EQ(plain.status, 413u);
  EXPECT_EQ(plain.content_type, "text/plain");
  EXPECT_EQ(plain.body, "too long\n");
}

TEST_F(RouterTest, KeepsWhatTheLayerAboveKnowsOfARoute) {
  router_.add(Method::get, "/known", says("known"), std::any(7));
  EXPECT_EQ(std::any_cast<int>(match(Method::get, "/known").route->attributes), 7);
}

TEST_F(RouterTest, MatchesWholeSegmentsOnly) {
  for (const auto* path :
       {"/api/v1/users/", "/api/v1/users", "/api/v1/users/a/b", "/livez/", "//livez", "/Livez",
        "livez", "*", "", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18"}) {
    EXPECT_EQ(outcome(Method::get, path), "404") << path;
  }
}

TEST_F(RouterTest, GivesTheFallbackWhatIsNotUnderItsException) {
  router_.set_fallback(says("page"), "/api");
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
