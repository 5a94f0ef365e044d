#include "http/server.h"

#include "base/mutex.h"
#include "http/client.h"
#include "http/io_thread.h"
#include "http/raw_connection_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace konomi::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string get(std::string_view path, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n{}\r\n", path, headers);
}

std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: h\r\n{}Content-Length: {}\r\n\r\n{}", path, headers,
                     body.size(), body);
}

Response text(std::string body) {
  return {.content_type = "text/plain", .body = std::move(body)};
}

// Keeps replies until a test, on a thread of its choice, gives them.
class HeldReplies {
 public:
  void hold(Reply reply) {
    MutexLock lock(mutex_);
    replies_.push_back(std::move(reply));
    changed_.notify_all();
  }

  // Waits until there are `count`.
  std::vector<Reply> take(std::size_t count) {
    MutexLock lock(mutex_);
    while (replies_.size() < count) changed_.wait(mutex_);
    return std::exchange(replies_, {});
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Reply> replies_ KONOMI_GUARDED_BY(mutex_);
};

class NotingObserver final : public Observer {
 public:
  void request_done(const RequestSummary& summary) override {
    const MutexLock lock(mutex_);
    lines_.push_back(fmt::format("{} {} {}{}", name_of(summary.method), summary.route,
                                 summary.status, summary.was_cut ? " cut" : ""));
    changed_.notify_all();
  }
  void connection_refused() override {}

