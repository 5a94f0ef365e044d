#include "access/audit_log.h"
#include "access/key_file.h"
#include "cli/command.h"
#include "config/units.h"
#include "domain/text.h"
#include "domain/timestamp.h"
#include "rest/scope.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

namespace konomi::cli {
namespace {

constexpr std::size_t kNameBytesMax = 100;

struct KeysFlags {
  std::string name;
  std::string scopes;
  std::string expires_in;
  std::uint64_t requests_per_second_max = 0;
  std::string id;
};

bool settings_of_keys(const config::Setting& setting) {
  return setting.name == "keys_file" || setting.name == "audit_file";
}

std::string user_of_the_system() {
  const passwd* const user = ::getpwuid(::getuid());
  return user != nullptr ? user->pw_name : fmt::format("uid {}", ::getuid());
}

Result<std::string> file_of(const config::Config& config) {
  if (!config.keys_file.empty()) return config.keys_file.string();
  return fail(ErrorCode::invalid_argument,
              "keys_file is not set; name the file of the keys with --keys-file, KONOMI_KEYS_FILE "
              "or in the configuration file");
}

Result<void> audit(const config::Config& config, const Process& process, std::string action,
                   const access::ApiKey& key) {
  if (config.audit_file.empty()) return {};  // A command has no log that anybody keeps.
  return access::AuditLog(config.audit_file.string(), process.clock)
      .write({.action = std::move(action),
              .target = key.id,
              .name = user_of_the_system(),
              .details = {{"name", key.name}, {"scopes", to_string(key.scopes)}}});
}

// `token` only when the key has just been made.
void write_key(wire::JsonWriter& json, const access::ApiKey& key, std::string_view token = {}) {
  json.begin_object();
  json.key("id").text(key.id);
  json.key("name").text(key.name);
  json.key("scopes").text(to_string(key.scopes));
  json.key("created_at").instant(key.created_at);
  json.key("expires_at");
  key.expires_at ? json.instant(*key.expires_at) : json.null();
  json.key("requests_per_second_max").number(key.requests_per_second_max);
  if (!token.empty()) json.key("key").text(token);
  json.end_object();
}

Result<access::MadeKey> wanted_key(const KeysFlags& flags, Timestamp now) {
  if (flags.name.empty() || flags.name.size() > kNameBytesMax || text_problem(flags.name)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--name is {}; expected whose key it is, in 1 to {} bytes of text",
                            quote(flags.name), kNameBytesMax));
  }
  KONOMI_TRY(const rest::Scopes scopes, rest::parse_scopes(flags.scopes));
  access::MadeKey made = access::make_key(flags.name, scopes, now);
  if (!flags.expires_in.empty()) {
    KONOMI_TRY(const auto time, config::parse_duration(flags.expires_in));
    made.key.expires_at = now + time;
  }
  made.key.requests_per_second_max = flags.requests_per_second_max;
  return made;
}

Result<void> create(const config::Config& config, const KeysFlags& flags, bool json,
                    const Process& process) {
  KONOMI_TRY(const std::string file, file_of(config));
  KONOMI_TRY(const access::MadeKey made, wanted_key(flags, process.clock.now()));
  KONOMI_CHECK_OK(access::change_key_file(file, [&](std::vector<access::ApiKey>& keys) {
    keys.push_back(made.key);
    return audit(config, process, "keys create", made.key);
  }));
  if (json) {
    wire::JsonWriter line;
    write_key(line, made.key, made.token);
    fmt::print(process.out, "{}", line.end_line().take());
    return {};
  }
  fmt::print(process.out, "{}\n", made.token);
  fmt::print(process.err,
             "konomi: this is the key {} of {} ({}); it is shown this once. {} holds its hash, and "
             "a running konomi that uses this file knows it within seconds.\n",
             made.key.id, made.key.name, to_string(made.key.scopes), file);
  return {};
}

Result<void> list(const config::Config& config, bool json, const Process& process) {
  KONOMI_TRY(const std::string file, file_of(config));
  KONOMI_TRY(const auto keys, access::read_key_file(file));
  if (json) {
    wire::JsonWriter line;
    line.begin_object().key("keys").begin_array();
    for (const access::ApiKey& key : keys) write_key(line, key);
    fmt::print(process.out, "{}", line.end_array().end_object().end_line().take());
    return {};
  }
  fmt::print(process.out, "{:<8}  {:<30}  {:<25}  {:<20}  {}\n", "id", "scopes", "created",
             "expires", "name");
  for (const access::ApiKey& key : keys) {
    const bool expired = key.expires_at && *key.expires_at <= process.clock.now();
    fmt::print(process.out, "{:<8}  {:<30}  {:<25}  {:<20}  {}\n", key.id, to_string(key.scopes),
               to_rfc3339(key.created_at),
               expired          ? "expired"
               : key.expires_at ? to_rfc3339(*key.expires_at)
                                : "never",
               key.name);
  }
  return {};
}

