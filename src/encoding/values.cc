#include "encoding/values.h"

#include "encoding/fields.h"

#include <fmt/format.h>

#include <utility>

namespace konomi::encoding {
namespace {

constexpr std::uint8_t kLayout = 1;
constexpr std::uint8_t kLayoutWithHistory = 2;    // A dead letter with a history.
constexpr std::uint8_t kLayoutWithoutOrders = 2;  // The summary of a bucket whose orders leave.

enum PreferenceFlags : std::uint8_t { kTied = 1, kUndecided = 2, kHasRunnerUp = 4 };
enum MenuTypeFlags : std::uint8_t { kHidden = 1, kHasPosition = 2 };
enum StandingKind : std::uint8_t { kNone = 0, kUndecidedStanding = 1, kPrefers = 2 };

std::string new_value() {
  std::string out;
  append_u8(out, kLayout);
  return out;
}

// Reads a value front to back; `read` gets the fields, between layout and end.
template <class T, class Read>
Result<T> decode(std::string_view value, Read read) {
  ByteReader reader(value);
  KONOMI_CHECK_OK(check_layout(reader, kLayout));
  T out{};
  KONOMI_CHECK_OK(read(reader, out));
  KONOMI_CHECK_OK(check_end(reader));
  return out;
}

Result<std::string> read_string(ByteReader& reader) {
  KONOMI_TRY(const std::string_view text, reader.text());
  return std::string(text);
}

void append_marks(std::string& out, const Marks& marks) {
  append_varint(out, marks.size());
  for (const auto& [partition, offset] : marks) {
    append_varint(out, partition.value());
    append_varint(out, offset.value());
  }
}

Result<Marks> read_marks(ByteReader& reader) {
  Marks marks;
  KONOMI_TRY(const std::uint64_t count, reader.varint());
  for (std::uint64_t i = 0; i < count; ++i) {
    KONOMI_TRY(const std::uint64_t partition, reader.varint());
    KONOMI_TRY(const std::uint64_t offset, reader.varint());
    marks.emplace(LogPartition(static_cast<std::uint32_t>(partition)), LogOffset(offset));
  }
  return marks;
}

Result<Generation> read_generation(ByteReader& reader) {
  KONOMI_TRY(const std::uint64_t number, reader.varint());
  if (number <= kGenerationMax.value()) return Generation(static_cast<std::uint32_t>(number));
  return fail(ErrorCode::corrupted, fmt::format("a generation is {}", number));
}

// The layout of a bucket's summary, and what it says of the orders.
Result<RawOrders> read_raw_orders(ByteReader& reader) {
  KONOMI_TRY(const std::uint8_t layout, reader.u8());
  if (layout == kLayout) return RawOrders::kept;
  if (layout != kLayoutWithoutOrders) {
    return fail(ErrorCode::corrupted, fmt::format("layout {} is unknown; expected {} or {}", layout,
                                                  kLayout, kLayoutWithoutOrders));
  }
  KONOMI_TRY(const std::uint8_t state, reader.u8());
  if (state == static_cast<std::uint8_t>(RawOrders::leaving)) return RawOrders::leaving;
  if (state == static_cast<std::uint8_t>(RawOrders::gone)) return RawOrders::gone;
  return fail(ErrorCode::corrupted, fmt::format("{} is no state of raw orders", state));
}

void append_figures(std::string& out, const DayFigures& figures) {
  append_varint(out, figures.orders);
  append_varint(out, figures.users);
  append_u64(out, figures.checksum);
  append_varint(out, figures.types.size());
  for (const auto& [menu_type, type] : figures.types) {
    append_text(out, menu_type.value());
    append_varint(out, type.orders);
    for (const std::uint64_t orders : type.by_hour) append_varint(out, orders);
  }
}

Result<void> read_figures(ByteReader& reader, DayFigures& figures) {
  KONOMI_TRY(figures.orders, reader.varint());
  KONOMI_TRY(figures.users, reader.varint());
  KONOMI_TRY(figures.checksum, reader.u64());
  KONOMI_TRY(const std::uint64_t count, reader.varint());
  for (std::uint64_t i = 0; i < count; ++i) {
    KONOMI_TRY(std::string menu_type, read_string(reader));
    TypeFigures& type = figures.types[MenuType(std::move(menu_type))];
    KONOMI_TRY(type.orders, reader.varint());
    for (std::uint64_t& orders : type.by_hour) {
      KONOMI_TRY(orders, reader.varint());
    }
  }
  return {};
}

void append_standing(std::string& out, const Standing& standing) {
  append_u8(out, standing.is_type()        ? kPrefers
                 : standing.is_undecided() ? kUndecidedStanding
                                           : kNone);
  if (standing.is_type()) append_text(out, standing.menu_type().value());
}

Result<Standing> read_standing(ByteReader& reader) {
  KONOMI_TRY(const std::uint8_t kind, reader.u8());
  if (kind == kNone) return Standing();
  if (kind == kUndecidedStanding) return Standing::undecided();
  if (kind != kPrefers)
    return fail(ErrorCode::corrupted, fmt::format("a standing's kind is {}", kind));
  KONOMI_TRY(std::string menu_type, read_string(reader));
  return Standing::prefers(MenuType(std::move(menu_type)));
}

void append_moves(std::string& out, const Moves& moves) {
  append_varint(out, moves.size());
  for (const auto& [move, users] : moves) {
    append_standing(out, move.first);
    append_standing(out, move.second);
    append_varint(out, users);
  }
}

Result<Moves> read_moves(ByteReader& reader) {
  Moves moves;
  KONOMI_TRY(const std::uint64_t count, reader.varint());
  for (std::uint64_t i = 0; i < count; ++i) {
    KONOMI_TRY(Standing from, read_standing(reader));
    KONOMI_TRY(Standing to, read_standing(reader));
    KONOMI_TRY(const std::uint64_t users, reader.varint());
    moves.emplace(std::pair(std::move(from), std::move(to)), users);
  }
  return moves;
}

void append_letter_event(std::string& out, const LetterEvent& event) {
  append_u8(out, static_cast<std::uint8_t>(event.kind));
  append_instant(out, event.at);
  append_u8(out, event.position ? 1 : 0);
  if (event.position) {
    append_varint(out, event.position->partition.value());
    append_varint(out, event.position->offset.value());
  }
  append_text(out, event.reason);
  append_text(out, event.text);
}

Result<LetterEvent> read_letter_event(ByteReader& reader) {
  LetterEvent event;
  KONOMI_TRY(const std::uint8_t kind, reader.u8());
  if (kind > static_cast<std::uint8_t>(LetterEvent::Kind::erased))
    return fail(ErrorCode::corrupted, fmt::format("the kind of a letter's event is {}", kind));
  event.kind = static_cast<LetterEvent::Kind>(kind);
  KONOMI_TRY(event.at, read_instant(reader));
  KONOMI_TRY(const std::uint8_t has_position, reader.u8());
  if (has_position > 1)
    return fail(ErrorCode::corrupted, fmt::format("a letter's event has flags {}", has_position));
  if (has_position == 1) {
    KONOMI_TRY(const std::uint64_t partition, reader.varint());
    KONOMI_TRY(const std::uint64_t offset, reader.varint());
    event.position = {.partition = LogPartition(static_cast<std::uint32_t>(partition)),
                      .offset = LogOffset(offset)};
  }
  KONOMI_TRY(event.reason, read_string(reader));
  KONOMI_TRY(event.text, read_string(reader));
  return event;
}

}  // namespace

std::string encode_order(const StoredOrder& row) {
  std::string out = new_value();
  append_varint(out, row.version.value());
  append_order_content(out, row.order);
  return out;
}

Result<StoredOrder> decode_order(std::string_view value) {
  return decode<StoredOrder>(value, [](ByteReader& reader, StoredOrder& row) -> Result<void> {
    KONOMI_TRY(const std::uint64_t version, reader.varint());
    row.version = Version(version);
    return read_order_content(reader, row.order);
  });
}

Result<Version> decode_order_version(std::string_view value) {
  ByteReader reader(value);
  KONOMI_CHECK_OK(check_layout(reader, kLayout));
  KONOMI_TRY(const std::uint64_t version, reader.varint());
  return Version(version);
}

std::string encode_number(std::uint64_t number) {
  std::string out = new_value();
  append_varint(out, number);
  return out;
}

Result<std::uint64_t> decode_number(std::string_view value) {
  return decode<std::uint64_t>(value,
                               [](ByteReader& reader, std::uint64_t& number) -> Result<void> {
                                 KONOMI_TRY(number, reader.varint());
                                 return {};
                               });
}

std::string encode_watermark(const Watermark& watermark) {
  std::string out = new_value();
  append_varint(out, watermark.next_offset.value());
  append_instant(out, watermark.stored_up_to);
  return out;
}

Result<Watermark> decode_watermark(std::string_view value) {
  return decode<Watermark>(value, [](ByteReader& reader, Watermark& watermark) -> Result<void> {
    KONOMI_TRY(const std::uint64_t offset, reader.varint());
    watermark.next_offset = LogOffset(offset);
    KONOMI_TRY(watermark.stored_up_to, read_instant(reader));
    return {};
  });
}

std::string encode_user_counts(const UserDayCounts& counts) {
  std::string out = new_value();
  append_varint(out, counts.version.value());
  append_varint(out, counts.counts.size());
  for (const TypeCount& count : counts.counts) {
    append_text(out, count.menu_type.value());
    append_varint(out, count.orders);
    append_instant(out, count.last_ordered_at);
  }
  return out;
}

Result<UserDayCounts> decode_user_counts(std::string_view value) {
  return decode<UserDayCounts>(value, [](ByteReader& reader, UserDayCounts& out) -> Result<void> {
    KONOMI_TRY(const std::uint64_t version, reader.varint());
    out.version = Version(version);
    KONOMI_TRY(const std::uint64_t types, reader.varint());
    for (std::uint64_t i = 0; i < types; ++i) {
      TypeCount count;
      KONOMI_TRY(std::string menu_type, read_string(reader));
      count.menu_type = MenuType(std::move(menu_type));
      KONOMI_TRY(count.orders, reader.varint());
      KONOMI_TRY(count.last_ordered_at, read_instant(reader));
      out.counts.push_back(std::move(count));
    }
    return {};
  });
}

std::string encode_bucket_summary(const BucketSummary& summary) {
  std::string out;
  append_u8(out, summary.raw_orders == RawOrders::kept ? kLayout : kLayoutWithoutOrders);
  if (summary.raw_orders != RawOrders::kept)
    append_u8(out, static_cast<std::uint8_t>(summary.raw_orders));
  append_marks(out, summary.counted_up_to);
  append_varint(out, summary.version.value());
  append_figures(out, summary.figures);
  return out;
}

Result<BucketSummary> decode_bucket_summary(std::string_view value) {
  ByteReader reader(value);
  BucketSummary out;
  KONOMI_TRY(out.raw_orders, read_raw_orders(reader));
  KONOMI_TRY(out.counted_up_to, read_marks(reader));
  KONOMI_TRY(const std::uint64_t version, reader.varint());
  out.version = Version(version);
  KONOMI_CHECK_OK(read_figures(reader, out.figures));
  KONOMI_CHECK_OK(check_end(reader));
  return out;
}

Result<CountedMarks> decode_counted_marks(std::string_view value) {
  ByteReader reader(value);
  CountedMarks counted;
  KONOMI_TRY(counted.raw_orders, read_raw_orders(reader));
  KONOMI_TRY(counted.marks, read_marks(reader));
  KONOMI_TRY(const std::uint64_t version, reader.varint());
  counted.generation = generation_of(Version(version));
  return counted;
}

std::string encode_moves(const BucketMoves& moves) {
  std::string out = new_value();
  append_varint(out, moves.version.value());
  append_moves(out, moves.moves);
  return out;
}

Result<BucketMoves> decode_moves(std::string_view value) {
  return decode<BucketMoves>(value, [](ByteReader& reader, BucketMoves& out) -> Result<void> {
    KONOMI_TRY(const std::uint64_t version, reader.varint());
    out.version = Version(version);
    KONOMI_TRY(out.moves, read_moves(reader));
    return {};
  });
}

std::string encode_day(const DaySummary& summary) {
  std::string out = new_value();
  append_u8(out, static_cast<std::uint8_t>(summary.state));
  append_varint(out, summary.revision);
  append_instant(out, summary.computed_at);
  append_varint(out, summary.version.value());
  append_marks(out, summary.counted_up_to);
  append_figures(out, summary.figures);
  append_moves(out, summary.moves);
  return out;
}

Result<DaySummary> decode_day(std::string_view value) {
  return decode<DaySummary>(value, [](ByteReader& reader, DaySummary& day) -> Result<void> {
    KONOMI_TRY(const std::uint8_t state, reader.u8());
    if (state > static_cast<std::uint8_t>(DayState::revised))
      return fail(ErrorCode::corrupted, fmt::format("a day's state is {}", state));
    day.state = static_cast<DayState>(state);
    KONOMI_TRY(const std::uint64_t revision, reader.varint());
    day.revision = static_cast<std::uint32_t>(revision);
    KONOMI_TRY(day.computed_at, read_instant(reader));
    KONOMI_TRY(const std::uint64_t version, reader.varint());
    day.version = Version(version);
    KONOMI_TRY(day.counted_up_to, read_marks(reader));
    KONOMI_CHECK_OK(read_figures(reader, day.figures));
    KONOMI_TRY(day.moves, read_moves(reader));
    return {};
  });
}

std::string encode_progress(const CountProgress& progress) {
  std::string out = new_value();
  append_marks(out, progress.next_offsets);
  append_instant(out, progress.finished_at);
  append_signed(out, progress.duration.count());
  append_varint(out, progress.generation.value());
  return out;
}

Result<CountProgress> decode_progress(std::string_view value) {
  return decode<CountProgress>(value, [](ByteReader& reader, CountProgress& out) -> Result<void> {
    KONOMI_TRY(out.next_offsets, read_marks(reader));
    KONOMI_TRY(out.finished_at, read_instant(reader));
    KONOMI_TRY(const std::int64_t milliseconds, read_signed(reader));
    out.duration = std::chrono::milliseconds(milliseconds);
    if (reader.at_end()) return {};  // From before there were generations.
    KONOMI_TRY(out.generation, read_generation(reader));
    return {};
  });
}

std::string encode_preference(const Preference& preference) {
  std::string out = new_value();
  append_text(out, preference.menu_type.value());
  append_varint(out, preference.orders);
  append_varint(out, preference.total_orders);
  append_u8(out, static_cast<std::uint8_t>((preference.tied ? kTied : 0) |
                                           (preference.undecided ? kUndecided : 0) |
                                           (preference.runner_up ? kHasRunnerUp : 0)));
  if (preference.runner_up) append_text(out, preference.runner_up->value());
  append_varint(out, preference.runner_up_orders);
  append_signed(out, preference.since.days_since_1970());
  append_varint(out, preference.confidence_e4);
  append_instant(out, preference.last_ordered_at);
  append_varint(out, preference.version.value());
  return out;
}

Result<Preference> decode_preference(std::string_view value) {
  return decode<Preference>(value, [](ByteReader& reader, Preference& out) -> Result<void> {
    KONOMI_TRY(std::string menu_type, read_string(reader));
    out.menu_type = MenuType(std::move(menu_type));
    KONOMI_TRY(out.orders, reader.varint());
    KONOMI_TRY(out.total_orders, reader.varint());
    KONOMI_TRY(const std::uint8_t flags, reader.u8());
    out.tied = (flags & kTied) != 0;
    out.undecided = (flags & kUndecided) != 0;
    if ((flags & kHasRunnerUp) != 0) {
      KONOMI_TRY(std::string runner_up, read_string(reader));
      out.runner_up = MenuType(std::move(runner_up));
    }
    KONOMI_TRY(out.runner_up_orders, reader.varint());
    KONOMI_TRY(const std::int64_t since, read_signed(reader));
    out.since = BusinessDay::from_days_since_1970(static_cast<int>(since));
    KONOMI_TRY(const std::uint64_t confidence, reader.varint());
    out.confidence_e4 = static_cast<std::uint32_t>(confidence);
    KONOMI_TRY(out.last_ordered_at, read_instant(reader));
    KONOMI_TRY(const std::uint64_t version, reader.varint());
    out.version = Version(version);
    return {};
  });
}

std::string encode_change(const PreferenceChange& change) {
  std::string out = new_value();
  append_standing(out, change.from);
  append_standing(out, change.to);
  return out;
}

Result<PreferenceChange> decode_change(std::string_view value) {
  return decode<PreferenceChange>(value,
                                  [](ByteReader& reader, PreferenceChange& change) -> Result<void> {
                                    KONOMI_TRY(change.from, read_standing(reader));
                                    KONOMI_TRY(change.to, read_standing(reader));
                                    return {};
                                  });
}

std::string encode_erasure(const Erasure& erasure) {
  std::string out = new_value();
  append_u8(out, static_cast<std::uint8_t>(erasure.state));
  append_text(out, erasure.digest.value());
  append_text(out, erasure.user_id.value());
  append_instant(out, erasure.requested_at);
  append_instant(out, erasure.finished_at);
  append_varint(out, erasure.days.size());
  for (const auto& [day, version] : erasure.days) {
    append_signed(out, day.days_since_1970());
    append_varint(out, version);
  }
  const ErasedRows& removed = erasure.removed;
  for (const std::uint64_t rows : {removed.orders, removed.dead_letters, removed.days_with_counts,
                                   removed.preferences, removed.segment_rows, removed.changes})
    append_varint(out, rows);
  return out;
}

Result<Erasure> decode_erasure(std::string_view value) {
  return decode<Erasure>(value, [](ByteReader& reader, Erasure& erasure) -> Result<void> {
    KONOMI_TRY(const std::uint8_t state, reader.u8());
    if (state > static_cast<std::uint8_t>(ErasureState::done))
      return fail(ErrorCode::corrupted, fmt::format("{} is no state of an erasure", state));
    erasure.state = static_cast<ErasureState>(state);
    KONOMI_TRY(const std::string_view digest, reader.text());
    erasure.digest = UserDigest(std::string(digest));
    KONOMI_TRY(const std::string_view user_id, reader.text());
    erasure.user_id = UserId(std::string(user_id));
    KONOMI_TRY(erasure.requested_at, read_instant(reader));
    KONOMI_TRY(erasure.finished_at, read_instant(reader));
    KONOMI_TRY(const std::uint64_t days, reader.varint());
    for (std::uint64_t i = 0; i < days; ++i) {
      KONOMI_TRY(const std::int64_t day, read_signed(reader));
      std::uint64_t& version =
          erasure.days[BusinessDay::from_days_since_1970(static_cast<int>(day))];
      KONOMI_TRY(version, reader.varint());
    }
    ErasedRows& removed = erasure.removed;
    for (std::uint64_t* const rows :
         {&removed.orders, &removed.dead_letters, &removed.days_with_counts, &removed.preferences,
          &removed.segment_rows, &removed.changes}) {
      KONOMI_TRY(*rows, reader.varint());
    }
    return {};
  });
}

std::string encode_menu_type(const MenuTypeEntry& entry) {
  std::string out = new_value();
  append_text(out, entry.label_ja);
  append_text(out, entry.label_en);
  append_text(out, entry.color);
  append_u8(out, static_cast<std::uint8_t>((entry.hidden ? kHidden : 0) |
                                           (entry.position ? kHasPosition : 0)));
  if (entry.position) append_signed(out, *entry.position);
  return out;
}

Result<MenuTypeEntry> decode_menu_type(std::string_view value) {
  return decode<MenuTypeEntry>(value, [](ByteReader& reader, MenuTypeEntry& out) -> Result<void> {
    KONOMI_TRY(out.label_ja, read_string(reader));
    KONOMI_TRY(out.label_en, read_string(reader));
    KONOMI_TRY(out.color, read_string(reader));
    KONOMI_TRY(const std::uint8_t flags, reader.u8());
    out.hidden = (flags & kHidden) != 0;
    if ((flags & kHasPosition) != 0) {
      KONOMI_TRY(const std::int64_t position, read_signed(reader));
      out.position = static_cast<int>(position);
    }
    return {};
  });
}

std::string encode_data_settings(const DataSettings& settings) {
  std::string out = new_value();
  append_text(out, settings.time_zone);
  append_varint(out, static_cast<std::uint64_t>(settings.day_starts_at.count()));
  append_varint(out, settings.bucket_count.value());
  append_varint(out, settings.log_partitions);
  return out;
}

Result<DataSettings> decode_data_settings(std::string_view value) {
  return decode<DataSettings>(value, [](ByteReader& reader, DataSettings& out) -> Result<void> {
    KONOMI_TRY(out.time_zone, read_string(reader));
    KONOMI_TRY(const std::uint64_t minutes, reader.varint());
    out.day_starts_at = std::chrono::minutes(minutes);
    KONOMI_TRY(const std::uint64_t buckets, reader.varint());
    out.bucket_count = BucketCount(static_cast<std::uint32_t>(buckets));
    KONOMI_TRY(const std::uint64_t partitions, reader.varint());
    out.log_partitions = static_cast<std::uint32_t>(partitions);
    return {};
  });
}

std::string encode_counting_rules(const CountingRules& rules) {
  std::string out = new_value();
  append_varint(out, rules.generation.value());
  append_varint(out, rules.counted_since.value());
  append_varint(out, rules.preference.min_orders);
  return out;
}

Result<CountingRules> decode_counting_rules(std::string_view value) {
  return decode<CountingRules>(value, [](ByteReader& reader, CountingRules& out) -> Result<void> {
    KONOMI_TRY(out.generation, read_generation(reader));
    KONOMI_TRY(out.counted_since, read_generation(reader));
    KONOMI_TRY(out.preference.min_orders, reader.varint());
    return {};
  });
}

std::string encode_expiry(const Expiry& expiry) {
  std::string out = new_value();
  append_signed(out, expiry.before.days_since_1970());
  append_instant(out, expiry.announced_at);
  append_signed(out, expiry.earlier_before.days_since_1970());
  append_instant(out, expiry.earlier_announced_at);
  return out;
}

Result<Expiry> decode_expiry(std::string_view value) {
  return decode<Expiry>(value, [](ByteReader& reader, Expiry& out) -> Result<void> {
    KONOMI_TRY(const std::int64_t before, read_signed(reader));
    out.before = BusinessDay::from_days_since_1970(static_cast<int>(before));
    KONOMI_TRY(out.announced_at, read_instant(reader));
    KONOMI_TRY(const std::int64_t earlier, read_signed(reader));
    out.earlier_before = BusinessDay::from_days_since_1970(static_cast<int>(earlier));
    KONOMI_TRY(out.earlier_announced_at, read_instant(reader));
    return {};
  });
}

std::string encode_dead_letter(const DeadLetter& letter) {
  std::string out;
  append_u8(out, letter.history.empty() ? kLayout : kLayoutWithHistory);
  append_text(out, letter.reason);
  append_text(out, letter.message);
  append_instant(out, letter.logged_at);
  append_instant(out, letter.failed_at);
  append_text(out, letter.key);
  append_text(out, letter.value);
  append_varint(out, letter.headers.size());
  for (const auto& [name, content] : letter.headers) {
    append_text(out, name);
    append_text(out, content);
  }
  if (letter.history.empty()) return out;
  append_varint(out, letter.history.size());
  for (const LetterEvent& event : letter.history) append_letter_event(out, event);
  return out;
}

Result<DeadLetter> decode_dead_letter(std::string_view value) {
  ByteReader reader(value);
  KONOMI_TRY(const std::uint8_t layout, reader.u8());
  if (layout != kLayout && layout != kLayoutWithHistory) {
    return fail(ErrorCode::corrupted, fmt::format("layout {} is unknown; expected {} or {}", layout,
                                                  kLayout, kLayoutWithHistory));
  }
  DeadLetter out;
  KONOMI_TRY(out.reason, read_string(reader));
  KONOMI_TRY(out.message, read_string(reader));
  KONOMI_TRY(out.logged_at, read_instant(reader));
  KONOMI_TRY(out.failed_at, read_instant(reader));
  KONOMI_TRY(out.key, read_string(reader));
  KONOMI_TRY(out.value, read_string(reader));
  KONOMI_TRY(const std::uint64_t headers, reader.varint());
  for (std::uint64_t i = 0; i < headers; ++i) {
    KONOMI_TRY(std::string name, read_string(reader));
    KONOMI_TRY(std::string content, read_string(reader));
    out.headers.emplace_back(std::move(name), std::move(content));
  }
  if (layout == kLayoutWithHistory) {
    KONOMI_TRY(const std::uint64_t events, reader.varint());
    for (std::uint64_t i = 0; i < events; ++i) {
      KONOMI_TRY(LetterEvent event, read_letter_event(reader));
      out.history.push_back(std::move(event));
    }
  }
  KONOMI_CHECK_OK(check_end(reader));
  return out;
}

}  // namespace konomi::encoding
