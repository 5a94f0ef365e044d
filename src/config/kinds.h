// Private to config: what the topics build their settings from.
#pragma once

#include "base/result.h"
#include "config/setting.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::config {

// For Setting::serve_only.
inline constexpr bool kServe = true;
inline constexpr bool kEveryCommand = false;

// A setting that `parse`, which gives a Result of the member's type, reads from text, and `print`
// turns into text again.
template <class T>
Setting parsed_setting(std::string_view name, T Config::* member, std::string_view expects,
                       std::string_view help, bool serve_only, auto parse, auto print) {
  return {.name = name,
          .expects = expects,
          .help = help,
          .serve_only = serve_only,
          .set = [=](Config& config, std::string_view text) -> Result<void> {
            KONOMI_TRY(config.*member, parse(text));
            return {};
          },
          .get = [=](const Config& config) { return std::string(print(config.*member)); }};
}

Setting duration_setting(std::string_view name, std::chrono::milliseconds Config::* member,
                         std::string_view help, bool serve_only);

// From `min` to `max`, both included, as all bounds here are.
Setting bytes_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only);

Setting count_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only);

// A text that is taken as it is, but is not empty.
Setting name_setting(std::string_view name, std::string Config::* member, std::string_view expects,
                     std::string_view help);

// The same, or empty for none.
Setting optional_setting(std::string_view name, std::string Config::* member,
                         std::string_view expects, std::string_view help);

// A path, or empty for none; `expects` is FILE or DIR.
Setting path_setting(std::string_view name, std::filesystem::path Config::* member,
                     std::string_view expects, std::string_view help, bool serve_only);

// "a,b": words that `check` lets pass.
Setting list_setting(std::string_view name, std::vector<std::string> Config::* member,
                     std::string_view expects, std::string_view help,
                     bool (*check)(std::string_view word));

}  // namespace konomi::config
