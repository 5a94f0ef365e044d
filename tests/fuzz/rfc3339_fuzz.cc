#include "base/assert.h"
#include "domain/timestamp.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto instant = konomi::parse_rfc3339(text);
  if (!instant) {
    KONOMI_ASSERT(!instant.error().message.empty(), "a refusal says why");
    return 0;
  }
  // An offset can lead out of the years that the text form has.
  constexpr auto kYearMin = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
  constexpr auto kYearEnd = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1);
  if (*instant < kYearMin || *instant >= kYearEnd) return 0;
  const auto again = konomi::parse_rfc3339(konomi::to_rfc3339(*instant));
  KONOMI_ASSERT(again, "what was written is a time");
  KONOMI_ASSERT(*again == *instant, "what was written is the same time");
  return 0;
}
