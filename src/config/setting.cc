#include "config/setting.h"

#include "config/environment.h"
#include "config/topics.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <vector>

namespace konomi::config {
namespace {

std::vector<Setting> every_topic() {
  std::vector<Setting> table;
  for (auto* const topic :
       {place_settings, business_settings, access_settings, retention_settings, kafka_settings,
        cassandra_settings, counting_settings, http_settings, process_settings}) {
    std::ranges::move(topic(), std::back_inserter(table));
  }
  return table;
}

}  // namespace

std::string Setting::flag() const {
  std::string out = "--" + std::string(name);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string Setting::environment() const {
  std::string out(kEnvironmentPrefix);
  for (const char c : name) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> kTable = every_topic();
  return kTable;
}

const Setting* find_setting(std::string_view name) {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

}  // namespace konomi::config
