#include "http/client.h"

#include "http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

namespace konomi::http {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    options_.port = 0;
    router_.add(Method::get, "/hello", [](const Request&) {
      Response response{.content_type = "text/plain", .body = "hello"};
      response.headers.emplace_back("X-Answer", "yes");
      return response;
    });
    router_.add(Method::post, "/count", [this](const Request& request) {
      ++posts_;
      return Response{.body = fmt::format("{} {}", request.body,
                                          request.header("content-type").value_or("none"))};
    });
    router_.add(Method::put, "/put", [](const Request& request) {
      return Response{.status = 201, .body = std::string(request.body)};
    });
    router_.add(Method::get, "/stream", [](const Request&) {
      return Response{.stream = [next = 0](std::string& chunk) mutable -> Result<bool> {
        chunk = fmt::format("line {}\n", next++);
        return next <= 1000;
      }};
    });
    router_.add(Method::post, "/stream", [this](const Request& request) {
      ++posts_;
      return Response{.stream = [next = 0, size = request.body.size()](
                                    std::string& chunk) mutable -> Result<bool> {
        chunk = fmt::format("{} of {} bytes\n", next++, size);
        return next <= 10;
      }};
    });
    router_.add(Method::get, "/cut", [](const Request&) {
      return Response{.stream = [](std::string&) -> Result<bool> {
        return fail(ErrorCode::unavailable, "on purpose");
      }};
    });
    router_.add_async(Method::get, "/never", [this](const Request&, Reply reply) {
      held_ = std::make_unique<Reply>(std::move(reply));
    });
    router_.add_async(Method::post, "/never", [this](const Request&, Reply reply) {
      held_ = std::make_unique<Reply>(std::move(reply));
    });
  }

  Client start(ClientOptions client_options = {}) {
    server_ = std::make_unique<Server>(options_, std::move(router_));
    EXPECT_TRUE(server_->start());
    auto client =
        Client::create(fmt::format("http://127.0.0.1:{}/", server_->port()), client_options);
    EXPECT_TRUE(client);
    return std::move(*client);
  }

  ServerOptions options_;
  Router router_;
  std::atomic<int> posts_ = 0;
  std::unique_ptr<Reply> held_;
  std::unique_ptr<Server> server_;
};

