#include "ingest/order_reader.h"

#include "adapters/memory/engine.h"
#include "base/json.h"
#include "domain/timestamp.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>

namespace konomi::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Timestamp kReadAt = parse_rfc3339("2025-05-31T12:00:00Z").value();

class OrderReader : public testing::Test {
 protected:
  std::expected<OrderBatch, BodyProblem> read(BodyFormat format, std::string_view body) {
    return read_orders(format, body, rules_, gate_->view(), order_ids_);
  }

  // The only order of a body.
  Order order_of(BodyFormat format, std::string_view body) {
    const auto batch = read(format, body);
    if (!batch) {
      ADD_FAILURE() << batch.error().detail << "\n" << body;
      return {};
    }
    if (batch->accepted.size() != 1 || !batch->rejected.empty()) {
      ADD_FAILURE() << problems_of(*batch) << "\n" << body;
      return {};
    }
    return batch->accepted.front();
  }

  static std::string problems_of(const OrderBatch& batch) {
    std::string out;
    for (const RejectedOrder& rejected : batch.rejected) {
      for (const FieldProblem& problem : rejected.problems) {
        out += fmt::format("{} {}: {}\n", rejected.index, problem.pointer, problem.detail);
      }
    }
    return out;
  }

  // All that was refused, of the body or of its items.
  std::string refusal_of(BodyFormat format, std::string_view body) {
    const auto batch = read(format, body);
    return batch ? problems_of(*batch) : batch.error().detail;
  }

  ManualClock clock_{kReadAt};
  memory::MemoryEngine engine_{clock_};
  SettingsStore& store_ = engine_.settings_store();
  Metrics metrics_;
  std::unique_ptr<MenuTypeGate> gate_ = std::move(MenuTypeGate::open(store_, {}, metrics_).value());
  OrderIds order_ids_{1, 2};
  ReadRules rules_{.now = kReadAt, .limits = {}, .orders_max = 10, .idempotency_key = std::nullopt};
};

constexpr std::string_view kOrderBody =
    R"({"order_id":"T-1","user_id":"u1","ordered_at":"2025-05-31T09:00:00+09:00",)"
    R"("menu_type":"washoku"})";

TEST_F(OrderReader, ReadsAnOrder) {
  const Order order = order_of(BodyFormat::json, kOrderBody);
  EXPECT_EQ(order, (Order{.user_id = UserId("u1"),
                          .order_id = OrderId("T-1"),
                          .ordered_at = parse_rfc3339("2025-05-31T00:00:00Z").value(),
                          .menu_type = MenuType("washoku"),
                          .status = OrderStatus::placed}));
  EXPECT_TRUE(read(BodyFormat::json, kOrderBody)->single);
}

TEST_F(OrderReader, ReadsFieldsInAnyOrderWithSpaceAndUnknownOnesBetween) {
  const Order order = order_of(BodyFormat::json,
                               "\r\n\t { \"table\" : {\"no\":[1,2.5e3,null]} , "
                               "\"status\":\"cancelled\" , \"menu_type\": "
                               "\"curry\",\"x\":[],\"ordered_at\" "
                               ":\"2025-05-31T00:00:00Z\" ,\"user_id\":\"u1\", "
                               "\"y\":true,\"order_id\":\"7\" } \n");
  EXPECT_EQ(order.order_id, OrderId("7"));
  EXPECT_EQ(order.menu_type, MenuType("curry"));
  EXPECT_EQ(order.status, OrderStatus::cancelled);
}

TEST_F(OrderReader, ReadsTheFirstVersionsShapeAndNoOtherField) {
  const Order order = order_of(
      BodyFormat::first_version,
      R"({"user_id":"u1","timestamp":"2025-05-31T00:00:00Z","menu_type":"washoku","order_id":7,)"
      R"("status":{},"ordered_at":5})");
  EXPECT_THAT(order.order_id.value(), SizeIs(36));
  EXPECT_EQ(order.status, OrderStatus::placed);
  EXPECT_EQ(refusal_of(BodyFormat::first_version, "{}"),
            "0 /user_id: is missing\n0 /timestamp: is missing\n0 /menu_type: is missing\n");
}

