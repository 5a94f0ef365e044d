#include "http/request_reader.h"

#include "http/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace konomi::http {
namespace {

using namespace std::string_view_literals;
using ::testing::ElementsAre;
using ::testing::Pair;
using State = RequestReader::State;

class RequestReaderTest : public ::testing::Test {
 protected:
  RequestReaderTest() {
    limits_.header_bytes_max = 1024;
    limits_.body_bytes_max = 100'000;
  }

  // Feeds `bytes` as a connection that brings `step` of them at a time would, and returns how many
  // were used before the request was complete or refused.
  std::size_t feed(std::string_view bytes, std::size_t step) {
    reader_.begin(request_, body_);
    std::string buffered;
    std::size_t used = 0;
    while (!bytes.empty() && reader_.state() != State::complete &&
           reader_.state() != State::refused) {
      if (buffered.empty()) {
        if (const auto space = reader_.state() == State::body ? reader_.space() : std::span<char>();
            !space.empty()) {
          const std::size_t direct = std::min({step, space.size(), bytes.size()});
          std::memcpy(space.data(), bytes.data(), direct);
          reader_.read_into_space(direct);
          bytes.remove_prefix(direct);
          used += direct;
          continue;
        }
      }
      buffered += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
      const std::size_t taken = reader_.take(buffered);
      used += taken;
      buffered.erase(0, taken);
    }
    return used;
  }

  // The status that the request is refused with, 0 when it is complete, -1 when it lacks something.
  int refusal(std::string_view bytes) {
    feed(bytes, bytes.size());
    const int status = reader_.state() == State::refused
                           ? static_cast<int>(reader_.refusal().status)
                       : reader_.state() == State::complete ? 0
                                                            : -1;
    reader_.end();
    return status;
  }

  ServerLimits limits_;
  std::atomic<std::size_t> bodies_bytes_ = 0;
  Request request_;
  std::string body_;
  RequestReader reader_{limits_, bodies_bytes_};
};

std::string posted(std::string_view headers, std::string_view body) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

std::string with_length(std::string_view headers, std::string_view body) {
  return posted(std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n",
                body);
}

TEST_F(RequestReaderTest, ReadsTheSameHoweverTheBytesAreSplit) {
  std::string long_body(50'000, 'x');
  for (std::size_t i = 0; i < long_body.size(); ++i) long_body[i] = static_cast<char>('a' + i % 26);
  const struct {
    std::string bytes;
    std::string body;
  } cases[] = {
      {"GET /x HTTP/1.1\r\nHost: h\r\n\r\n", ""},
      {"\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n", ""},
      {with_length("", "hello"), "hello"},
      {with_length("", long_body), long_body},
      {posted("Transfer-Encoding: chunked\r\n",
              "3\r\nabc\r\n2;ext=\"1\"\r\nde\r\n0\r\nT: 1\r\n\r\n"),
       "abcde"},
      {posted("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), ""},
      {with_length("Content-Encoding: gzip\r\n", gzip(long_body)), long_body},
      {with_length("Content-Encoding: x-gzip\r\n", gzip("a") + gzip("b")), "ab"},
      {with_length("Content-Encoding: identity\r\n", "plain"), "plain"},
  };
  for (const auto& [bytes, body] : cases) {
    for (const std::size_t step : {1, 2, 3, 7, 100, 100'000}) {
      const std::string with_next = bytes + "GET /next";
      EXPECT_EQ(feed(with_next, step), bytes.size()) << bytes.substr(0, 100);
      ASSERT_EQ(reader_.state(), State::complete) << bytes.substr(0, 100) << " by " << step;
      EXPECT_EQ(request_.path, "/x");
      EXPECT_EQ(request_.body, body);
      EXPECT_TRUE(reader_.keep_alive());
      reader_.end();
      EXPECT_EQ(bodies_bytes_, 0u);
    }
  }
}

TEST_F(RequestReaderTest, KeepsTheHeadersThatSomebodyAsksFor) {
  feed(
      "PUT /a?b=c HTTP/1.1\r\nHOST: h\r\nCONTENT-type:  text/csv \r\nCookie: x\r\nUser-Agent: u\r\n"
      "Idempotency-Key: k1\r\nIf-None-Match: \"e\"\r\n\r\n",
      1000);
  EXPECT_EQ(reader_.state(), State::complete);
  EXPECT_EQ(request_.method, Method::put);
  EXPECT_EQ(request_.query_value("b"), "c");
  EXPECT_THAT(request_.headers,
              ElementsAre(Pair("host", "h"), Pair("content-type", "text/csv"), Pair("cookie", "x"),
                          Pair("idempotency-key", "k1"), Pair("if-none-match", "\"e\"")));
}

TEST_F(RequestReaderTest, KnowsWhetherTheConnectionStays) {
  const auto stays = [&](std::string_view bytes) {
    feed(bytes, 1000);
    return reader_.keep_alive();
  };
  EXPECT_TRUE(stays("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(stays("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_F(RequestReaderTest, RefusesWhatIsNoRequest) {
  EXPECT_EQ(refusal("hello\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET /?a=% HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"sv), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\nHost: h\n\n"), 400) << "lines end with CRLF";
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"sv), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: h\r\nX\x01: a\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400) << "TLS";
}

TEST_F(RequestReaderTest, RefusesAmbiguousLengths) {
  EXPECT_EQ(refusal(posted("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "")), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", "")), 400);
  EXPECT_EQ(refusal(posted("Content-Length: 1\r\nContent-Length: 2\r\n", "")), 400);
  EXPECT_EQ(refusal(posted("Content-Length: -1\r\n", "")), 400);
  for (const char* length : {"1x", "0x1", "+1", "1, 2", "1 1", "1;1", "1e1", "\"1\""}) {
    EXPECT_EQ(refusal(posted(std::string("Content-Length: ") + length + "\r\n", "x")), 400)
        << length;
  }
  EXPECT_EQ(refusal(posted("Content-Length : 1\r\n", "x")), 400);
  EXPECT_EQ(refusal(posted("Content-Length:\r\n", "x")), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "")),
            400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked, chunked\r\n", "")), 501);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: xchunked\r\n", "")), 501);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\nabc")), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: gzip, chunked\r\n", "")), 501);
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\n", "zz\r\nabc")), 400);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\n", "1\r\nabc\r\n")), 400);
}

