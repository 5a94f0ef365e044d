#pragma once

#include "base/result.h"
#include "domain/day_summary.h"
#include "domain/dead_letter.h"
#include "domain/erasure.h"
#include "domain/expiry.h"
#include "domain/ids.h"
#include "domain/menu_type.h"
#include "domain/preference.h"
#include "ports/order_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace konomi::encoding {

// The values of the stores (docs/formats.md), the same bytes in every engine. What the key says is
// not repeated in the value, so decoders of such rows leave those fields empty. A decoder answers
// `corrupted` for bytes that no encoder wrote, and for a layout of a later version.

std::string encode_order(const StoredOrder& row);  // Without user and order id.
Result<StoredOrder> decode_order(std::string_view value);
Result<Version> decode_order_version(std::string_view value);

std::string encode_number(std::uint64_t number);
Result<std::uint64_t> decode_number(std::string_view value);

std::string encode_watermark(const Watermark& watermark);
Result<Watermark> decode_watermark(std::string_view value);

std::string encode_user_counts(const UserDayCounts& counts);  // Without the day.
Result<UserDayCounts> decode_user_counts(std::string_view value);

std::string encode_bucket_summary(const BucketSummary& summary);
Result<BucketSummary> decode_bucket_summary(std::string_view value);
Result<CountedMarks> decode_counted_marks(std::string_view value);  // Reads a BucketSummary.

std::string encode_moves(const BucketMoves& moves);
Result<BucketMoves> decode_moves(std::string_view value);

std::string encode_day(const DaySummary& summary);  // Without the day.
Result<DaySummary> decode_day(std::string_view value);

std::string encode_progress(const CountProgress& progress);
Result<CountProgress> decode_progress(std::string_view value);

std::string encode_preference(const Preference& preference);
Result<Preference> decode_preference(std::string_view value);

std::string encode_change(const PreferenceChange& change);  // Without the day.
Result<PreferenceChange> decode_change(std::string_view value);

std::string encode_erasure(const Erasure& erasure);  // Without bucket and position.
Result<Erasure> decode_erasure(std::string_view value);

std::string encode_menu_type(const MenuTypeEntry& entry);  // Without the id.
Result<MenuTypeEntry> decode_menu_type(std::string_view value);

std::string encode_data_settings(const DataSettings& settings);
Result<DataSettings> decode_data_settings(std::string_view value);

std::string encode_counting_rules(const CountingRules& rules);
Result<CountingRules> decode_counting_rules(std::string_view value);

std::string encode_expiry(const Expiry& expiry);
Result<Expiry> decode_expiry(std::string_view value);

std::string encode_dead_letter(const DeadLetter& letter);  // Without its own position.
Result<DeadLetter> decode_dead_letter(std::string_view value);

}  // namespace konomi::encoding
