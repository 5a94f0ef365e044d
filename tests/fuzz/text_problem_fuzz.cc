#include "base/assert.h"
#include "domain/text.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

// Category Cc in well-formed UTF-8: U+0000 to U+001F, U+007F to U+009F.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool fine =
      simdjson::validate_utf8(text.data(), text.size()) && !has_control_character(text);
  KONOMI_ASSERT(fine == !konomi::text_problem(text).has_value(), "another validator agrees");
  const std::string quoted = konomi::quote(text);
  KONOMI_ASSERT(!konomi::text_problem(quoted), "a quoted text can be shown");
  KONOMI_ASSERT(quoted.size() <= 300, "a quoted text is short");
  return 0;
}