TEST_F(RequestReaderTest, RefusesAHeadThatIsTooLarge) {
  EXPECT_EQ(refusal("GET /" + std::string(2000, 'x')), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 100; ++i) many += "X-Header: some value\r\n";
  EXPECT_EQ(refusal(many + "\r\n"), 431);
  feed(many + "\r\n", 1);
  EXPECT_EQ(reader_.refusal().status, 431u) << "also when every line comes by itself";
}

TEST_F(RequestReaderTest, RefusesABodyThatIsTooLarge) {
  EXPECT_EQ(refusal(posted("Content-Length: 100001\r\n", "")), 413);
  EXPECT_EQ(refusal(posted("Content-Length: 99999999999999999999\r\n", "")), 400);
  EXPECT_EQ(refusal(with_length("", std::string(100'000, 'x'))), 0);
  EXPECT_EQ(refusal(posted("Transfer-Encoding: chunked\r\n",
                           "186A1\r\n" + std::string(100'001, 'x') + "\r\n0\r\n\r\n")),
            413);
}

TEST_F(RequestReaderTest, BoundsABodyFurtherWhenItIsToldTo) {
  const auto bounded = [&](const std::string& head, std::string_view body) {
    reader_.begin(request_, body_);
    EXPECT_EQ(reader_.take(head), head.size());
    EXPECT_EQ(reader_.state(), State::body);
    reader_.bound_body(10);
    if (reader_.state() == State::body) reader_.take(body);
    const auto status = reader_.state() == State::refused ? reader_.refusal().status : 0;
    reader_.end();
    return status;
  };
  const std::string bomb = gzip(std::string(1000, 'x'));
  EXPECT_EQ(bounded(posted("Content-Length: 10\r\n", ""), "0123456789"), 0U);
  EXPECT_EQ(bounded(posted("Content-Length: 11\r\n", ""), ""), 413U) << "before it comes";
  EXPECT_EQ(bounded(posted("Transfer-Encoding: chunked\r\n", ""), "b\r\n0123456789a\r\n0\r\n\r\n"),
            413U);
  EXPECT_EQ(
      bounded(
          posted(fmt::format("Content-Encoding: gzip\r\nContent-Length: {}\r\n", bomb.size()), ""),
          bomb),
      413U);
}

TEST_F(RequestReaderTest, RefusesAGzipBombBeforeItIsUnpacked) {
  const std::string bomb = gzip(std::string(50'000'000, '['));
  ASSERT_LT(bomb.size(), limits_.body_bytes_max);
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\n", bomb)), 413);
  EXPECT_LE(body_.capacity(), 2 * limits_.body_bytes_max);
}

TEST_F(RequestReaderTest, RefusesBrokenEncodings) {
  const std::string whole = gzip("some text that is long enough to be cut");
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\n", whole.substr(0, 20))), 400);
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\n", "this is no gzip")), 400);
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\n", whole + "tail")), 400);
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\n", flipped)), 400) << "its checksum";
  EXPECT_EQ(refusal(with_length("Content-Encoding: br\r\n", "x")), 415);
  EXPECT_EQ(refusal(with_length("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", "x")), 415);
}

TEST_F(RequestReaderTest, BoundsTheMemoryOfAllBodiesTogether) {
  limits_.bodies_bytes_max = 150'000;
  RequestReader other(limits_, bodies_bytes_);
  Request other_request;
  std::string other_body;
  other.begin(other_request, other_body);
  other.take(with_length("", std::string(90'000, 'x')));
  ASSERT_EQ(other.state(), State::complete);
  EXPECT_EQ(refusal(with_length("", std::string(90'000, 'x'))), 503);
  EXPECT_EQ(refusal(with_length("", "small")), 0);
  other.end();
  EXPECT_EQ(bodies_bytes_, 0u);
  EXPECT_EQ(refusal(with_length("", std::string(90'000, 'x'))), 0);
}

TEST_F(RequestReaderTest, DoesNotReserveWhatIsOnlyAnnounced) {
  feed(posted("Content-Length: 100000\r\n", "x"), 1);
  EXPECT_EQ(reader_.state(), State::body);
  EXPECT_LT(body_.capacity(), 10'000u);
}

TEST_F(RequestReaderTest, SaysOnceThatTheClientWaitsForContinue) {
  feed(posted("Expect: 100-continue\r\nContent-Length: 5\r\n", ""), 1000);
  EXPECT_TRUE(reader_.take_expectation());
  EXPECT_FALSE(reader_.take_expectation());
  feed(with_length("Expect: 100-continue\r\n", "hello"), 1000);
  EXPECT_FALSE(reader_.take_expectation()) << "the body is there already";
  EXPECT_EQ(refusal(posted("Expect: magic\r\nContent-Length: 5\r\n", "")), 417);
}

}  // namespace
}  // namespace konomi::http