TEST_F(OrderReader, GivesEveryOrderWithoutAnIdOneOfItsOwn) {
  const auto batch = read(
      BodyFormat::ndjson,
      "{\"user_id\":\"u1\",\"ordered_at\":\"2025-05-31T00:00:00Z\",\"menu_type\":\"washoku\"}\n"
      "{\"user_id\":\"u1\",\"ordered_at\":\"2025-05-31T00:00:00Z\",\"menu_type\":\"washoku\"}\n");
  ASSERT_THAT(batch->accepted, SizeIs(2));
  EXPECT_EQ(batch->accepted[0].order_id.value()[14], '7');
  EXPECT_NE(batch->accepted[0].order_id, batch->accepted[1].order_id);
}

TEST_F(OrderReader, NamesTheFieldAndWhatCameInsteadOfAString) {
  const auto with_user = [&](std::string_view value) {
    return refusal_of(
        BodyFormat::json,
        fmt::format(R"({{"user_id":{},"ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"}})",
                    value));
  };
  EXPECT_EQ(with_user("42"), "0 /user_id: expected a string, came the number 42\n");
  EXPECT_EQ(with_user("-1.5e+300"), "0 /user_id: expected a string, came the number -1.5e+300\n");
  EXPECT_EQ(with_user("true"), "0 /user_id: expected a string, came true\n");
  EXPECT_EQ(with_user("[\"u1\"]"), "0 /user_id: expected a string, came an array\n");
  EXPECT_EQ(with_user("{\"id\":\"u1\"}"), "0 /user_id: expected a string, came an object\n");
  EXPECT_EQ(with_user(std::string(99, '9')),
            "0 /user_id: expected a string, came the number " + std::string(32, '9') + "…\n");
  EXPECT_EQ(with_user("null"), "0 /user_id: is missing\n");
  EXPECT_EQ(refusal_of(BodyFormat::json, R"({"order_id":1,"user_id":2,"ordered_at":3,)"
                                         R"("menu_type":4,"status":5})"),
            "0 /order_id: expected a string, came the number 1\n"
            "0 /user_id: expected a string, came the number 2\n"
            "0 /ordered_at: expected a string, came the number 3\n"
            "0 /menu_type: expected a string, came the number 4\n"
            "0 /status: expected a string, came the number 5\n");
}

TEST_F(OrderReader, TakesTheLastOfARepeatedField) {
  const auto order_with = [](std::string_view fields) {
    return fmt::format(R"({{"ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku",{}}})",
                       fields);
  };
  EXPECT_EQ(order_of(BodyFormat::json, order_with(R"("user_id":"a","user_id":"b")")).user_id,
            UserId("b"));
  EXPECT_EQ(order_of(BodyFormat::json, order_with(R"("user_id":7,"user_id":"b")")).user_id,
            UserId("b"));
  EXPECT_EQ(order_of(BodyFormat::json, order_with(R"("user_id":"a","\u0075ser_id":"b")")).user_id,
            UserId("b"));
  EXPECT_EQ(refusal_of(BodyFormat::json, order_with(R"("user_id":"a","user_id":null)")),
            "0 /user_id: is missing\n");
  EXPECT_EQ(refusal_of(BodyFormat::json, order_with(R"("user_id":"a","user_id":[])")),
            "0 /user_id: expected a string, came an array\n");
}

TEST_F(OrderReader, NullCountsAsAbsent) {
  const Order order =
      order_of(BodyFormat::json, R"({"order_id":null,"user_id":"u1","status":null,)"
                                 R"("ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"})");
  EXPECT_THAT(order.order_id.value(), SizeIs(36));
  EXPECT_EQ(order.status, OrderStatus::placed);
}

