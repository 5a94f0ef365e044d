#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::config {

inline constexpr std::string_view kEnvironmentPrefix = "KONOMI_";
inline constexpr std::string_view kConfigFileVariable = "KONOMI_CONFIG";
// What commands send to a konomi that asks for a key. No settings: a server has no use for them.
inline constexpr std::string_view kApiKeyVariable = "KONOMI_API_KEY";
inline constexpr std::string_view kApiKeyFileVariable = "KONOMI_API_KEY_FILE";

// One variable of this process's environment; nothing: it is not set.
std::optional<std::string> environment_variable(std::string_view name);

// The KONOMI_* variables of this process's environment, as ConfigSources takes them.
std::vector<std::pair<std::string, std::string>> process_environment();

}  // namespace konomi::config
