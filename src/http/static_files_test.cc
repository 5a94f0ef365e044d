#include "http/static_files.h"

#include "http/web_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace konomi::http {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

constexpr EmbeddedFile kFiles[] = {
    {.path = "/index.html",
     .content_type = "text/html; charset=utf-8",
     .bytes = "<html>",
     .gzip_bytes = {},
     .etag = "\"i1\""},
    {.path = "/assets/app-1a2b.js",
     .content_type = "text/javascript; charset=utf-8",
     .bytes = "let a = 1",
     .gzip_bytes = "zipped",
     .etag = "\"a1\""},
};

Response file_at(std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Request request;
  request.path = std::move(path);
  request.headers = std::move(headers);
  const auto not_found = [](unsigned status, std::string_view, std::string_view, const Route*) {
    return Response{.status = status, .body = R"({"message":"Not Found"})"};
  };
  return StaticFiles(kFiles, {"daily", "segments"}, not_found).serve(request);
}

TEST(StaticFiles, ServesTheIndexUncachedAndAssetsForever) {
  const Response index = file_at("/index.html");
  EXPECT_EQ(index.body, "<html>");
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(index.headers, Contains(Pair("Cache-Control", "no-cache")));
  EXPECT_THAT(file_at("/assets/app-1a2b.js").headers,
              Contains(Pair("Cache-Control", "public, max-age=31536000, immutable")));
}

TEST(StaticFiles, LetsThePageLoadNothingFromElsewhere) {
  const Response index = file_at("/");
  EXPECT_THAT(index.headers, Contains(Pair("Content-Security-Policy",
                                           "default-src 'self'; style-src 'self' 'unsafe-inline'; "
                                           "img-src 'self' data:; object-src 'none'; base-uri "
                                           "'none'; form-action 'self'; frame-ancestors 'none'")));
}

TEST(StaticFiles, AnswersTheIndexWhereThePageRoutesAndNothingElse) {
  EXPECT_EQ(file_at("/").body, "<html>");
  EXPECT_EQ(file_at("/segments").body, "<html>");
  EXPECT_EQ(file_at("/segments/mika@example.com").body, "<html>");
  EXPECT_EQ(file_at("/segment").status, 404u);
  EXPECT_EQ(file_at("/elsewhere/segments").status, 404u);
  EXPECT_EQ(file_at("/assets/gone-9z.js").status, 404u);
  EXPECT_EQ(file_at("/%2E%2E/etc").status, 404u);
  EXPECT_EQ(file_at("/%zz").status, 404u);
  EXPECT_EQ(file_at("*").status, 404u);
}

TEST(StaticFiles, TellsABrowserInThePageThatAnAddressIsUnknown) {
  const Response page = file_at("/nothing", {{"accept", "text/html,application/xhtml+xml;q=0.9"}});
  EXPECT_EQ(page.status, 404u);
  EXPECT_EQ(page.body, "<html>");
  EXPECT_EQ(file_at("/nothing", {{"accept", "*/*"}}).body, R"({"message":"Not Found"})");
  EXPECT_EQ(file_at("/nothing", {{"accept", "text/html"}, {"if-none-match", "*"}}).status, 404u);
}

TEST(StaticFiles, CompressesWhenAccepted) {
  const std::string js = "/assets/app-1a2b.js";
  const Response zipped = file_at(js, {{"accept-encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(zipped.body, "zipped");
  EXPECT_THAT(zipped.headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_THAT(zipped.headers, Contains(Pair("Vary", "Accept-Encoding")));
  for (const auto* refused : {"br", "gzip;q=0", "gzip; q=0.000", "", "xgzip"}) {
    const Response plain = file_at(js, {{"accept-encoding", refused}});
    EXPECT_EQ(plain.body, "let a = 1") << refused;
    EXPECT_THAT(plain.headers, Not(Contains(Key("Content-Encoding"))));
  }
  EXPECT_EQ(file_at("/", {{"accept-encoding", "gzip"}}).body, "<html>")
      << "no smaller when compressed";
}

TEST(StaticFiles, AnswersNotModified) {
  for (const auto* tag : {"\"i1\"", "W/\"i1\"", "\"x\", \"i1\"", "*"}) {
    const Response response = file_at("/", {{"if-none-match", tag}});
    EXPECT_EQ(response.status, 304u) << tag;
    EXPECT_TRUE(response.body.empty());
    EXPECT_THAT(response.headers, Contains(Pair("ETag", "\"i1\"")));
  }
  EXPECT_EQ(file_at("/", {{"if-none-match", "\"i2\""}}).status, 200u);
}

std::string gunzip(std::string_view bytes) {
  std::string out(1 << 22, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(WebFiles, HoldAPageAndItsCompressedBytes) {
  ASSERT_FALSE(web_files().empty());
  const StaticFiles page(web_files(), {});
  Request request;
  request.path = "/";
  EXPECT_THAT(page.serve(request).body, ::testing::HasSubstr("<html"));
  for (const EmbeddedFile& file : web_files()) {
    EXPECT_TRUE(file.path.starts_with('/'));
    EXPECT_TRUE(file.etag.starts_with('"') && file.etag.ends_with('"'));
    if (file.gzip_bytes.empty()) continue;
    EXPECT_TRUE(gunzip(file.gzip_bytes) == file.bytes) << file.path;
  }
}

}  // namespace
}  // namespace konomi::http
