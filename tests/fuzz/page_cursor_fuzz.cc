#include "base/assert.h"
#include "rest/page_cursor.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Whatever a client sends as a cursor: it is refused, or it is the very text that encode_cursor()
// makes for the position read from it. And every position survives the way there and back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kList = "a list";
  if (const auto position = konomi::rest::decode_cursor(kList, input)) {
    KONOMI_ASSERT(konomi::rest::encode_cursor(kList, *position) == input,
                  "two texts, one position");
  }
  if (size > 1024) return 0;
  const auto again = konomi::rest::decode_cursor(kList, konomi::rest::encode_cursor(kList, input));
  KONOMI_ASSERT(again && *again == input, "the position changed on the way");
  return 0;
}
