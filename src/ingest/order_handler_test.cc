#include "ingest/order_handler.h"

#include "adapters/memory/engine.h"
#include "domain/timestamp.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

namespace konomi::ingest {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kNdjson = "application/x-ndjson";
constexpr std::string_view kLogOrder =
    R"({"user_id":"u1","timestamp":"2025-05-31T00:00:00Z","menu_type":"washoku"})";
constexpr std::string_view kOrder =
    R"({"order_id":"T-1","user_id":"u1","ordered_at":"2025-05-31T00:00:00Z",)"
    R"("menu_type":"washoku"})";

class OrderHandlerTest : public testing::Test {
 protected:
  struct Sent {
    std::string_view path = "/api/v1/orders";
    std::string_view body;
    std::optional<std::string_view> content_type = kJson;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::string_view> results;
  };

  // Sends a request, and expects that it is answered on the spot: the fake log is.
  http::Response send(const Sent& sent) {
    std::optional<http::Response> answer;
    send(sent, [&](http::Response response) {
      EXPECT_FALSE(answer) << "answered twice";
      answer = std::move(response);
    });
    if (!answer) {
      ADD_FAILURE() << "not answered";
      return {};
    }
    return std::move(*answer);
  }

  void send(const Sent& sent, http::Reply reply) {
    http::Request request{.method = http::Method::post, .path = std::string(sent.path)};
    if (sent.content_type)
      request.headers.emplace_back("content-type", std::string(*sent.content_type));
    if (sent.idempotency_key)
      request.headers.emplace_back("idempotency-key", std::string(*sent.idempotency_key));
    if (sent.results) request.query.emplace_back("results", std::string(*sent.results));
    request.body = sent.body;
    const auto match = router_->table().match(request);
    ASSERT_NE(match.route, nullptr);
    match.route->async(request, std::move(reply));
  }

  http::Response log(std::string_view body, std::optional<std::string_view> content_type = kJson) {
    return send({.path = "/api/log", .body = body, .content_type = content_type});
  }

  http::Response match_only(http::Method method, std::string path) {
    http::Request request{.method = method, .path = std::move(path)};
    auto match = router_->table().match(request);
    EXPECT_EQ(match.route, nullptr);
    return std::move(match.response);
  }

  void make_handler(OrderHandler::Options options, MenuTypeGate::Rules rules = {}) {
    handler_.reset();
    gate_ = std::move(MenuTypeGate::open(engine_.settings_store(), rules, metrics_).value());
    handler_ = std::make_unique<OrderHandler>(engine_.order_log(), *gate_, order_ids_, clock_,
                                              metrics_, options);
    router_ = std::make_unique<rest::Router>();
    handler_->register_routes(*router_);
  }

  void SetUp() override {
    engine_.decide_faults([this](std::string_view call) -> std::optional<memory::Fault> {
      if (call == "order_log.append") ++appends_;
      return std::nullopt;
    });
    make_handler({});
  }

  void fail_next_append(Error error) {
    engine_.fail_next("order_log.append", 1, {.error = std::move(error)});
  }

  // All that the log holds.
  std::vector<Order> orders() {
    const auto reader = std::move(engine_.open_reader().value());
    std::vector<Order> orders;
    const std::vector<LogRecord> records = reader->poll(1'000'000, {}, {}).value();
    for (const LogRecord& record : records) orders.push_back(std::get<Order>(record.content));
    return orders;
  }

