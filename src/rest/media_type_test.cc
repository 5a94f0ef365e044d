#include "rest/media_type.h"

#include <gtest/gtest.h>

namespace konomi::rest {
namespace {

TEST(MediaType, IgnoresCaseBlanksAndParameters) {
  for (const char* text : {"application/json", "Application/JSON", " application/json\t",
                           "application/json;charset=utf-8", "application/json ; charset=x"})
    EXPECT_TRUE(is_media_type(text, "application/json")) << text;
  for (const char* text : {"", ";", "application/jsonp", "application/x-ndjson", "text/plain",
                           "application/json text/plain", "text/plain; application/json"})
    EXPECT_FALSE(is_media_type(text, "application/json")) << text;
}

}  // namespace
}  // namespace konomi::rest
