#include "base/assert.h"
#include "domain/business_day.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto day = konomi::parse_business_day(text))
    KONOMI_ASSERT(konomi::to_string(*day) == text, "a day has one text");
  if (const auto start = konomi::parse_day_starts_at(text))
    KONOMI_ASSERT(konomi::day_starts_at_text(*start) == text, "a time of day has one text");
  return 0;
}
