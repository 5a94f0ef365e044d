#include "config/kinds.h"

#include "config/units.h"
#include "domain/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace konomi::config {

Setting duration_setting(std::string_view name, std::chrono::milliseconds Config::* member,
                         std::string_view help, bool serve_only) {
  return parsed_setting(name, member, "DURATION", help, serve_only, parse_duration, duration_text);
}

Setting bytes_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only) {
  const auto parse = [=](std::string_view text) -> Result<std::uint64_t> {
    KONOMI_TRY(const std::uint64_t bytes, parse_bytes(text));
    if (bytes < min || bytes > max) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} is out of range; expected {} to {}", quote(text), bytes_text(min),
                              bytes_text(max)));
    }
    return bytes;
  };
  return parsed_setting(name, member, "BYTES", help, serve_only, parse, bytes_text);
}

Setting count_setting(std::string_view name, std::uint64_t Config::* member, std::uint64_t min,
                      std::uint64_t max, std::string_view help, bool serve_only) {
  const auto parse = [=](std::string_view text) { return parse_count(text, min, max); };
  const auto print = [](std::uint64_t count) { return fmt::to_string(count); };
  Setting setting = parsed_setting(name, member, "NUMBER", help, serve_only, parse, print);
  setting.quoted = false;
  return setting;
}

Setting name_setting(std::string_view name, std::string Config::* member, std::string_view expects,
                     std::string_view help) {
  Setting setting = optional_setting(name, member, expects, help);
  setting.set = [=](Config& config, std::string_view text) -> Result<void> {
    if (text.empty()) {
      return fail(ErrorCode::invalid_argument, fmt::format("\"\" is no {}", expects));
    }
    config.*member = text;
    return {};
  };
  return setting;
}

Setting optional_setting(std::string_view name, std::string Config::* member,
                         std::string_view expects, std::string_view help) {
  const auto parse = [](std::string_view text) { return Result<std::string>(text); };
  const auto print = [](const std::string& text) { return text; };
  return parsed_setting(name, member, expects, help, kEveryCommand, parse, print);
}

Setting path_setting(std::string_view name, std::filesystem::path Config::* member,
                     std::string_view expects, std::string_view help, bool serve_only) {
  const auto parse = [](std::string_view text) { return Result<std::filesystem::path>(text); };
  const auto print = [](const std::filesystem::path& path) { return path.string(); };
  return parsed_setting(name, member, expects, help, serve_only, parse, print);
}

Setting list_setting(std::string_view name, std::vector<std::string> Config::* member,
                     std::string_view expects, std::string_view help,
                     bool (*check)(std::string_view word)) {
  const auto parse = [=](std::string_view text) -> Result<std::vector<std::string>> {
    std::vector<std::string> words;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      const std::string_view word = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!check(word)) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is none; expected {}", quote(word), expects));
      }
      words.emplace_back(word);
    }
    return words;
  };
  const auto print = [](const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ","));
  };
  return parsed_setting(name, member, expects, help, kServe, parse, print);
}

}  // namespace konomi::config