// What is no order whatever the shape: of a document all of it is refused, of NDJSON the line.
TEST_F(OrderReader, RefusesNastyJson) {
  const std::string deep_closed =
      "{\"x\":" + std::string(5'000, '[') + std::string(5'000, ']') + "}";
  const std::string user = R"("user_id":"u1","ordered_at":"2025-05-31T00:00:00Z",)";
  const std::string rest = user + R"("menu_type":"washoku")";
  const std::vector<std::string> table = {
      // Not whole.
      "{",
      "[",
      "\"",
      "nul",
      "{\"user_id",
      "{\"user_id\"",
      "{\"user_id\":",
      "{\"user_id\":\"u1\"",
      "{" + rest,
      "{" + rest + ",",
      "{" + rest + ",}",
      "{,}",
      "{" + rest + "]",
      "{" + rest + "}}",
      "}",
      "{]",
      "{\"x\":{\"y\":1," + rest + "}",
      "{\"x\":[1," + rest + "}",
      // Something after it.
      "{" + rest + "} x",
      "{" + rest + "}{" + rest + "}",
      "{" + rest + "},",
      "{" + rest + "} \"",
      "{" + rest + "}1",
      "{" + rest + "}\"\"",
      "{" + rest + "} null",
      "{" + rest + "}[]",
      // Not JSON's grammar.
      "{" + user + "'menu_type':'washoku'}",
      "{" + user + "menu_type:\"washoku\"}",
      "{" + rest + ",\"x\":01}",
      "{" + rest + ",\"x\":1.}",
      "{" + rest + ",\"x\":.5}",
      "{" + rest + ",\"x\":+1}",
      "{" + rest + ",\"x\":1e}",
      "{" + rest + ",\"x\":-}",
      "{" + rest + ",\"x\":NaN}",
      "{" + rest + ",\"x\":Infinity}",
      "{" + rest + ",\"x\":0x1F}",
      "{" + rest + ",\"x\":tru}",
      "{" + rest + ",\"x\":nulll}",
      "{" + rest + ",\"x\":True}",
      "{" + rest + ",\"x\":}",
      "{" + rest + ",\"x\"}",
      "{" + rest + ",\"x\" 1}",
      "{" + rest + ",\"x\":1 2}",
      "{" + rest + ",\"x\":[1,]}",
      "{" + rest + ",\"x\":[,1]}",
      "{" + rest + ",\"x\":[1 2]}",
      "{" + rest + ",\"x\":{1:2}}",
      "{" + rest + ",\"x\":{\"y\"}}",
      "{" + rest + ",\"x\":[1}}",
      "{" + rest + ",\"x\":{\"y\":1]}",
      "{" + rest + ",1:2}",
      "{" + rest + "/*c*/}",
      "{" + rest + "} // c",
      "{" + rest + ",\"x\"::1}",
      "{\"user_id\":tru,\"ordered_at\":1}",
      "{\"user_id\":[1,}",
      "{" + rest + ";}",
      // Strings.
      "{" + rest + ",\"x\":\"\\x41\"}",
      "{" + rest + ",\"x\":\"\\u12G4\"}",
      "{" + rest + ",\"x\":\"\\u12\"}",
      "{" + rest + ",\"x\":\"a\tb\"}",
      "{" + rest + ",\"\\q\":1}",
      "{" + rest + ",\"a\tb\":1}",
      "{" + rest + ",\"x\":\"\\ud800\"}",
      "{" + rest + ",\"x\":\"\\ud800\\u0041\"}",
      "{" + rest + ",\"x\":\"\\udc00\"}",
      "{" + rest + ",\"x\":\"\\ud83d\\ud83d\"}",
      "{" + user + "\"menu_type\":\"\\ud800\"}",
      "{" + user + "\"menu_type\":\"\\udc00\"}",
      "{" + user + "\"menu_type\":\"\\ud800x\"}",
      "{" + user + "\"\\ud800\":\"washoku\"}",
      // Not UTF-8, wherever it is.
      "{" + user + "\"menu_type\":\"\xff\"}",
      "{" + rest + ",\"x\":\"\xc0\xaf\"}",
      "{" + rest + ",\"x\":\"\xed\xa0\x80\"}",
      "{" + rest + ",\"x\":\"\xf4\x90\x80\x80\"}",
      "{" + rest + ",\"x\":\"\xe5\x92\"}",
      "{" + rest + ",\"\xfe\":1}",
      "{" + rest + "}\xff",
      "\xef\xbb\xbf{" + rest + "}",
      std::string("{") + rest + "}" + std::string(1, '\0'),
      std::string("\0{", 2) + rest + "}",
      "\xff\xfe{\x00",
      // Too deep.
      deep_closed,
      "{\"user_id\":" + std::string(100, '[') + std::string(100, ']') + "," + rest + "}",
  };
  for (const std::string& body : table) {
    const auto document = read(BodyFormat::json, body);
    ASSERT_FALSE(document) << body;
    EXPECT_EQ(document.error().kind, BodyProblem::Kind::malformed) << body;
    EXPECT_FALSE(read(BodyFormat::json, "[" + body + "]")) << body;
    EXPECT_FALSE(read(BodyFormat::json, "[" + std::string(kOrderBody) + "," + body + "]")) << body;
    EXPECT_FALSE(read(BodyFormat::first_version, body)) << body;
    EXPECT_FALSE(read(BodyFormat::cloudevent, R"({"data":)" + body + "}")) << body;
    const auto lines = read(BodyFormat::ndjson,
                            std::string(kOrderBody) + "\n" + body + "\n" + std::string(kOrderBody));
    ASSERT_TRUE(lines) << body;
    ASSERT_THAT(lines->accepted, SizeIs(2)) << body;
    ASSERT_THAT(lines->rejected, SizeIs(1)) << body;
    EXPECT_EQ(lines->rejected[0].index, 1U) << body;
  }
}

TEST_F(OrderReader, TakesWhatIsOddAndStillJson) {
  const std::string rest =
      R"("user_id":"u1","ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku")";
  const std::vector<std::string> table = {
      "{" + rest + ",\"x\":123456789012345678901234567890}",
      "{" + rest + ",\"x\":1e999}",
      "{" + rest + ",\"x\":-0}",
      "{" + rest + ",\"x\":-0.0E-0}",
      "{" + rest + ",\"\":\"\"}",
      "{" + rest + ",\"x\":\"\\u0000\\b\\f\\/\"}",
      "{" + rest + ",\"x\":\"\\ud83c\\udf63\"}",
      "{" + rest + ",\"x\":{}}",
      "{" + rest + ",\"x\":[[],{}]}",
      "{" + rest + ",\"x\":{\"x\":{}}}",
      "{" + rest + ",\"x\":" + std::string(60, '[') + std::string(60, ']') + "}",
      "{\t" + rest + "\t}",
      "\t {" + rest + "}\r",
      "{" + rest + ",\"x\":\"\x7f\"}",
      "{" + rest + ",\"x\":\"" + std::string(100'000, 'x') + "\"}",
      "{" + rest + ",\"user_id_\":1,\"user_i\":2,\"USER_ID\":3}",
  };
  for (const std::string& body : table) {
    EXPECT_EQ(order_of(BodyFormat::json, body).user_id, UserId("u1")) << body;
    EXPECT_EQ(order_of(BodyFormat::json, "[" + body + "]").user_id, UserId("u1")) << body;
    EXPECT_EQ(order_of(BodyFormat::ndjson, body).user_id, UserId("u1")) << body;
    EXPECT_EQ(order_of(BodyFormat::ndjson, "\n" + body + "\r\n\n").user_id, UserId("u1")) << body;
  }
}

TEST_F(OrderReader, RefusesTenMegabytesOfNothingQuickly) {
  const std::clock_t start = std::clock();  // The processor's time: others may be busy.
  for (const char c : {'[', '{', '"', '1', ' ', '\n', ',', '\\'}) {
    const std::string body(10'000'000, c);
    EXPECT_FALSE(read(BodyFormat::json, body)) << c;
    const auto array = read(BodyFormat::json, "[" + body + "]");
    EXPECT_TRUE(!array || array->accepted.empty()) << c;
    const auto lines = read(BodyFormat::ndjson, body);
    EXPECT_TRUE(!lines || lines->accepted.empty()) << c;
  }
  const std::string nested = std::string(5'000'000, '[') + std::string(5'000'000, ']');
  EXPECT_THAT(refusal_of(BodyFormat::json, nested), HasSubstr("nests deeper than 64 levels"));
  // Far above what it takes: it tells linear from quadratic, under a sanitizer as well.
  EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 30);
}

TEST_F(OrderReader, SaysWhereADocumentIsBroken) {
  EXPECT_THAT(refusal_of(BodyFormat::json, R"({"user_id":"u1" "x":1})"), HasSubstr("near byte"));
  EXPECT_THAT(refusal_of(BodyFormat::json, std::string(kOrderBody) + "{}"),
              HasSubstr("the body is no JSON"));
  EXPECT_EQ(refusal_of(BodyFormat::json, ""), "the body is empty; expected JSON");
  EXPECT_EQ(refusal_of(BodyFormat::json, " \n"), "the body is empty; expected JSON");
  EXPECT_EQ(refusal_of(BodyFormat::json, "\"u1\""),
            "expected an object or an array of them, came a string");
  EXPECT_EQ(refusal_of(BodyFormat::json, "12"),
            "expected an object or an array of them, came the number 12");
  EXPECT_EQ(refusal_of(BodyFormat::first_version, "[]"), "expected an object, came an array");
  EXPECT_EQ(refusal_of(BodyFormat::cloudevent, "[]"), "expected an object, came an array");
  EXPECT_EQ(refusal_of(BodyFormat::cloudevents_batch, "{}"),
            "expected an array of CloudEvents, came an object");
}

TEST_F(OrderReader, RejectsTheBrokenItemsOfAnArrayByTheirIndex) {
  const auto batch = read(
      BodyFormat::json,
      fmt::format(R"([{0},7,{{"order_id":"B","user_id":""}},{0},null,[],"x",{{}}])", kOrderBody));
  ASSERT_TRUE(batch) << batch.error().detail;
  EXPECT_FALSE(batch->single);
  EXPECT_THAT(batch->accepted, SizeIs(2));
  std::vector<std::size_t> indexes;
  for (const RejectedOrder& rejected : batch->rejected) indexes.push_back(rejected.index);
  EXPECT_THAT(indexes, ElementsAre(1, 2, 4, 5, 6, 7));
  EXPECT_THAT(problems_of(*batch),
              HasSubstr("1 : expected an order (an object), came the number 7\n"
                        "2 /user_id: is empty"));
  EXPECT_EQ(batch->rejected[1].order_id, "B");
  EXPECT_EQ(batch->rejected[5].order_id, std::nullopt);
}

TEST_F(OrderReader, KeepsTheOrderOfABatchRepetitionsIncluded) {
  const auto batch = read(BodyFormat::json, fmt::format("[{0},{1},{0}]", kOrderBody,
                                                        R"({"order_id":"T-1","user_id":"u1",)"
                                                        R"("ordered_at":"2025-05-31T00:00:00Z",)"
                                                        R"("status":"cancelled"})"));
  ASSERT_THAT(batch->accepted, SizeIs(3));
  EXPECT_EQ(batch->accepted[1].status, OrderStatus::cancelled);
  EXPECT_EQ(batch->accepted[0], batch->accepted[2]);
}

TEST_F(OrderReader, SkipsEmptyLinesAndCountsTheOthers) {
  const auto batch =
      read(BodyFormat::ndjson,
           fmt::format("\n{0}\r\n \t\n{{broken\n\r\n[{0}]\n{0} {0}\n{0}", kOrderBody));
  ASSERT_TRUE(batch) << batch.error().detail;
  EXPECT_THAT(batch->accepted, SizeIs(2));
  ASSERT_THAT(batch->rejected, SizeIs(3));
  EXPECT_EQ(batch->rejected[0].index, 1U);
  EXPECT_THAT(batch->rejected[0].problems[0].detail, HasSubstr("the line is no JSON"));
  EXPECT_EQ(batch->rejected[1].problems[0].detail, "expected an order (an object), came an array");
  EXPECT_EQ(batch->rejected[2].index, 3U);
  EXPECT_THAT(batch->rejected[2].problems[0].detail, HasSubstr("the line is no JSON"));
}

TEST_F(OrderReader, RefusesAnEmptyBatchAndOneWithTooManyOrders) {
  for (const BodyFormat format : {BodyFormat::json, BodyFormat::cloudevents_batch})
    EXPECT_THAT(refusal_of(format, "[ ]"), HasSubstr("holds no order"));
  EXPECT_THAT(refusal_of(BodyFormat::ndjson, ""), HasSubstr("holds no order"));
  EXPECT_THAT(refusal_of(BodyFormat::ndjson, "\n\r\n"), HasSubstr("holds no order"));

  std::string array = "[", lines;
  for (int i = 0; i < 10; ++i) {
    array += fmt::format("{}{}", i > 0 ? "," : "", kOrderBody);
    lines += fmt::format("{}\n", kOrderBody);
  }
  EXPECT_THAT(read(BodyFormat::json, array + "]")->accepted, SizeIs(10));
  EXPECT_THAT(read(BodyFormat::ndjson, lines)->accepted, SizeIs(10));
  const auto eleven_in_array = read(BodyFormat::json, array + ",{}]");
  const auto eleven_lines = read(BodyFormat::ndjson, lines + "{}");
  ASSERT_FALSE(eleven_in_array);
  ASSERT_FALSE(eleven_lines);
  EXPECT_EQ(eleven_in_array.error().kind, BodyProblem::Kind::too_many_orders);
  EXPECT_EQ(eleven_lines.error().kind, BodyProblem::Kind::too_many_orders);
  EXPECT_THAT(eleven_lines.error().detail, HasSubstr("more than 10 orders"));
}

TEST_F(OrderReader, AnIdempotencyKeyNamesASingleOrder) {
  const std::string without_id =
      R"({"user_id":"u1","ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"})";
  rules_.idempotency_key = "K-1";
  EXPECT_EQ(order_of(BodyFormat::json, without_id).order_id, OrderId("K-1"));
  EXPECT_THAT(refusal_of(BodyFormat::json, kOrderBody),
              HasSubstr("0 /order_id: \"T-1\" differs from the Idempotency-Key \"K-1\""));
  EXPECT_THAT(refusal_of(BodyFormat::json, "[" + without_id + "]"), HasSubstr("a single order"));
  EXPECT_THAT(refusal_of(BodyFormat::ndjson, without_id), HasSubstr("a single order"));
  EXPECT_THAT(refusal_of(BodyFormat::cloudevents_batch, "[]"), HasSubstr("a single order"));
  EXPECT_EQ(order_of(BodyFormat::cloudevent,
                     R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":)" +
                         without_id + "}")
                .order_id,
            OrderId("K-1"));
  rules_.idempotency_key = "T-1";
  EXPECT_EQ(order_of(BodyFormat::json, kOrderBody).order_id, OrderId("T-1"));
  EXPECT_EQ(order_of(BodyFormat::json, R"({"user_id":"u1","ordered_at":"2025-05-31T00:00:00Z",)"
                                       R"("status":"cancelled"})")
                .order_id,
            OrderId("T-1"))
      << "it names what a cancellation cancels";
}

TEST_F(OrderReader, ReadsACloudEventWhoseDataIsTheOrder) {
  const std::string event = fmt::format(
      R"({{"data":{},"specversion":"1.0","type":"order.placed","source":"/tills/7","id":"A-1",)"
      R"("time":"2025-05-31T00:00:00Z","datacontenttype":"application/json"}})",
      kOrderBody);
  EXPECT_EQ(order_of(BodyFormat::cloudevent, event), order_of(BodyFormat::json, kOrderBody));
  EXPECT_TRUE(read(BodyFormat::cloudevent, event)->single);
  EXPECT_EQ(order_of(BodyFormat::cloudevents_batch, "[" + event + "]"),
            order_of(BodyFormat::json, kOrderBody));
}

TEST_F(OrderReader, NamesACloudEventWithoutAnOrderIdByItsSourceAndId) {
  const auto event = [](std::string_view id) {
    return fmt::format(
        R"({{"specversion":"1.0","type":"t","source":"/tills/7","id":"{}","data":)"
        R"({{"user_id":"u1","ordered_at":"2025-05-31T00:00:00Z","menu_type":"washoku"}}}})",
        id);
  };
  const auto batch = read(BodyFormat::cloudevents_batch,
                          fmt::format("[{},{},{}]", event("A-1"), event("A-2"), event("A-1")));
  ASSERT_THAT(batch->accepted, SizeIs(3));
  EXPECT_EQ(batch->accepted[0].order_id, order_id_of_event("/tills/7", "A-1"));
  EXPECT_EQ(batch->accepted[1].order_id, order_id_of_event("/tills/7", "A-2"));
  EXPECT_EQ(batch->accepted[2].order_id, batch->accepted[0].order_id);
}

TEST_F(OrderReader, RejectsAnEventThatIsNoCloudEventWithAnOrder) {
  const auto refusal = [&](std::string_view event) {
    return refusal_of(BodyFormat::cloudevent, event);
  };
  EXPECT_EQ(refusal("{}"),
            "0 /specversion: is missing\n0 /id: is missing\n0 /source: is missing\n"
            "0 /type: is missing\n0 /data: is missing; expected the order (an object)\n");
  const std::string attributes = R"("specversion":"1.0","id":"1","source":"s","type":"t")";
  EXPECT_EQ(refusal("{" + attributes + R"(,"data":"e30="})"),
            "0 /data: expected the order (an object), came a string\n");
  EXPECT_EQ(
      refusal(fmt::format(R"({{{},"datacontenttype":{{}},"data":{}}})", attributes, kOrderBody)),
      "0 /datacontenttype: expected a string, came an object\n");
  EXPECT_EQ(refusal("{" + attributes + R"(,"data_base64":"e30="})"),
            "0 /data: is missing; expected the order (an object)\n");
  EXPECT_EQ(refusal("{" + attributes + R"(,"data":{"user_id":7,"menu_type":"w"}})"),
            "0 /data/user_id: expected a string, came the number 7\n"
            "0 /data/ordered_at: is missing\n");
  EXPECT_EQ(
      refusal(fmt::format(R"({{"specversion":"0.3","id":5,"source":"","type":"a\tb","data":{}}})",
                          kOrderBody)),
      "0 /id: expected a string, came the number 5\n"
      "0 /specversion: expected \"1.0\", came \"0.3\"\n"
      "0 /source: is empty\n"
      "0 /type: \"a\\x09b\" holds the control character U+0009 at byte 1\n");
}

TEST_F(OrderReader, AsksTheGateAboutEveryTypeOfAWholeOrder) {
  gate_ = std::move(
      MenuTypeGate::open(store_, {.unknown = UnknownMenuTypes::refuse}, metrics_).value());
  const std::string chuka =
      R"({"user_id":"u1","ordered_at":"2025-05-31T00:00:00Z","menu_type":"chuka"})";
  EXPECT_THAT(refusal_of(BodyFormat::json, chuka),
              HasSubstr("0 /menu_type: \"chuka\" is not in the catalogue"));
  EXPECT_EQ(order_of(BodyFormat::json, kOrderBody).menu_type, MenuType("washoku"));
}

TEST_F(OrderReader, ABrokenOrderTakesNoPlaceInTheCatalogue) {
  gate_ = std::move(MenuTypeGate::open(store_, {.menu_types_max = 3}, metrics_).value());
  EXPECT_THAT(refusal_of(BodyFormat::json, R"({"user_id":"","menu_type":"broken"})"),
              HasSubstr("/user_id"));
  EXPECT_EQ(refusal_of(BodyFormat::json,
                       R"({"user_id":"u","ordered_at":"2025-05-31T00:00:00Z","menu_type":"new"})"),
            "");
}

TEST_F(OrderReader, ReadsTheSameWhateverFollowsTheBodyInMemory) {
  // The view ends within a larger text; nothing past its end may matter.
  const std::string text = std::string(kOrderBody) + R"(,"menu_type":"curry"}]}}"")";
  EXPECT_EQ(
      order_of(BodyFormat::json, std::string_view(text).substr(0, kOrderBody.size())).menu_type,
      MenuType("washoku"));
  for (std::size_t size = 0; size < kOrderBody.size(); ++size)
    EXPECT_FALSE(read(BodyFormat::json, std::string_view(text).substr(0, size))) << size;
}

// What is written is read again, however it is written.
class OrderWriter {
 public:
  explicit OrderWriter(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  Order any_order() {
    Order order{.user_id = UserId(text(256)),
                .order_id = OrderId(text(128)),
                .ordered_at = Timestamp(std::chrono::milliseconds(
                    below(static_cast<std::size_t>(kReadAt.time_since_epoch().count())))),
                .menu_type = MenuType(text(64)),
                .status = below(4) == 0 ? OrderStatus::cancelled : OrderStatus::placed};
    return order;
  }

  std::string json(const Order& order) {
    std::vector<std::pair<std::string, std::string>> members = {
        {"order_id", order.order_id.value()},           {"user_id", order.user_id.value()},
        {"ordered_at", to_rfc3339(order.ordered_at)},   {"menu_type", order.menu_type.value()},
        {"status", std::string(name_of(order.status))}, {text(20) + "?", text(20)},
    };
    if (below(2) == 0) std::ranges::shuffle(members, random_);
    std::string out = "{";
    for (const auto& [name, value] : members) {
      if (out.size() > 1) out += ',';
      out += space() + string(name) + space() + ':' + space() + string(value) + space();
    }
    return out + '}';
  }

 private:
  // Something of every script, and what breaks naive formats.
  static constexpr std::array<std::u32string_view, 14> kScripts = {
      U"abcXYZ0189",
      U"\"'`,;:\\/{}[]()<>|&%#@!?*+-=~^$_",
      U" \u00a0\u3000\u200b\u00ad\ufeff",
      U"äßéñøŁ",
      U"ΑΩλжЯщ",
      U"אבגשلعربيہ",
      U"देवनागरীবাংলা",
      U"ไทยລາວမြန်မာ",
      U"和食洋食中華麺",
      U"ひらがなカタカナ",
      U"한국어",
      U"ქართულიአማርኛ",
      U"🍣🍛🍜👩‍🍳🇯🇵",
      U"\u2028\u2029\u202e\ufffd\U0010ffff\U000e0001"};

  static void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
      out += static_cast<char>(c);
      return;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr std::array<int, 4> kLead = {0, 0xc0, 0xe0, 0xf0};
    out += static_cast<char>(kLead[static_cast<std::size_t>(more)] |
                             static_cast<int>(c >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) {
      out += static_cast<char>(0x80 | (static_cast<int>(c >> (6 * i)) & 0x3f));
    }
  }

  std::string text(std::size_t bytes_max) {
    const std::size_t length = 1 + (below(8) == 0 ? below(bytes_max) : below(12));
    std::string out;
    while (out.size() < length) {
      const std::u32string_view script = kScripts[below(kScripts.size())];
      std::string next;
      append_utf8(next, script[below(script.size())]);
      if (out.size() + next.size() > bytes_max) break;
      out += next;
    }
    return out.empty() ? "x" : out;
  }

  std::string space() { return std::string(below(6) == 0 ? below(4) : 0, ' '); }

  // As a JSON string: sometimes with every character escaped, in UTF-16.
  std::string string(std::string_view utf8) {
    std::string out;
    if (below(4) != 0) {
      append_json_string(out, utf8);
      return out;
    }
    out = "\"";
    for (std::size_t i = 0; i < utf8.size();) {
      const auto lead = static_cast<unsigned char>(utf8[i]);
      const int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
      std::uint32_t c = more == 0 ? lead : lead & (0x3fU >> more);
      for (int k = 1; k <= more; ++k) {
        c = c << 6 | (static_cast<unsigned char>(utf8[i + static_cast<std::size_t>(k)]) & 0x3fU);
      }
      i += static_cast<std::size_t>(more) + 1;
      if (c >= 0x10000) {
        out += fmt::format("\\u{:04x}\\u{:04X}", 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff));
      } else {
        out += fmt::format("\\u{:04x}", c);
      }
    }
    return out + '"';
  }

  std::mt19937_64 random_;
};

TEST_F(OrderReader, ReadsBackEveryOrderThatWasWritten) {
  // Every text must get through the gate: this is about JSON.
  gate_ = std::move(MenuTypeGate::open(store_, {.menu_types_max = 1'000'000}, metrics_).value());
  rules_.orders_max = 100;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    OrderWriter writer(seed);
    std::vector<Order> orders;
    std::string array, lines, events;
    for (std::size_t i = 0; i <= writer.below(20); ++i) {
      orders.push_back(writer.any_order());
      const std::string json = writer.json(orders.back());
      EXPECT_EQ(order_of(BodyFormat::json, json), orders.back());
      const std::string_view separator = i == 0 ? "" : ",";
      array += fmt::format("{}{}", separator, json);
      events +=
          fmt::format(R"({}{{"specversion":"1.0","id":"{}","source":"s","data":{},"type":"t"}})",
                      separator, i, json);
      lines += json + "\n";
    }
    EXPECT_EQ(read(BodyFormat::json, "[" + array + "]")->accepted, orders);
    EXPECT_EQ(read(BodyFormat::cloudevents_batch, "[" + events + "]")->accepted, orders);
    EXPECT_EQ(read(BodyFormat::ndjson, lines)->accepted, orders);
  }
}

