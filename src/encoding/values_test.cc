// What decoders do with bytes that no encoder wrote. That what was encoded comes back is shown by
// the contract tests of the engines, and the worked examples by those of the engines' formats.
#include "encoding/values.h"

#include <gtest/gtest.h>

#include <string>

namespace konomi::encoding {
namespace {

const Timestamp kLoggedAt{std::chrono::milliseconds(1'748'649'600'250)};

Order stored_order() {
  return {.user_id = UserId("tky1"),
          .order_id = OrderId("A7"),
          .ordered_at = Timestamp(std::chrono::milliseconds(1'748'649'600'000)),
          .menu_type = MenuType("washoku"),
          .status = OrderStatus::placed};
}

TEST(Values, EveryCutOrLengthenedValueIsCorrupted) {
  // `without_generation`: how much of it an earlier version wrote.
  const auto check = [](const std::string& value, const auto& decode,
                        std::size_t without_generation = std::string::npos) {
    ASSERT_TRUE(decode(value).has_value());
    for (std::size_t size = 0; size < value.size(); ++size) {
      if (size == without_generation) continue;
      EXPECT_EQ(decode(std::string_view(value).substr(0, size)).error().code, ErrorCode::corrupted);
    }
    EXPECT_EQ(decode(value + "x").error().code, ErrorCode::corrupted);
    std::string later = value;
    later[0] = 9;
    EXPECT_EQ(decode(later).error().code, ErrorCode::corrupted);
  };
  Preference preference{.menu_type = MenuType("washoku"), .runner_up = MenuType("yoshoku")};
  DayFigures figures;
  figures.types[MenuType("washoku")].by_hour[3] = 200;
  const Moves moves = {{{Standing(), Standing::prefers(MenuType("washoku"))}, 2}};
  check(encode_order({.order = stored_order(), .version = Version(1)}), decode_order);
  check(encode_number(300), decode_number);
  check(encode_watermark({}), decode_watermark);
  check(encode_user_counts({.counts = {{MenuType("washoku"), 1, kLoggedAt}}}), decode_user_counts);
  check(encode_bucket_summary({.figures = figures}), decode_bucket_summary);
  check(encode_moves({.moves = moves, .version = Version(300)}), decode_moves);
  check(encode_day({.figures = figures, .moves = moves}), decode_day);
  const std::string progress = encode_progress({.next_offsets = {{LogPartition(0), LogOffset(1)}}});
  check(progress, decode_progress, progress.size() - 1);
  check(encode_counting_rules({}), decode_counting_rules);
  check(encode_preference(preference), decode_preference);
  check(encode_change({.to = Standing::undecided()}), decode_change);
  check(encode_menu_type({.label_ja = "和食", .position = 1}), decode_menu_type);
  check(encode_data_settings({.time_zone = "Asia/Tokyo"}), decode_data_settings);
  check(encode_dead_letter({.headers = {{"a", "b"}}, .reason = "unreadable"}), decode_dead_letter);
  check(encode_dead_letter({.headers = {{"a", "b"}},
                            .reason = "unreadable",
                            .history = {{.position = LogPosition(), .text = "why"}}}),
        decode_dead_letter);
}

TEST(Values, ProgressOfBeforeThereWereGenerationsIsRead) {
  const CountProgress before{.next_offsets = {{LogPartition(0), LogOffset(1)}},
                             .duration = std::chrono::milliseconds(3)};
  std::string value = encode_progress(before);
  value.pop_back();
  EXPECT_EQ(decode_progress(value), before);
}

TEST(Values, AGenerationThatCannotBeIsCorrupted) {
  const CountingRules rules{.generation = Generation(256)};
  EXPECT_EQ(decode_counting_rules(encode_counting_rules(rules)).error().code, ErrorCode::corrupted);
}

}  // namespace
}  // namespace konomi::encoding