  Metrics metrics_;
  ManualClock clock_{parse_rfc3339("2025-05-31T12:00:00Z").value()};
  std::atomic<int> appends_ = 0;
  memory::MemoryEngine engine_{clock_};
  OrderIds order_ids_{1, 2};
  std::unique_ptr<MenuTypeGate> gate_;
  std::unique_ptr<OrderHandler> handler_;
  std::unique_ptr<rest::Router> router_;
};

MATCHER_P2(Answers, status, body, "") {  // NOLINT(readability-identifier-naming): a matcher.
  *result_listener << arg.status << " " << arg.body;
  return arg.status == static_cast<unsigned>(status) &&
         testing::ExplainMatchResult(body, arg.body, result_listener);
}

// The first version's wire, row by row.

TEST_F(OrderHandlerTest, LogAnswersOkOnceTheOrderIsInTheLog) {
  const http::Response answer = log(kLogOrder);
  EXPECT_THAT(answer,
              Answers(200, MatchesRegex(R"(\{"status":"ok","order_id":"[0-9a-f-]{36}"\})")));
  EXPECT_EQ(answer.content_type, "application/json");
  ASSERT_THAT(orders(), SizeIs(1));
  const Order order = orders().front();
  EXPECT_EQ(order.user_id, UserId("u1"));
  EXPECT_EQ(order.ordered_at, parse_rfc3339("2025-05-31T00:00:00Z").value());
  EXPECT_EQ(order.menu_type, MenuType("washoku"));
  EXPECT_THAT(answer.body, HasSubstr(order.order_id.value()));
}

TEST_F(OrderHandlerTest, LogTakesParametersAndAnyCaseOfTheContentType) {
  for (const std::string_view type :
       {"application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
        " application/json ; x=y", "application/json;"}) {
    EXPECT_THAT(log(kLogOrder, type), Answers(200, HasSubstr("ok"))) << type;
  }
}

TEST_F(OrderHandlerTest, LogTakesAnyOffsetAndAnyNumberOfFractionDigits) {
  for (const std::string_view time :
       {"2025-05-31T09:00:00.123456789012+09:00", "2025-05-30T20:30:00.1239-03:30"}) {
    EXPECT_THAT(log(fmt::format(R"({{"user_id":"u","timestamp":"{}","menu_type":"w"}})", time)),
                Answers(200, HasSubstr("ok")));
    EXPECT_EQ(orders().back().ordered_at, parse_rfc3339("2025-05-31T00:00:00.123Z").value());
  }
}

TEST_F(OrderHandlerTest, LogIgnoresUnknownFields) {
  EXPECT_THAT(log(R"({"x":{"y":[1]},"user_id":"u","timestamp":"2025-05-31T00:00:00Z",)"
                  R"("menu_type":"w","status":"cancelled","order_id":5})"),
              Answers(200, HasSubstr("ok")));
  EXPECT_EQ(orders().back().status, OrderStatus::placed);
}

TEST_F(OrderHandlerTest, LogAnswers400ToWhatIsMalformed) {
  for (const std::string_view body :
       {"{", "not json", "[]", R"([{"user_id":"u"}])", "5", "null", "", " ", "{} x"}) {
    EXPECT_THAT(log(body), Answers(400, MatchesRegex(R"(\{"error":".+"\})"))) << body;
  }
  EXPECT_THAT(log(std::string(kLogOrder) + " trailing"), Answers(400, HasSubstr("no JSON")));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, LogNamesTheFieldAndTheValueOfABrokenOrder) {
  const auto answer = [&](std::string_view user, std::string_view time, std::string_view type) {
    return log(fmt::format(R"({{"user_id":{},"timestamp":{},"menu_type":{}}})", user, time, type));
  };
  const std::string_view time = R"("2025-05-31T00:00:00Z")";
  EXPECT_THAT(answer("42", time, R"("w")"),
              Answers(400, R"({"error":"user_id: expected a string, came the number 42"})"));
  EXPECT_THAT(answer(R"("u")", "1748649600", R"("w")"),
              Answers(400, HasSubstr("timestamp: expected a string, came the number 1748649600")));
  EXPECT_THAT(answer(R"("u")", R"("yesterday")", R"("w")"),
              Answers(400, HasSubstr(R"(timestamp: expected an RFC 3339 time)")));
  EXPECT_THAT(answer(R"("u")", R"("2025-02-30T00:00:00Z")", R"("w")"),
              Answers(400, HasSubstr("no such date")));
  EXPECT_THAT(answer(R"("u")", R"("2025-05-31T00:00:00")", R"("w")"),
              Answers(400, HasSubstr("the offset (Z or +HH:MM) is missing")));
  EXPECT_THAT(answer(R"("u")", R"("0001-01-01T00:00:00Z")", R"("w")"),
              Answers(400, HasSubstr(R"(timestamp: \"0001-01-01T00:00:00Z\" lies before 1970)")));
  EXPECT_THAT(answer(R"("u")", R"("2125-05-31T00:00:00Z")", R"("w")"),
              Answers(400, HasSubstr("timestamp: ")));
  EXPECT_THAT(answer(R"("")", time, R"("w")"), Answers(400, HasSubstr("user_id: is empty")));
  EXPECT_THAT(answer("null", time, R"("w")"), Answers(400, HasSubstr("user_id: is missing")));
  EXPECT_THAT(answer(R"("u")", time, R"("")"), Answers(400, HasSubstr("menu_type: is empty")));
  EXPECT_THAT(answer(R"("u")", R"("")", R"("w")"), Answers(400, HasSubstr("timestamp: is empty")));
  EXPECT_THAT(
      log("{}"),
      Answers(400,
              R"({"error":"user_id: is missing; timestamp: is missing; menu_type: is missing"})"));
  EXPECT_THAT(answer(R"("a\nb")", time, R"("w")"), Answers(400, HasSubstr("control character")));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, LogTakesUsersWithCommasAndQuotesAndAnyMenuType) {
  EXPECT_THAT(log(R"({"user_id":"a,\"b\"","timestamp":"2025-05-31T00:00:00Z",)"
                  R"("menu_type":"chuka"})"),
              Answers(200, HasSubstr("ok")));
  EXPECT_EQ(orders().back().user_id, UserId("a,\"b\""));
  EXPECT_EQ(orders().back().menu_type, MenuType("chuka"));
}

