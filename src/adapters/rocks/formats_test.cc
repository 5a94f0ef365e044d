// The worked examples of docs/formats.md, and what decoders do with bytes that no encoder wrote.
#include "adapters/rocks/keys.h"
#include "adapters/rocks/log_record.h"
#include "domain/day_summary.h"
#include "encoding/values.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace konomi::rocks {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

// 2025-05-31T09:00:00+09:00.
Order example_order() {
  return {.user_id = UserId("tky1"),
          .order_id = OrderId("A7"),
          .ordered_at = Timestamp(std::chrono::milliseconds(1'748'649'600'000)),
          .menu_type = MenuType("washoku"),
          .status = OrderStatus::placed};
}
const Timestamp kLoggedAt{std::chrono::milliseconds(1'748'649'600'250)};
const BusinessDay kDay = BusinessDay::from_days_since_1970(20'239);

std::string example_record() {
  std::string value = encode_log_head(LogRecordKind::orders, 1, kLoggedAt);
  append_log_order(value, example_order());
  return value;
}

TEST(Formats, TheLogRecordIsTheDocumentedOne) {
  EXPECT_EQ(hex(log_key(LogOffset(258))), "0000000000000102");
  EXPECT_EQ(hex(example_record()),
            "0101f4939bbae465"    // layout, one order, log time
            "04746b7931"          // tky1
            "024137"              // A7
            "0080909bbae465"      // placed, ordered_at
            "07776173686f6b75");  // washoku
}

TEST(Formats, TheRecordOfAReplayIsTheDocumentedOne) {
  std::string value = encode_log_head(LogRecordKind::replay, 2, kLoggedAt);
  const LogPosition original{.partition = LogPartition(0), .offset = LogOffset(258)};
  append_log_order(value, ReplayedOrder{.order = example_order(), .original = original});
  append_log_order(value, ReplayedOrder{.order = example_order(), .original = std::nullopt});
  EXPECT_EQ(hex(value),
            "0202f4939bbae465"  // layout, two orders, log time
            "04746b7931024137"
            "0080909bbae465"
            "07776173686f6b75"
            "8302"  // the order that was at offset 258
            "04746b7931024137"
            "0080909bbae465"
            "07776173686f6b75"
            "00");  // a new order
  std::vector<LogRecord> records;
  ASSERT_TRUE(decode_log_record(log_key(LogOffset(300)), value, LogOffset(300), records));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].original, original);
  EXPECT_EQ(std::get<Order>(records[0].content), example_order());
  EXPECT_EQ(records[1].original, std::nullopt);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(
        decode_log_record(log_key(LogOffset(300)), value.substr(0, size), LogOffset(300), records))
        << size;
  }
}

TEST(Formats, ADeadLetterIsTheDocumentedOne) {
  const LogPosition became{.partition = LogPartition(0), .offset = LogOffset(300)};
  DeadLetter letter{.position = {},
                    .key = "tky1",
                    .value = "{}",
                    .headers = {{"h", "x"}},
                    .logged_at = kLoggedAt,
                    .reason = "unreadable",
                    .message = "why",
                    .failed_at = kLoggedAt,
                    .history = {}};
  const std::string without_history =
      "0a756e7265616461626c65"
      "03776879"  // unreadable, why
      "f4939bbae465"
      "f4939bbae465"  // logged, failed
      "04746b7931"
      "027b7d"  // key, value
      "01"
      "0168"
      "0178";  // one header
  EXPECT_EQ(hex(encoding::encode_dead_letter(letter)), "01" + without_history);
  letter.history = {{.letter = {},
                     .kind = LetterEvent::Kind::replayed,
                     .at = kLoggedAt,
                     .position = became,
                     .reason = {},
                     .text = "fix"}};
  EXPECT_EQ(hex(encoding::encode_dead_letter(letter)),
            "02" + without_history +
                "01"              // one event
                "01f4939bbae465"  // replayed, when
                "0100ac02"        // to a position, partition 0, offset 300
                "00"
                "03666978");  // no reason, the fix
  const auto decoded = encoding::decode_dead_letter(encoding::encode_dead_letter(letter));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->history, letter.history);
}

