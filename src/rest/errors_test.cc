#include "rest/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::rest {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Errors, ComeInBothShapes) {
  const http::Response first = error_response(ErrorShape::first_version, 400, "bad \"user_id\"");
  EXPECT_EQ(first.status, 400u);
  EXPECT_EQ(first.content_type, "application/json");
  EXPECT_EQ(first.body, R"({"error":"bad \"user_id\""})");

  const http::Response problem = problem_response(404, "no such day", R"("errors":[])");
  EXPECT_EQ(problem.content_type, "application/problem+json");
  EXPECT_EQ(problem.body, R"({"type":"about:blank","title":"Not Found","status":404,)"
                          R"("detail":"no such day","errors":[]})");
  EXPECT_EQ(error_response(ErrorShape::problem, 413, "10 bytes").body,
            R"({"type":"about:blank","title":"Content Too Large","status":413,)"
            R"("detail":"10 bytes"})");
}

TEST(Errors, OfPortsHaveAStatus) {
  for (const ErrorShape shape : {ErrorShape::first_version, ErrorShape::problem}) {
    const auto status = [&](ErrorCode code) {
      return error_response(shape, Error{.code = code}).status;
    };
    EXPECT_EQ(status(ErrorCode::invalid_argument), 400u);
    EXPECT_EQ(status(ErrorCode::not_found), 404u);
    EXPECT_EQ(status(ErrorCode::overloaded), 503u);
    EXPECT_EQ(status(ErrorCode::unavailable), 503u);
    EXPECT_EQ(status(ErrorCode::timed_out), 503u);
    EXPECT_EQ(status(ErrorCode::storage_full), 507u);
    EXPECT_EQ(status(ErrorCode::corrupted), 500u);
    EXPECT_THAT(error_response(shape, Error{.code = ErrorCode::overloaded}).headers,
                ElementsAre(Pair("Retry-After", "1")));
  }
}

TEST(Errors, NameEveryProblemOfABody) {
  EXPECT_EQ(
      refusal("two problems", {{"/a", "is \"x\""}, {"", "is short"}}).body,
      R"({"type":"about:blank","title":"Bad Request","status":400,"detail":"two problems",)"
      R"("errors":[{"pointer":"/a","detail":"is \"x\""},{"pointer":"","detail":"is short"}]})");
}

}  // namespace
}  // namespace konomi::rest
