#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Message, SplitsAndDecodesATarget) {
  Request request;
  ASSERT_TRUE(set_target(request, "/a%20b/c?x=1%2B1&y=a+b&x=2&flag&=v&&%E5%A5%BD=%26"));
  EXPECT_EQ(request.path, "/a%20b/c");
  EXPECT_THAT(request.query, ElementsAre(Pair("x", "1+1"), Pair("y", "a b"), Pair("x", "2"),
                                         Pair("flag", ""), Pair("", "v"), Pair("好", "&")));
  EXPECT_EQ(request.query_value("x"), "1+1");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("z"), std::nullopt);
}

TEST(Message, TakesTheAbsoluteFormOfATarget) {
  Request request;
  ASSERT_TRUE(set_target(request, "http://host:80/a?b=c"));
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.query_value("b"), "c");
  ASSERT_TRUE(set_target(request, "http://host"));
  EXPECT_EQ(request.path, "/");
  EXPECT_TRUE(request.query.empty());
}

TEST(Message, RefusesBrokenEscapesInAQuery) {
  Request request;
  for (const auto* target : {"/?a=%", "/?a=%2", "/?a=%zz", "/?%G0=1", "noslash", ""}) {
    EXPECT_FALSE(set_target(request, target)) << target;
  }
}

TEST(Message, TakesBytesThatAStrictUrlWouldNotHave) {
  Request request;
  ASSERT_TRUE(set_target(request, "/a|b?q=[x]&name=\xe5\xa5\xbd&note=\"a^b\""));
  EXPECT_EQ(request.path, "/a|b");
  EXPECT_THAT(request.query,
              ElementsAre(Pair("q", "[x]"), Pair("name", "\xe5\xa5\xbd"), Pair("note", "\"a^b\"")));
}

}  // namespace
}  // namespace konomi::http