// A parser that validates everything is the judge: what it refuses is refused here too.
TEST_F(OrderReader, IsAsStrictAsAFullParserOnDamagedBodies) {
  simdjson::dom::parser judge;
  std::mt19937_64 random(7);
  const std::string base = R"({"x":[1,-2.5e3,{"a":null,"b":[true,false]},"\u3042\n"],)" +
                           std::string(kOrderBody).substr(1);
  constexpr std::string_view kBytes = "{}[]\",:\\ue01-.\t \nntx\xff\x80";
  int damaged_and_refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string body = base;
    for (std::uint64_t k = 0; k <= random() % 3; ++k) {
      const std::size_t at = random() % body.size();
      switch (random() % 3) {
        case 0:
          body.erase(at, 1);
          break;
        case 1:
          body.insert(at, 1, kBytes[random() % kBytes.size()]);
          break;
        default:
          body[at] = kBytes[random() % kBytes.size()];
          break;
      }
    }
    const bool is_json = !judge.parse(body).error();
    const auto batch = read(BodyFormat::json, body);
    EXPECT_EQ(batch.has_value(), is_json) << body;
    damaged_and_refused += is_json ? 0 : 1;
  }
  EXPECT_GT(damaged_and_refused, 5'000);
}

}  // namespace
}  // namespace konomi::ingest
