#include "config/kinds.h"
#include "config/topics.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace konomi::config {
namespace {

Result<EngineKind> parse_engine(std::string_view text) {
  for (const auto kind : {EngineKind::embedded, EngineKind::cluster}) {
    if (text == name_of(kind)) return kind;
  }
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is unknown; expected \"embedded\" or \"cluster\"", quote(text)));
}

Result<std::filesystem::path> parse_data_dir(std::string_view text) {
  if (text.empty())
    return fail(ErrorCode::invalid_argument, "\"\" is no directory; expected a path");
  return text;
}

struct RoleName {
  std::string_view name;
  bool Roles::* member;
};
constexpr RoleName kRoleNames[] = {{"ingest", &Roles::ingest},
                                   {"consume", &Roles::consume},
                                   {"aggregate", &Roles::aggregate},
                                   {"api", &Roles::api}};

Result<Roles> parse_roles(std::string_view text) {
  Roles roles{.ingest = false, .consume = false, .aggregate = false, .api = false};
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view word = text.substr(0, comma);
    const auto role = std::ranges::find(kRoleNames, word, &RoleName::name);
    if (role == std::end(kRoleNames)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} names an unknown role {}; expected a list of ingest, consume, "
                              "aggregate and api, separated by commas",
                              quote(whole), quote(word)));
    }
    roles.*role->member = true;
    if (comma == std::string_view::npos) return roles;
    text.remove_prefix(comma + 1);
  }
}

std::string engine_text(EngineKind kind) {
  return std::string(name_of(kind));
}

}  // namespace

std::string roles_text(const Roles& roles) {
  std::string out;
  for (const RoleName& role : kRoleNames) {
    if (roles.*role.member)
      fmt::format_to(std::back_inserter(out), "{}{}", out.empty() ? "" : ",", role.name);
  }
  return out;
}

std::vector<Setting> place_settings() {
  return {
      parsed_setting("engine", &Config::engine, "NAME",
                     "Where orders and figures are kept: \"embedded\" (this process and its data "
                     "directory) or \"cluster\" (Kafka and Cassandra)",
                     kEveryCommand, parse_engine, engine_text),
      parsed_setting("data_dir", &Config::data_dir, "DIR",
                     "The directory of the embedded engine, made when it is missing", kEveryCommand,
                     parse_data_dir, [](const auto& path) { return path.string(); }),
      path_setting("backup_dir", &Config::backup_dir, "DIR",
                   "Embedded: where a running konomi puts the backups it is asked for; its alone",
                   kServe),
      parsed_setting("listen", &Config::listen, "HOST:PORT",
                     "Where HTTP is served; other machines need keys_file; port 0 takes any free "
                     "one",
                     kServe, parse_listen_address,
                     [](const ListenAddress& address) { return to_string(address); }),
      parsed_setting("roles", &Config::roles, "LIST",
                     "What this process does: ingest,consume,aggregate,api", kServe, parse_roles,
                     roles_text),
  };
}

}  // namespace konomi::config