  // Waits until there are `count`.
  std::vector<std::string> take(std::size_t count) {
    const MutexLock lock(mutex_);
    while (lines_.size() < count) changed_.wait(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<std::string> lines_ KONOMI_GUARDED_BY(mutex_);
};

// Words errors in two ways, by the path, as a layer above may do.
Response worded_by_path(unsigned status, std::string_view message, std::string_view path,
                        const Route*) {
  if (is_under(path, "/api/v1")) {
    return {.status = status,
            .content_type = "application/problem+json",
            .body = fmt::format(R"({{"detail":"{}"}})", message)};
  }
  if (status == 404 || status == 405)
    return {.status = status, .body = fmt::format(R"({{"message":"{}"}})", reason_of(status))};
  return {.status = status, .body = fmt::format(R"({{"error":"{}"}})", message)};
}

// Lets everybody pass; what needs a key is a route with attributes.
class OpenGate final : public Gate {
 public:
  Verdict judge(Request&, const Route* route) override {
    return {.refusal = std::nullopt, .is_open = !route || !route->attributes.has_value()};
  }
  void decorate(const Request&, Response&) override {}
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    router_.add_async(Method::post, "/echo", [](const Request& request, Reply reply) {
      reply(text(std::string(request.body)));
    });
    router_.add(Method::post, "/worker_echo",
                [](const Request& request) { return text(std::string(request.body)); });
    router_.add(Method::get, "/params/{a}",
                [](const Request& request) { return text(request.params.at(0)); });
    router_.add_async(Method::get, "/held",
                      [this](const Request&, Reply reply) { held_.hold(std::move(reply)); });
    router_.add(Method::post, "/api/log", [](const Request&) { return text("log"); });
    router_.add(Method::post, "/api/v1/orders", [](const Request&) { return text("orders"); });
  }

  void start() {
    server_ = std::make_unique<Server>(options_, std::move(router_));
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  RawConnection connect() { return RawConnection(server_->port()); }

  ServerOptions options_;
  Router router_{worded_by_path};
  HeldReplies held_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  start();
  auto connection = connect();
  for (int i = 0; i < 100; ++i) {
    const std::string body = fmt::format("order {}", i);
    const auto answer = connection.ask(post(i % 2 ? "/echo" : "/worker_echo", body));
    ASSERT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_EQ(answer.header("Connection"), "");
  }
}

TEST_F(ServerTest, TellsItsObserverOfEveryRequestByItsPattern) {
  NotingObserver observer;
  options_.observer = &observer;
  start();
  {
    auto connection = connect();
    EXPECT_EQ(connection.ask(post("/echo", "x")).status, 200u);
    EXPECT_EQ(connection.ask("GET /params/guest-1 HTTP/1.1\r\nHost: h\r\n\r\n").status, 200u);
    EXPECT_EQ(connection.ask("GET /api/guest-1 HTTP/1.1\r\nHost: h\r\n\r\n").status, 404u);
    EXPECT_EQ(connection.ask("nonsense\r\n\r\n").status, 400u);
  }
  EXPECT_THAT(observer.take(4), ::testing::ElementsAre("POST /echo 200", "GET /params/{a} 200",
                                                       "GET unmatched 404", "GET refused 400"));
  server_->stop();
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  auto connection = connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests +=
        post(i % 3 ? "/echo" : "/worker_echo", fmt::format("{}", i) + std::string(i * 7, 'x'));
  }
  ASSERT_TRUE(connection.write(requests));
  for (int i = 0; i < 200; ++i) {
    const auto answer = connection.read_answer();
    ASSERT_EQ(answer.status, 200u) << i;
    ASSERT_EQ(answer.body, fmt::format("{}", i) + std::string(i * 7, 'x'));
  }
}

TEST_F(ServerTest, TakesRequestsByteByByte) {
  start();
  auto connection = connect();
  const std::string bytes = post("/echo", "hello") +
                            "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5\r\nworld\r\n0\r\n\r\n";
  for (const char byte : bytes) ASSERT_TRUE(connection.write(std::string_view(&byte, 1)));
  EXPECT_EQ(connection.read_answer().body, "hello");
  EXPECT_EQ(connection.read_answer().body, "world");
}

TEST_F(ServerTest, TakesLargeBodiesPlainChunkedAndCompressed) {
  start();
  auto connection = connect();
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += fmt::format("line {}\n", i);
  EXPECT_EQ(connection.ask(post("/echo", body)).body, body);
  EXPECT_EQ(connection.ask(post("/echo", gzip(body), "Content-Encoding: gzip\r\n")).body, body);
  ASSERT_TRUE(connection.write(
      "POST /worker_echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (std::size_t i = 0; i < body.size(); i += 10'000) {
    const std::string piece = body.substr(i, 10'000);
    ASSERT_TRUE(connection.write(fmt::format("{:X}\r\n{}\r\n", piece.size(), piece)));
  }
  EXPECT_EQ(connection.ask("0\r\n\r\n").body, body);
}

TEST_F(ServerTest, RefusesBodiesItCannotDecode) {
  start();
  EXPECT_EQ(connect().ask(post("/echo", "no gzip", "Content-Encoding: gzip\r\n")).status, 400u);
  EXPECT_EQ(connect().ask(post("/echo", "x", "Content-Encoding: br\r\n")).status, 415u);
  const std::string bomb = gzip(std::string(200'000'000, '['));
  EXPECT_EQ(connect().ask(post("/echo", bomb, "Content-Encoding: gzip\r\n")).status, 413u);
}

TEST_F(ServerTest, RefusesAHeaderOfOneMegabyte) {
  start();
  auto connection = connect();
  connection.write(get("/echo", "X: " + std::string(1'000'000, 'x') + "\r\n"));
  const auto answer = connection.read_answer();
  EXPECT_EQ(answer.status, 431u);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(connection.ends());
}

TEST_F(ServerTest, RefusesTenMegabytesAndTheAnswerArrives) {
  start();
  auto connection = connect();
  // The client reads only after it has sent everything: the answer must survive until then.
  EXPECT_TRUE(connection.write(post("/api/v1/orders", std::string(10'000'000, '['))));
  const auto answer = connection.read_answer();
  EXPECT_EQ(answer.status, 413u);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_TRUE(connection.ends());

  auto first_version = connect();
  first_version.write(post("/api/log", std::string(10'000'000, '[')));
  EXPECT_THAT(first_version.read_answer().body, HasSubstr("{\"error\":"));
}

TEST_F(ServerTest, TakesLargeBodiesOnlyForRoutesThatNeedAKey) {
  OpenGate gate;
  options_.gate = &gate;
  router_.add(
      Method::post, "/needs_a_key",
      [](const Request& request) { return text(fmt::to_string(request.body.size())); },
      std::any("a key"));
  start();
  const std::string small(options_.limits.open_body_bytes_max, 'x');
  const std::string large = small + "x";
  EXPECT_EQ(connect().ask(post("/needs_a_key", large)).body, fmt::to_string(large.size()));
  EXPECT_EQ(connect().ask(post("/echo", small)).body, small);
  EXPECT_EQ(connect().ask(post("/echo", large)).status, 413u);
  // Nothing takes a body there, so that its size is not what is wrong.
  EXPECT_EQ(connect().ask(post("/nothing", large)).status, 404u);
  EXPECT_EQ(connect().ask(post("/held", large)).status, 405u);
  auto connection = connect();
  EXPECT_EQ(connection.ask(post("/nothing", small)).status, 404u);
  EXPECT_EQ(connection.ask(post("/echo", "stays")).body, "stays");
}

TEST_F(ServerTest, ClosesAfterGarbage) {
  start();
  auto connection = connect();
  const auto answer = connection.ask("what is this\r\n\r\n");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("{\"error\":"));
  EXPECT_TRUE(connection.ends());
}

TEST_F(ServerTest, ClosesIdleConnections) {
  options_.limits.idle_timeout = 100ms;
  start();
  auto fresh = connect();
  auto used = connect();
  EXPECT_EQ(used.ask(post("/echo", "x")).body, "x");
  EXPECT_TRUE(fresh.ends());
  EXPECT_TRUE(used.ends());
}

TEST_F(ServerTest, ClosesAConnectionThatStopsHalfwayThroughARequest) {
  options_.limits.request_timeout = 100ms;
  start();
  for (const auto* half :
       {"POST /echo HTT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha"}) {
    auto connection = connect();
    connection.write(half);
    const auto answer = connection.read_answer();
    EXPECT_EQ(answer.status, 408u) << half;
    EXPECT_TRUE(connection.ends());
  }
}

TEST_F(ServerTest, AsksForTheBodyThatAClientHoldsBack) {
  start();
  auto connection = connect();
  connection.write(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(connection.read_answer().status, 100u);
  EXPECT_EQ(connection.ask("hello").body, "hello");
  // A body that would be refused is not asked for.
  EXPECT_EQ(connection
                .ask("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                     "Content-Length: 99999999\r\n\r\n")
                .status,
            413u);
}

TEST_F(ServerTest, SpeaksHttp10) {
  start();
  auto closing = connect();
  const auto answer = closing.ask("POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(answer.body, "hi");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(closing.ends());
  auto kept = connect();
  for (int i = 0; i < 3; ++i) {
    const auto again =
        kept.ask("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(again.body, "hi");
    EXPECT_EQ(again.header("Connection"), "keep-alive");
  }
}

TEST_F(ServerTest, ClosesWhenTheClientAsksForIt) {
  start();
  auto connection = connect();
  const auto answer = connection.ask(post("/echo", "x", "Connection: close\r\n"));
  EXPECT_EQ(answer.body, "x");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(connection.ends());
}

TEST_F(ServerTest, AnswersAClientThatHasFinishedSending) {
  start();
  auto connection = connect();
  connection.write(post("/worker_echo", "last words"));
  connection.finish_writing();
  EXPECT_EQ(connection.read_answer().body, "last words");
  EXPECT_TRUE(connection.ends());
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  router_.add(Method::get, "/stream", [](const Request&) {
    return Response{.stream = [](std::string&) -> Result<bool> { return true; }};
  });
  start();
  auto connection = connect();
  connection.write("HEAD /params/abc HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto answer = connection.read_answer(true);
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.header("Content-Length"), "3");
  connection.write("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(connection.read_answer(true).header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(connection.ask(get("/params/next")).body, "next");
}

TEST_F(ServerTest, AnswersWrongPathsAndMethodsInTheShapesOfTheWire) {
  start();
  auto connection = connect();
  const auto wrong = connection.ask(get("/api/log"));
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, POST");
  EXPECT_EQ(wrong.header("Content-Type"), "application/json");
  EXPECT_EQ(wrong.body, R"({"message":"Method Not Allowed"})");
  const auto options = connection.ask("OPTIONS /api/log HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(options.status, 204u);
  EXPECT_EQ(options.header("Allow"), "OPTIONS, POST");
  EXPECT_EQ(options.header("Content-Length"), "");
  const auto unknown = connection.ask(get("/nothing"));
  EXPECT_EQ(unknown.status, 404u);
  EXPECT_EQ(unknown.body, R"({"message":"Not Found"})");
  const auto problem = connection.ask(get("/api/v1/nothing"));
  EXPECT_EQ(problem.status, 404u);
  EXPECT_EQ(problem.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(connection.ask("BREW /api/log HTTP/1.1\r\nHost: h\r\n\r\n").status, 405u);
  EXPECT_EQ(connection.ask(get("/params/%zz")).status, 400u);
}

TEST_F(ServerTest, LetsNoTextOfAHandlerBecomeAHeader) {
  router_.add(Method::get, "/inject", [](const Request&) {
    Response response = text("body");
    response.headers = {{"X-One", "a\r\nX-Two: b\r\n\r\nHTTP/1.1 200 OK"}, {"X-Th\r\nree", "c"}};
    return response;
  });
  start();
  auto connection = connect();
  const auto answer = connection.ask(get("/inject"));
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(answer.header("X-One"), "a  X-Two: b    HTTP/1.1 200 OK");
  EXPECT_EQ(answer.headers.count("X-Two"), 0u);
  EXPECT_EQ(answer.headers.size(), 9u);
}

// A body of `chunks` numbered lines of about 64 KiB.
BodySource numbered(int chunks, std::shared_ptr<std::atomic<int>> pulled) {
  return [chunks, pulled, next = 0](std::string& chunk) mutable -> Result<bool> {
    if (next == chunks) return false;
    ++*pulled;
    chunk = fmt::format("{}:{}\n", next++, std::string(64 * 1024, 'x'));
    return true;
  };
}

TEST_F(ServerTest, StreamsToASlowReader) {
  const auto pulled = std::make_shared<std::atomic<int>>(0);
  router_.add(Method::get, "/stream", [&](const Request&) {
    return Response{.content_type = "text/csv", .body = "begin\n", .stream = numbered(100, pulled)};
  });
  start();
  std::string expected = "begin\n";
  auto source = numbered(100, std::make_shared<std::atomic<int>>(0));
  for (std::string chunk; *source(chunk);) expected += chunk;

  RawConnection slow(server_->port(), 4096);
  ASSERT_TRUE(slow.write(get("/stream") + post("/echo", "behind it")));
  const auto answer = slow.read_answer();
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(answer.complete);
  EXPECT_TRUE(answer.body == expected);
  EXPECT_EQ(slow.read_answer().body, "behind it");

  auto old = connect();
  const auto until_closed = old.ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(until_closed.header("Transfer-Encoding"), "");
  EXPECT_TRUE(until_closed.complete);
  EXPECT_TRUE(until_closed.body == expected);
}

TEST_F(ServerTest, StopsPullingForAReaderThatTakesNothingAndClosesIt) {
  options_.limits.write_timeout = 200ms;
  const auto pulled = std::make_shared<std::atomic<int>>(0);
  router_.add(Method::get, "/stream",
              [&](const Request&) { return Response{.stream = numbered(1'000'000, pulled)}; });
  start();
  RawConnection stuck(server_->port(), 4096);
  ASSERT_TRUE(stuck.write(get("/stream")));
  // The source, and with it its share of `pulled`, goes when the server has given up.
  while (*pulled == 0 || server_->connections() > 0) std::this_thread::yield();
  EXPECT_LT(*pulled, 500) << "about 32 MB, far more than the sockets hold";
  EXPECT_FALSE(stuck.read_answer().complete);
}

TEST_F(ServerTest, CutsAStreamThatFails) {
  const auto failing = [](bool throws) -> BlockingHandler {
    return [throws](const Request&) {
      return Response{.stream = [throws, calls = 0](std::string& chunk) mutable -> Result<bool> {
        chunk = "a good piece\n";
        if (++calls <= 3) return true;
        if (throws) throw std::runtime_error("broken");
        return fail(ErrorCode::unavailable, "the store is gone");
      }};
    };
  };
  router_.add(Method::get, "/fails", failing(false));
  router_.add(Method::get, "/throws", failing(true));
  start();
  for (const auto* path : {"/fails", "/throws"}) {
    auto connection = connect();
    const auto answer = connection.ask(get(path));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_FALSE(answer.complete) << path;
    auto old = connect();
    EXPECT_FALSE(old.ask(fmt::format("GET {} HTTP/1.0\r\n\r\n", path)).complete) << path;
  }
}

TEST_F(ServerTest, AnswersRepliesFromForeignThreads) {
  start();
  constexpr std::size_t kConnections = 64;
  std::vector<RawConnection> connections;
  for (std::size_t i = 0; i < kConnections; ++i) connections.push_back(connect());
  for (int round = 0; round < 10; ++round) {
    for (auto& connection : connections) ASSERT_TRUE(connection.write(get("/held")));
    std::vector<Reply> replies = held_.take(kConnections);
    std::jthread first([&] {
      for (std::size_t i = 0; i < kConnections / 2; ++i) replies[i](text("from the first"));
    });
    std::jthread second([&] {
      for (std::size_t i = kConnections / 2; i < kConnections; ++i) replies[i](text("second"));
    });
    for (auto& connection : connections) EXPECT_EQ(connection.read_answer().status, 200u);
  }
}

TEST_F(ServerTest, AnswersForAReplyThatIsDropped) {
  router_.add_async(Method::get, "/dropped", [](const Request&, Reply) {});
  start();
  auto connection = connect();
  EXPECT_EQ(connection.ask(get("/dropped")).status, 500u);
  EXPECT_EQ(connection.ask(get("/dropped")).body,
            R"({"error":"the request was dropped without an answer"})");
  ASSERT_TRUE(connection.write(get("/held")));
  std::jthread([replies = held_.take(1)] {});
  EXPECT_EQ(connection.read_answer().status, 500u);
  EXPECT_EQ(connection.ask(post("/echo", "still here")).body, "still here");
}

TEST_F(ServerTest, IgnoresASecondCallOfAReply) {
  router_.add_async(Method::get, "/twice", [](const Request&, Reply reply) {
    reply(text("first"));
    reply(text("second"));
  });
  start();
  auto connection = connect();
  EXPECT_EQ(connection.ask(get("/twice")).body, "first");
  EXPECT_EQ(connection.ask(post("/echo", "next")).body, "next");
}

TEST_F(ServerTest, IgnoresAReplyToAClientThatHasGone) {
  options_.threads = 1;
  start();
  {
    auto gone = connect();
    ASSERT_TRUE(gone.write(get("/held")));
    auto replies = held_.take(1);
    {
      const auto closing = std::move(gone);
    }
    replies[0](text(std::string(1'000'000, 'x')));
  }
  while (server_->connections() > 0) std::this_thread::yield();
  EXPECT_EQ(connect().ask(post("/echo", "next")).body, "next");
}

TEST_F(ServerTest, AnswersForAHandlerThatThrows) {
  router_.add_async(Method::get, "/async",
                    [](const Request&, Reply) { throw std::runtime_error("on purpose"); });
  router_.add(Method::get, "/blocking",
              [](const Request&) -> Response { throw std::runtime_error("on purpose"); });
  start();
  auto connection = connect();
  EXPECT_EQ(connection.ask(get("/async")).status, 500u);
  EXPECT_EQ(connection.ask(get("/blocking")).status, 500u);
  EXPECT_EQ(connection.ask(post("/echo", "next")).body, "next");
}

TEST_F(ServerTest, RefusesRequestsThatTheWorkersCannotTake) {
  options_.limits.worker_threads = 1;
  options_.limits.worker_queue_max = 1;
  std::latch running(1);
  std::latch go_on(1);
  router_.add(Method::get, "/slow", [&](const Request&) {
    running.count_down();
    go_on.wait();
    return text("done");
  });
  start();
  auto first = connect();
  ASSERT_TRUE(first.write(get("/slow")));
  running.wait();
  // One of these two waits in the queue, the other finds it full.
  auto second = connect();
  auto third = connect();
  ASSERT_TRUE(second.write(post("/api/v1/orders", "x")));
  ASSERT_TRUE(third.write(post("/api/v1/orders", "x")));
  while (!second.readable(10) && !third.readable(10)) {
  }
  const bool second_refused = second.readable(0);
  const auto refused = (second_refused ? second : third).read_answer();
  EXPECT_EQ(refused.status, 503u);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
  go_on.count_down();
  EXPECT_EQ(first.read_answer().body, "done");
  EXPECT_EQ((second_refused ? third : second).read_answer().body, "orders");
  EXPECT_EQ((second_refused ? second : third).ask(post("/api/log", "x")).body, "log");
}

TEST_F(ServerTest, BoundsItsConnections) {
  options_.limits.connections_max = 2;
  start();
  auto first = connect();
  {
    auto second = connect();
    EXPECT_EQ(first.ask(post("/echo", "1")).body, "1");
    EXPECT_EQ(second.ask(post("/echo", "2")).body, "2");
    auto third = connect();
    const auto refused = third.read_answer();
    EXPECT_EQ(refused.status, 503u);
    EXPECT_EQ(refused.header("Retry-After"), "1");
    EXPECT_TRUE(third.ends());
  }
  while (server_->connections() > 1) std::this_thread::yield();
  EXPECT_EQ(connect().ask(post("/echo", "4")).body, "4");
}

TEST_F(ServerTest, SaysThatTheAddressIsTaken) {
  start();
  ServerOptions same = options_;
  same.port = server_->port();
  Server second(same, Router());
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::unavailable);
  EXPECT_THAT(started.error().message,
              HasSubstr(fmt::format("cannot listen on 127.0.0.1:{}", server_->port())));
  second.stop();
}

TEST_F(ServerTest, SaysThatTheAddressIsNone) {
  options_.address = "localhost";
  Server server(options_, Router());
  const auto started = server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(started.error().message, HasSubstr("\"localhost\""));
}

TEST_F(ServerTest, FinishesRequestsInFlightWhenItStops) {
  std::latch running(1);
  std::latch go_on(1);
  const auto pulled = std::make_shared<std::atomic<int>>(0);
  router_.add(Method::get, "/slow", [&](const Request&) {
    running.count_down();
    go_on.wait();
    return text("done");
  });
  start();
  auto idle = connect();
  EXPECT_EQ(idle.ask(post("/echo", "x")).body, "x");
  auto in_worker = connect();
  auto held = connect();
  auto half_sent = connect();
  ASSERT_TRUE(in_worker.write(get("/slow")));
  ASSERT_TRUE(held.write(get("/held")));
  ASSERT_TRUE(half_sent.write(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(half_sent.read_answer().status, 100u);
  running.wait();
  auto replies = held_.take(1);

  std::jthread stopping([&] { server_->stop(); });
  EXPECT_TRUE(idle.ends()) << "an idle connection is closed at once";
  go_on.count_down();
  replies[0](text("answered late"));
  const auto from_worker = in_worker.read_answer();
  EXPECT_EQ(from_worker.body, "done");
  EXPECT_EQ(from_worker.header("Connection"), "");
  EXPECT_TRUE(in_worker.ends());
  EXPECT_EQ(held.read_answer().body, "answered late");
  const auto completed = half_sent.ask("hello");
  EXPECT_EQ(completed.body, "hello");
  EXPECT_EQ(completed.header("Connection"), "close");
  stopping.join();
  EXPECT_EQ(server_->connections(), 0u);
  EXPECT_FALSE(connect().write("x")) << "nobody listens";
}

TEST_F(ServerTest, StopsWaitingWhenTheGraceIsOver) {
  options_.limits.stop_grace = 50ms;
  const auto alive = std::make_shared<std::atomic<int>>(0);
  router_.add(Method::get, "/endless",
              [&](const Request&) { return Response{.stream = numbered(1'000'000, alive)}; });
  start();
  auto held = connect();
  auto half = connect();
  RawConnection endless(server_->port(), 4096);
  ASSERT_TRUE(held.write(get("/held")));
  ASSERT_TRUE(half.write("POST /echo HTTP/1.1\r\n"));
  ASSERT_TRUE(endless.write(get("/endless")));
  auto replies = held_.take(1);
  while (*alive == 0) std::this_thread::yield();
  server_->stop();
  EXPECT_TRUE(held.ends());
  EXPECT_EQ(alive.use_count(), 1) << "the stream's source is released";
  replies[0](text("too late, and harmless"));
  server_.reset();
}

// A timer that has run out cannot be cancelled any more: the sweep must see for itself that all is
// over, or the thread never ends.
TEST_F(ServerTest, AThreadEndsAlsoWhenItsTimerRunsOutAsItIsJoined) {
  options_.limits.idle_timeout = 80ms;  // For the shortest tick.
  std::latch entered(1);
  std::latch released(1);
  router_.add_async(Method::get, "/busy", [&](const Request&, Reply reply) {
    entered.count_down();
    released.wait();  // The thread sees nothing of what happens meanwhile.
    reply(text("late"));
  });
  ServerShared shared(options_.limits, std::move(router_), nullptr, nullptr, nullptr, nullptr);
  IoThread thread(shared);
  using boost::asio::ip::address_v4;
  ASSERT_TRUE(thread.listen({address_v4::loopback(), 0}));
  thread.start();
  RawConnection client(thread.local_endpoint().port());
  ASSERT_TRUE(client.write(get("/busy")));
  entered.wait();
  thread.begin_stop();
  auto joined = std::async(std::launch::async, [&] { thread.join(); });
  EXPECT_EQ(joined.wait_for(200ms), std::future_status::timeout) << "the thread is busy";
  released.count_down();
  EXPECT_EQ(joined.wait_for(30s), std::future_status::ready);
}

TEST_F(ServerTest, LetsARepliesHolderOutliveIt) {
  options_.limits.stop_grace = 1ms;
  start();
  auto connection = connect();
  ASSERT_TRUE(connection.write(get("/held")));
  auto replies = held_.take(1);
  server_.reset();
  replies[0](text("nobody listens"));
  replies.clear();
}

TEST_F(ServerTest, StopsUnderLoad) {
  start();
  std::atomic<int> answered = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, port = server_->port()] {
      for (;;) {
        RawConnection connection(port);
        if (!connection.write(post("/echo", "x"))) return;
        for (;;) {
          const auto answer = connection.read_answer();
          if (answer.status == 0) break;
          ASSERT_TRUE(answer.complete) << "an answer is whole or not there";
          ASSERT_EQ(answer.body, "x");
          ++answered;
          if (!connection.write(post(answered % 2 ? "/worker_echo" : "/echo", "x"))) break;
        }
      }
    });
  }
  while (answered < 1000) std::this_thread::yield();
  server_->stop();
  clients.clear();
  EXPECT_EQ(server_->connections(), 0u);
}

}  // namespace
}  // namespace konomi::http
