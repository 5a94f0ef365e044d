#include "base/assert.h"
#include "encoding/values.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace konomi::encoding;

// What is accepted comes to rest: written and read again it is the same. Bytes of no encoder may be
// taken for the value that they are nearest to, but never for another one the second time.
template <auto decode, auto encode>
void check(std::string_view value) {
  const auto decoded = decode(value);
  if (!decoded) {
    KONOMI_ASSERT(decoded.error().code == konomi::ErrorCode::corrupted, "it says corrupted");
    return;
  }
  const std::string written = encode(*decoded);
  const auto again = decode(written);
  KONOMI_ASSERT(again, "what was written is read");
  KONOMI_ASSERT(encode(*again) == written, "what was written is read as the same");
}

// A new kind goes to the end, for seeds begin with its number.
constexpr std::array<void (*)(std::string_view), 15> kKinds = {
    check<decode_order, encode_order>,
    check<decode_number, encode_number>,
    check<decode_watermark, encode_watermark>,
    check<decode_user_counts, encode_user_counts>,
    check<decode_bucket_summary, encode_bucket_summary>,
    check<decode_moves, encode_moves>,
    check<decode_day, encode_day>,
    check<decode_progress, encode_progress>,
    check<decode_preference, encode_preference>,
    check<decode_change, encode_change>,
    check<decode_menu_type, encode_menu_type>,
    check<decode_data_settings, encode_data_settings>,
    check<decode_dead_letter, encode_dead_letter>,
    check<decode_counting_rules, encode_counting_rules>,
    check<decode_erasure, encode_erasure>,
};

}  // namespace

// The first byte chooses the kind of value, the rest is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || data[0] >= kKinds.size()) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data) + 1, size - 1);
  kKinds[data[0]](value);
  // Parts that are read alone agree with the whole, or refuse.
  if (const auto summary = decode_bucket_summary(value)) {
    const auto counted = decode_counted_marks(value);
    KONOMI_ASSERT(counted && counted->marks == summary->counted_up_to, "the same marks");
    KONOMI_ASSERT(counted->generation == generation_of(summary->version), "the same generation");
  }
  if (const auto row = decode_order(value)) {
    const auto version = decode_order_version(value);
    KONOMI_ASSERT(version && *version == row->version, "the same version");
  }
  return 0;
}
