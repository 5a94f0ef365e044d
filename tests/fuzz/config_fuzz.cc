#include "base/assert.h"
#include "config/load.h"
#include "config/print.h"
#include "config/setting.h"
#include "config/units.h"

#include <cstdint>

// Any TOML gives settings or problems, and settings that were accepted are printed in a form that
// is read back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace konomi::config;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  LoadedConfig config;
  std::vector<std::string> problems;
  for (const Setting& setting : settings()) config.origins[std::string(setting.name)] = "default";
  apply_toml(input, "fuzz", config, problems);

  LoadedConfig again;
  std::vector<std::string> none;
  apply_toml(print_config_toml(config), "printed", again, none);
  KONOMI_ASSERT(none.empty(), "a printed configuration is refused");
  for (const Setting& setting : settings()) {
    KONOMI_ASSERT(setting.get(config.values) == setting.get(again.values), setting.name);
  }
  if (const auto duration = parse_duration(input)) {
    KONOMI_ASSERT(parse_duration(duration_text(*duration)).value() == *duration, "durations");
  }
  if (const auto bytes = parse_bytes(input)) {
    KONOMI_ASSERT(parse_bytes(bytes_text(*bytes)).value() == *bytes, "bytes");
  }
  return 0;
}