TEST(Formats, TheErasureIsTheDocumentedOne) {
  std::string value = encode_log_head(LogRecordKind::erasure, 1, kLoggedAt);
  append_log_erasure(value, {.user_id = UserId("tky1")});
  EXPECT_EQ(hex(value), "0301f4939bbae46504746b7931");
  std::vector<LogRecord> records;
  ASSERT_TRUE(decode_log_record(log_key(LogOffset(7)), value, LogOffset(7), records).has_value());
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(std::get<UserErasure>(records[0].content), (UserErasure{UserId("tky1")}));
  for (std::size_t size = 0; size < value.size(); ++size)
    EXPECT_FALSE(
        decode_log_record(log_key(LogOffset(7)), value.substr(0, size), LogOffset(7), records));
}

TEST(Formats, TheOrderRowIsTheDocumentedOne) {
  const std::string key = KeyWriter()
                              .day(kDay)
                              .bucket(bucket_of(UserId("tky1"), kBucketCountDefault))
                              .text("tky1")
                              .last_text("A7")
                              .take();
  EXPECT_EQ(hex(key), "80004f0f0000001b746b7931004137");
  EXPECT_EQ(hex(encoding::encode_order({.order = example_order(), .version = Version(258)})),
            "0182020080909bbae46507776173686f6b75");
}

TEST(Formats, TheFingerprintIsTheDocumentedOne) {
  EXPECT_EQ(fmt::format("{:016x}", order_fingerprint(example_order())), "10ebf71c52658bb4");
}

TEST(Formats, EveryCutOrLengthenedLogRecordIsCorrupted) {
  const std::string whole = example_record();
  std::vector<LogRecord> records;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto decoded =
        decode_log_record(log_key(LogOffset(5)), whole.substr(0, size), LogOffset(5), records);
    ASSERT_FALSE(decoded.has_value()) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupted);
    EXPECT_NE(decoded.error().message.find("offset 5"), std::string::npos);
    EXPECT_TRUE(records.empty());
  }
  EXPECT_FALSE(decode_log_record(log_key(LogOffset(5)), whole + "x", LogOffset(5), records));
}

TEST(Keys, SortAsTheTuplesTheyStandFor) {
  const auto key = [](int day, std::uint32_t bucket, std::string_view user, std::string_view id) {
    return KeyWriter()
        .day(BusinessDay::from_days_since_1970(day))
        .bucket(Bucket(bucket))
        .text(user)
        .last_text(id)
        .take();
  };
  const std::vector<std::string> ascending = {
      key(-1, 9, "z", "9"), key(0, 0, "z", "9"),   key(0, 1, "a", ""),    key(0, 1, "a", "1"),
      key(0, 1, "a", "10"), key(0, 1, "a 1", "0"), key(0, 1, "aa", "0"),  key(0, 1, "é", "0"),
      key(0, 256, "", ""),  key(1, 0, "", ""),     key(20'000, 0, "", "")};
  EXPECT_TRUE(std::ranges::is_sorted(ascending));
  EXPECT_EQ(std::ranges::adjacent_find(ascending), ascending.end());
}

TEST(Keys, TheEndOfAPrefixIsBehindItsKeysOnly) {
  EXPECT_EQ(end_of_prefix("ab"), "ac");
  EXPECT_EQ(end_of_prefix("a\xff\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff"), std::nullopt);
  EXPECT_EQ(end_of_prefix(""), std::nullopt);
}

TEST(Keys, ATextWithAZeroByteIsRefused) {
  EXPECT_TRUE(check_key_text("user_id", "太郎").has_value());
  const auto refused = check_key_text("user_id", std::string_view("a\0b", 3));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace konomi::rocks