TEST_F(ClientTest, GetsPostsAndPutsOnOneConnection) {
  Client client = start();
  for (int i = 0; i < 3; ++i) {
    const auto hello = client.get("/hello");
    ASSERT_TRUE(hello) << hello.error().message;
    EXPECT_EQ(hello->status, 200u);
    EXPECT_EQ(hello->body, "hello");
    EXPECT_EQ(hello->header("x-answer"), "yes");
    EXPECT_EQ(hello->header("content-type"), "text/plain");
  }
  EXPECT_EQ(client.post("/count", "text/csv", "a,b")->body, "a,b text/csv");
  EXPECT_EQ(client.post("/count", "text/csv", "")->body, " text/csv");
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(client.put("/put", "text/plain", large)->body, large);
  EXPECT_EQ(client.get("/nothing")->status, 404u);
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ClientTest, SendsCompressedBodies) {
  Client client = start();
  const std::string text(100'000, 'y');
  const auto answer =
      client.post("/count", "text/plain", gzip(text), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(answer->body, text + " text/plain");
}

TEST_F(ClientTest, DownloadsPieceByPiece) {
  Client client = start();
  std::string all;
  const auto answer = client.download("/stream", {}, [&](std::string_view piece) -> Result<void> {
    all += piece;
    return {};
  });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body.empty());
  EXPECT_TRUE(all.starts_with("line 0\nline 1\n"));
  EXPECT_TRUE(all.ends_with("line 999\n"));
  const auto missing = client.download("/nothing", {}, [](std::string_view) -> Result<void> {
    ADD_FAILURE() << "only a success goes to the sink";
    return {};
  });
  EXPECT_THAT(missing->body, HasSubstr("there is nothing at /nothing"));
  const auto refused = client.download("/stream", {}, [](std::string_view) -> Result<void> {
    return fail(ErrorCode::storage_full, "no room");
  });
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(ClientTest, TakesTheAnswerOfAPostPieceByPiece) {
  Client client = start();
  std::string all;
  const auto answer =
      client.post_streamed("/stream", {}, [&](std::string_view piece) -> Result<void> {
        all += piece;
        return {};
      });
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200U);
  EXPECT_TRUE(all.starts_with("0 of 0 bytes\n1 of 0 bytes\n"));
  EXPECT_TRUE(all.ends_with("9 of 0 bytes\n"));
  EXPECT_EQ(posts_, 1);
}

TEST_F(ClientTest, NeverTakesACutAnswerForAWholeOne) {
  Client client = start();
  const auto cut = client.get("/cut");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::unavailable);
  EXPECT_THAT(cut.error().message, HasSubstr("the connection broke"));
  EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(ClientTest, BoundsAnAnswerInMemory) {
  Client client = start({.body_bytes_max = 100});
  EXPECT_EQ(client.get("/stream").error().code, ErrorCode::invalid_argument);
}

TEST_F(ClientTest, ConnectsAnewWhenTheServerHasClosed) {
  options_.limits.idle_timeout = 50ms;
  Client client = start();
  for (int i = 1; i <= 3; ++i) {
    const auto answer = client.post("/count", "text/plain", "x");
    ASSERT_TRUE(answer) << answer.error().message;
    while (server_->connections() > 0) std::this_thread::yield();
  }
  EXPECT_EQ(posts_, 3);
}

TEST_F(ClientTest, SaysThatNothingAnswers) {
  Client client = start();
  server_->stop();
  const auto answer = client.get("/hello");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_EQ(
      answer.error().message,
      fmt::format("nothing answers at http://127.0.0.1:{} (connection refused)", server_->port()));
  EXPECT_FALSE(answer.error().may_have_happened);
}

TEST_F(ClientTest, EndsAFailureWithTheRemedyOfItsCaller) {
  options_.limits.stop_grace = 1ms;
  Client client = start({.timeout = 100ms, .remedy = [](ClientFailure failure) -> std::string_view {
                           if (failure == ClientFailure::late_answer) return "be patient";
                           return failure == ClientFailure::nothing_answers ? "wake it up" : "?";
                         }});
  EXPECT_THAT(client.get("/never").error().message,
              EndsWith("/never got no answer within 0.1 s; be patient"));
  server_->stop();
  EXPECT_THAT(client.get("/hello").error().message, EndsWith("(connection refused); wake it up"));
}

TEST_F(ClientTest, GivesUpWaiting) {
  options_.limits.stop_grace = 1ms;
  Client client = start({.timeout = 100ms});
  const auto late = client.post("/never", "text/plain", "x");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timed_out);
  EXPECT_TRUE(late.error().may_have_happened);
  EXPECT_THAT(late.error().message, HasSubstr("/never"));
  EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST(Client, TellsAddressesItCannotUse) {
  const auto error = [](std::string_view url) { return Client::create(url).error().message; };
  EXPECT_THAT(error("ftp://127.0.0.1"), HasSubstr("https://"));
  EXPECT_THAT(error("127.0.0.1:8080"), HasSubstr("http://"));
  EXPECT_THAT(error("http://127.0.0.1:8080/api"), HasSubstr("more than a host"));
  EXPECT_THAT(error("http://:8080"), HasSubstr("host is missing"));
  EXPECT_THAT(error("http://h:port"), HasSubstr("the port"));
  EXPECT_THAT(error("http://h:70000"), HasSubstr("the port"));
  EXPECT_THAT(error("http://[::1"), HasSubstr("]"));
  EXPECT_TRUE(Client::create("http://[::1]:8080"));
  EXPECT_TRUE(Client::create("http://konomi"));
  EXPECT_EQ(Client::create("http://konomi:80/")->url(), "http://konomi:80");
}

}  // namespace
}  // namespace konomi::http
