#include "rest/scope.h"

#include <gtest/gtest.h>

namespace konomi::rest {
namespace {

TEST(Scopes, ReadWhatTheyWrite) {
  EXPECT_EQ(to_string(Scopes::all()), "ingest,read,export,metrics,admin");
  EXPECT_EQ(*parse_scopes("ingest,read,export,metrics,admin"), Scopes::all());
  EXPECT_EQ(to_string(*parse_scopes("export,read")), "read,export");
}

TEST(Scopes, StandForThemselves) {
  const Scopes admin{Scope::admin};
  EXPECT_TRUE(admin.has(Scope::admin));
  EXPECT_FALSE(admin.has(Scope::read));
  EXPECT_TRUE(Scopes{}.empty());
}

TEST(Scopes, NameTheWordThatIsNone) {
  const auto unknown = parse_scopes("read,write");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("\"write\""), std::string::npos);
  EXPECT_FALSE(parse_scopes(""));
  EXPECT_FALSE(parse_scopes("read,"));
}

}  // namespace
}  // namespace konomi::rest
