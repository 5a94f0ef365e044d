#include "tests/fuzz/order_body.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  konomi::fuzz::check_body(konomi::ingest::BodyFormat::json, text);
  konomi::fuzz::check_body(konomi::ingest::BodyFormat::first_version, text);
  return 0;
}