Result<void> revoke(const config::Config& config, const std::string& id, const Process& process) {
  KONOMI_TRY(const std::string file, file_of(config));
  KONOMI_CHECK_OK(
      access::change_key_file(file, [&](std::vector<access::ApiKey>& keys) -> Result<void> {
        const auto found = std::ranges::find(keys, id, &access::ApiKey::id);
        if (found == keys.end()) {
          return fail(ErrorCode::not_found,
                      fmt::format("there is no key {} in {}; `konomi keys list` shows them",
                                  quote(id), file));
        }
        const access::ApiKey key = *found;
        keys.erase(found);
        return audit(config, process, "keys revoke", key);
      }));
  fmt::print(process.err,
             "konomi: the key {} is revoked; a running konomi refuses it within seconds\n", id);
  return {};
}

void finish(CLI::App& command, const Process& process, Action& chosen,
            const std::shared_ptr<KeysFlags>& flags, auto run) {
  const auto settings = SettingFlags::add(command, settings_of_keys);
  const auto output = add_output_flag(command);
  command.callback([&process, &chosen, flags, settings, output, run] {
    chosen = [&process, flags, settings, output, run]() -> int {
      const auto config = settings->load(process);
      if (!config) return kUsage;
      const Result<void> done = run(config->values, *flags, *output == "json", process);
      if (done) return kOk;
      failed(process, done.error());
      return done.error().code == ErrorCode::invalid_argument ? kUsage : kFailed;
    };
  });
}

}  // namespace

void add_keys_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const keys = app.add_subcommand("keys", "Make, list and revoke API keys");
  keys->require_subcommand(1);
  keys->footer(
      R"(A client sends its key as "Authorization: Bearer KEY"; the page signs in with one. Several
keys may be valid at a time: to renew one, make another, give it to the client, and revoke the old
one.
A running konomi reads the file again by itself.

Scopes, each for itself:
  ingest   send orders
  read     figures, segments in pages, single guests: what the page shows
  export   take whole lists away
  metrics  scrape /metrics
  admin    menu types, dead letters, verifications, backups, erasures

Examples:
  konomi keys create --keys-file keys.toml --name "till 1" --scopes ingest
  konomi keys create --keys-file keys.toml --name marketing --scopes read,export --expires-in 90d
  konomi keys list --keys-file keys.toml
  konomi keys revoke 3f9a2c1b --keys-file keys.toml)");

  const auto flags = std::make_shared<KeysFlags>();
  CLI::App* const creating = keys->add_subcommand("create", "Make a key, and print it once");
  creating->add_option("--name", flags->name, "Whose key it is")->required()->option_text("NAME");
  creating->add_option("--scopes", flags->scopes, "What it may do")
      ->required()
      ->option_text("ingest,read,export,metrics,admin");
  creating->add_option("--expires-in", flags->expires_in, "After this time it is refused")
      ->option_text("DURATION [never]");
  creating
      ->add_option("--requests-per-second-max", flags->requests_per_second_max,
                   "Beyond: 429; 0: what the setting says")
      ->option_text("NUMBER [0]");
  finish(*creating, process, chosen, flags,
         [](const config::Config& config, const KeysFlags& given, bool json, const Process& own) {
           return create(config, given, json, own);
         });

  CLI::App* const listing = keys->add_subcommand("list", "Show the keys, without their secrets");
  finish(*listing, process, chosen, flags,
         [](const config::Config& config, const KeysFlags&, bool json, const Process& own) {
           return list(config, json, own);
         });

  CLI::App* const revoking = keys->add_subcommand("revoke", "Have a key refused from now on");
  revoking->add_option("ID", flags->id, "The key's id, as `konomi keys list` shows it")->required();
  finish(*revoking, process, chosen, flags,
         [](const config::Config& config, const KeysFlags& given, bool, const Process& own) {
           return revoke(config, given.id, own);
         });
}

}  // namespace konomi::cli