TEST_F(OrderHandlerTest, LogAnswers415ToAnotherContentType) {
  for (const std::string_view type :
       {"text/plain", "application/x-www-form-urlencoded", "application/x-ndjson",
        "application/cloudevents+json", "application/jsonp", "", ";",
        "text/plain;application/json"}) {
    EXPECT_THAT(log(kLogOrder, type),
                Answers(415, HasSubstr(R"({"error":"expected Content-Type application/json)")))
        << type;
  }
  EXPECT_THAT(log(kLogOrder, std::nullopt), Answers(415, HasSubstr("came none")));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, LogAnswersOtherMethodsAndPathsInTheFirstVersionsShape) {
  for (const http::Method method : {http::Method::get, http::Method::put}) {
    const http::Response answer = match_only(method, "/api/log");
    EXPECT_THAT(answer, Answers(405, R"({"message":"Method Not Allowed"})"));
    EXPECT_THAT(answer.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  }
  const http::Response options = match_only(http::Method::options, "/api/log");
  EXPECT_THAT(options, Answers(204, ""));
  EXPECT_THAT(options.headers, ElementsAre(Pair("Allow", "OPTIONS, POST")));
  EXPECT_THAT(match_only(http::Method::post, "/api/logs"),
              Answers(404, R"({"message":"Not Found"})"));
}

TEST_F(OrderHandlerTest, LogTakesAnIdempotencyKeyAsTheOrderId) {
  EXPECT_THAT(send({.path = "/api/log", .body = kLogOrder, .idempotency_key = "K-1"}),
              Answers(200, R"({"status":"ok","order_id":"K-1"})"));
  EXPECT_THAT(send({.path = "/api/log", .body = kLogOrder, .idempotency_key = ""}),
              Answers(400, HasSubstr("{\"error\":\"Idempotency-Key")));
}

TEST_F(OrderHandlerTest, LogTellsTheLogsErrorsInItsOwnShape) {
  fail_next_append({.code = ErrorCode::overloaded, .message = "the log's queue is full"});
  const http::Response answer = log(kLogOrder);
  EXPECT_THAT(answer, Answers(503, R"({"error":"the log's queue is full; nothing was written: )"
                                   R"(send again"})"));
  EXPECT_THAT(answer.headers, ElementsAre(Pair("Retry-After", "1")));
  fail_next_append({.code = ErrorCode::storage_full, .message = "the disk is full"});
  EXPECT_THAT(log(kLogOrder), Answers(507, HasSubstr("{\"error\":\"the disk is full")));
}

// Orders of version 1 of the interface.

TEST_F(OrderHandlerTest, AcceptsASingleOrderWithItsResult) {
  const http::Response answer = send({.body = kOrder});
  EXPECT_THAT(answer, Answers(202, R"({"accepted":1,"rejected":0,"results":[)"
                                   R"({"index":0,"status":"accepted","order_id":"T-1"}]})"));
  EXPECT_EQ(answer.content_type, "application/json");
  ASSERT_THAT(orders(), SizeIs(1));
  EXPECT_EQ(orders().front().order_id, OrderId("T-1"));
}

TEST_F(OrderHandlerTest, AnswersOnlyWhenTheLogHasTheOrders) {
  engine_.hold_completions();
  std::optional<http::Response> answer;
  send({.body = kOrder}, [&](http::Response response) { answer = std::move(response); });
  EXPECT_FALSE(answer);
  engine_.release_completions();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 202U);
}

TEST_F(OrderHandlerTest, GivesAnOrderWithoutAnIdOne) {
  EXPECT_THAT(send({.body = R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z",)"
                            R"("menu_type":"w"})"}),
              Answers(202, ContainsRegex(R"("order_id":"[0-9a-f]{8}-[0-9a-f]{4}-7)")));
}

TEST_F(OrderHandlerTest, RejectsASingleBrokenOrderWithAProblemForEachField) {
  const http::Response answer = send({.body = R"({"user_id":7,"ordered_at":"x"})"});
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_THAT(
      answer,
      Answers(400, AllOf(HasSubstr(R"("title":"Bad Request","status":400,"detail":"user_id: )"),
                         HasSubstr(R"("errors":[{"pointer":"/user_id","detail":"expected a string,)"
                                   R"( came the number 7"},{"pointer":"/ordered_at","detail":")"),
                         HasSubstr(R"({"pointer":"/menu_type","detail":"is missing"}]})"))));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, AppendsABatchAtOnceAndListsWhatItRejected) {
  const std::string body = fmt::format("{0}\nbroken\n{0}\n{{\"order_id\":\"B\"}}\n", kOrder);
  EXPECT_THAT(
      send({.body = body, .content_type = kNdjson}),
      Answers(202, AllOf(HasSubstr(R"({"accepted":2,"rejected":2,"results":[{"index":1,)"
                                   R"("status":"rejected","errors":[{"pointer":"","detail":")"),
                         HasSubstr(R"({"index":3,"status":"rejected","order_id":"B","errors":[)"
                                   R"({"pointer":"/user_id","detail":"is missing"},)"),
                         Not(HasSubstr("T-1")))));
  EXPECT_EQ(appends_, 1);
  EXPECT_THAT(orders(), SizeIs(2));
}

TEST_F(OrderHandlerTest, ListsEveryItemOnRequest) {
  EXPECT_THAT(
      send({.body = fmt::format("[{0},{{}},{0},{0}]", kOrder), .results = "all"}),
      Answers(202, MatchesRegex(R"(\{"accepted":3,"rejected":1,"results":\[)"
                                R"(\{"index":0,"status":"accepted","order_id":"T-1"\},)"
                                R"(\{"index":1,"status":"rejected","errors":\[.*\]\},)"
                                R"(\{"index":2,"status":"accepted","order_id":"T-1"\},)"
                                R"(\{"index":3,"status":"accepted","order_id":"T-1"\}\]\})")));
  EXPECT_THAT(send({.body = fmt::format("[{0}]", kOrder), .results = "rejected"}),
              Answers(202, R"({"accepted":1,"rejected":0,"results":[]})"));
  EXPECT_THAT(send({.body = fmt::format("[{0}]", kOrder)}),
              Answers(202, R"({"accepted":1,"rejected":0,"results":[]})"));
  EXPECT_THAT(send({.body = kOrder, .results = "some"}),
              Answers(400, HasSubstr(R"(expected \"all\" or \"rejected\")")));
}

TEST_F(OrderHandlerTest, ABatchOfWhichNothingIsAcceptedIsAProblemWithResults) {
  const http::Response answer = send({.body = R"([{},5])"});
  EXPECT_EQ(answer.content_type, "application/problem+json");
  EXPECT_THAT(answer, Answers(400, AllOf(HasSubstr(R"("status":400)"),
                                         HasSubstr(R"("accepted":0,"rejected":2,"results":[)"),
                                         HasSubstr(R"({"index":1,"status":"rejected")"))));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, TakesEveryMediaTypeOfTheContract) {
  const std::string event =
      fmt::format(R"({{"specversion":"1.0","id":"1","source":"s","type":"t","data":{}}})", kOrder);
  const std::vector<std::pair<std::string_view, std::string>> bodies = {
      {"application/json", std::string(kOrder)},
      {"application/json; charset=utf-8", fmt::format("[{}]", kOrder)},
      {"application/x-ndjson", std::string(kOrder)},
      {"application/cloudevents+json; charset=utf-8", event},
      {"application/cloudevents-batch+json", fmt::format("[{}]", event)},
  };
  for (const auto& [content_type, body] : bodies) {
    EXPECT_THAT(send({.body = body, .content_type = content_type}),
                Answers(202, HasSubstr(R"("accepted":1)")))
        << content_type;
  }
  EXPECT_THAT(orders(), SizeIs(5));
  const http::Response refused = send({.body = kOrder, .content_type = "text/csv"});
  EXPECT_THAT(refused, Answers(415, HasSubstr("application/x-ndjson")));
  EXPECT_EQ(refused.content_type, "application/problem+json");
}

TEST_F(OrderHandlerTest, AnswersABrokenBodyWithAProblem) {
  EXPECT_THAT(send({.body = "{"}), Answers(400, HasSubstr("the body is no JSON")));
  EXPECT_THAT(send({.body = ""}), Answers(400, HasSubstr("the body is empty")));
  EXPECT_THAT(send({.body = "[]"}), Answers(400, HasSubstr("holds no order")));
  EXPECT_THAT(send({.body = "", .content_type = kNdjson}),
              Answers(400, HasSubstr("holds no order")));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, BoundsABatch) {
  std::string lines;
  for (std::size_t i = 0; i < kBatchOrdersMaxDefault; ++i) lines += "{}\n";
  EXPECT_THAT(send({.body = lines, .content_type = kNdjson}),
              Answers(400, HasSubstr(R"("rejected":10000)")));
  lines += kOrder;
  EXPECT_THAT(send({.body = lines, .content_type = kNdjson}),
              Answers(413, HasSubstr("more than 10000 orders")));
  EXPECT_EQ(appends_, 0);
}

TEST_F(OrderHandlerTest, TakesAnIdempotencyKeyForASingleOrder) {
  const std::string_view without_id =
      R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z","menu_type":"w"})";
  const std::string longest(128, 'k'), too_long(129, 'k');
  EXPECT_THAT(send({.body = without_id, .idempotency_key = longest}),
              Answers(202, HasSubstr(longest)));
  EXPECT_THAT(send({.body = kOrder, .idempotency_key = "T-1"}), Answers(202, HasSubstr("T-1")));
  EXPECT_THAT(send({.body = kOrder, .idempotency_key = "T-2"}),
              Answers(400, HasSubstr(R"({"pointer":"/order_id","detail":"\"T-1\" differs from)")));
  EXPECT_THAT(send({.body = fmt::format("[{}]", kOrder), .idempotency_key = "K"}),
              Answers(400, HasSubstr("a single order")));
  EXPECT_THAT(send({.body = without_id, .idempotency_key = ""}),
              Answers(400, HasSubstr("expected 1 to 128")));
  EXPECT_THAT(send({.body = without_id, .idempotency_key = too_long}),
              Answers(400, HasSubstr("has 129 bytes; expected 1 to 128")));
  EXPECT_THAT(send({.body = without_id, .idempotency_key = "a\xff"}),
              Answers(400, HasSubstr("is not UTF-8")));
  EXPECT_EQ(appends_, 2);
}

TEST_F(OrderHandlerTest, SaysWhatBecameOfTheOrdersWhenTheLogFails) {
  const auto answer_to = [&](ErrorCode code, bool may_have_happened) {
    fail_next_append(
        {.code = code, .message = "as the log says", .may_have_happened = may_have_happened});
    return send({.body = fmt::format("[{0},{0}]", kOrder)});
  };
  const auto overloaded = answer_to(ErrorCode::overloaded, false);
  EXPECT_THAT(overloaded, Answers(503, HasSubstr("as the log says; nothing was written")));
  EXPECT_THAT(overloaded.headers, ElementsAre(Pair("Retry-After", "1")));
  EXPECT_EQ(overloaded.content_type, "application/problem+json");
  EXPECT_THAT(answer_to(ErrorCode::storage_full, false),
              Answers(507, HasSubstr("nothing was written")));
  const auto timed_out = answer_to(ErrorCode::timed_out, true);
  EXPECT_THAT(timed_out, Answers(503, HasSubstr("may have been written all the same")));
  EXPECT_THAT(timed_out.headers, ElementsAre(Pair("Retry-After", "1")));
  EXPECT_THAT(answer_to(ErrorCode::unavailable, false), Answers(503, HasSubstr("nothing")));
  EXPECT_THAT(answer_to(ErrorCode::cancelled, false),
              Answers(503, HasSubstr("the server is stopping; nothing was written")));
  EXPECT_THAT(answer_to(ErrorCode::internal, false), Answers(500, HasSubstr("as the log says")));
  EXPECT_THAT(orders(), IsEmpty());
}

TEST_F(OrderHandlerTest, BoundsTheOrdersInFlight) {
  make_handler({.orders_in_flight_max = 3});
  engine_.hold_completions();
  std::vector<unsigned> statuses;
  const auto note = [&](http::Response response) { statuses.push_back(response.status); };
  send({.body = fmt::format("[{0},{0}]", kOrder)}, note);
  const http::Response refused = send({.body = fmt::format("[{0},{0}]", kOrder)});
  EXPECT_THAT(refused, Answers(503, AllOf(HasSubstr("orders_in_flight_max"),
                                          HasSubstr("nothing was written"))));
  EXPECT_THAT(refused.headers, ElementsAre(Pair("Retry-After", "1")));
  send({.body = kOrder}, note);
  EXPECT_THAT(statuses, IsEmpty());
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_ingest_orders_in_flight 3"));
  engine_.release_completions();
  EXPECT_THAT(statuses, ElementsAre(202U, 202U));
  EXPECT_EQ(send({.body = fmt::format("[{0},{0},{0}]", kOrder)}).status, 202U);
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_ingest_orders_in_flight 0"));
  EXPECT_THAT(metrics_.exposition(), HasSubstr("konomi_ingest_log_append_duration_seconds_count"));
}

TEST_F(OrderHandlerTest, RefusesUnknownMenuTypesWhenToldSo) {
  make_handler({}, {.unknown = UnknownMenuTypes::refuse});
  EXPECT_THAT(log(R"({"user_id":"u","timestamp":"2025-05-31T00:00:00Z","menu_type":"chuka"})"),
              Answers(400, HasSubstr(R"(menu_type: \"chuka\" is not in the catalogue)")));
  EXPECT_THAT(log(kLogOrder), Answers(200, HasSubstr("ok")));
}

TEST_F(OrderHandlerTest, CountsOrdersAndRequestsByOutcome) {
  send({.body = fmt::format("[{0},{0},{{}}]", kOrder)});
  send({.body = "{"});
  log("{}");
  log(kLogOrder);
  fail_next_append({.code = ErrorCode::overloaded, .message = "full"});
  send({.body = fmt::format("[{0},{0},{0},{0}]", kOrder)});
  const std::string text = metrics_.exposition();
  EXPECT_THAT(text, HasSubstr("konomi_ingest_orders_total{outcome=\"accepted\"} 3"));
  EXPECT_THAT(text, HasSubstr("konomi_ingest_orders_total{outcome=\"rejected\"} 2"));
  EXPECT_THAT(text, HasSubstr("konomi_ingest_orders_total{outcome=\"refused\"} 4"));
  const auto requests = [](std::string_view endpoint, std::string_view outcome, int count) {
    return HasSubstr(
        fmt::format("konomi_ingest_requests_total{{endpoint=\"{}\",outcome=\"{}\"}} {}\n", endpoint,
                    outcome, count));
  };
  EXPECT_THAT(text, requests("log", "accepted", 1));
  EXPECT_THAT(text, requests("log", "rejected", 1));
  EXPECT_THAT(text, requests("orders", "accepted", 1));
  EXPECT_THAT(text, requests("orders", "rejected", 1));
  EXPECT_THAT(text, requests("orders", "refused", 1));
}

TEST_F(OrderHandlerTest, StopWaitsForTheAnswersAndRefusesWhatComesLater) {
  engine_.hold_completions();
  std::atomic<bool> answered = false;
  send({.body = kOrder}, [&](http::Response) { answered = true; });
  std::atomic<bool> stopped = false;
  std::jthread stopper([&] {
    handler_->stop();
    EXPECT_TRUE(answered);
    stopped = true;
  });
  EXPECT_EQ(engine_.held_completions(), 1U);
  EXPECT_FALSE(stopped);
  engine_.release_completions();
  stopper.join();
  EXPECT_THAT(send({.body = kOrder}), Answers(503, HasSubstr("the server is stopping")));
  EXPECT_THAT(log(kLogOrder), Answers(503, HasSubstr("the server is stopping")));
  handler_->stop();
}

TEST_F(OrderHandlerTest, ServesManyThreadsAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 200;
  std::atomic<int> accepted = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRequests; ++i) {
          const std::string body = fmt::format(
              R"([{{"user_id":"u{}","ordered_at":"2025-05-31T00:00:00Z","menu_type":"m{}"}},{}])",
              t, i % 7, kOrder);
          send({.body = body}, [&](http::Response response) {
            if (response.status == 202) ++accepted;
          });
        }
      });
    }
  }
  EXPECT_EQ(accepted, kThreads * kRequests);
  EXPECT_EQ(appends_, kThreads * kRequests);
  EXPECT_THAT(orders(), SizeIs(2 * kThreads * kRequests));
}

}  // namespace
}  // namespace konomi::ingest
