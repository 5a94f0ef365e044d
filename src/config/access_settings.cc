#include "config/kinds.h"
#include "config/topics.h"

namespace konomi::config {
namespace {

bool is_host(std::string_view text) {
  return !text.empty() && text.find_first_of(":/* ") == std::string_view::npos;
}

// As a browser writes it: scheme, host, and the port unless it is the scheme's own.
bool is_origin(std::string_view text) {
  const bool https = text.starts_with("https://");
  if (!https && !text.starts_with("http://")) return false;
  const std::string_view rest = text.substr(https ? 8 : 7);
  return !rest.empty() && rest.find_first_of("/?#@* ") == std::string_view::npos;
}

}  // namespace

std::vector<Setting> access_settings() {
  return {
      path_setting("keys_file", &Config::keys_file, "FILE",
                   "The API keys that may be used, by `konomi keys`; without it everybody on this "
                   "machine may do everything",
                   kEveryCommand),
      count_setting("requests_per_second_max", &Config::requests_per_second_max, 0, 1'000'000'000,
                    "Of an API key that has no bound of its own; 0: no bound", kServe),
      path_setting("audit_file", &Config::audit_file, "FILE",
                   "Who exported, replayed, erased or changed what, a JSON object a line; without "
                   "it on the log",
                   kEveryCommand),
      path_setting("tls_cert_file", &Config::tls_cert_file, "FILE",
                   "The server's certificate chain (PEM), read again when it changes; turns TLS on",
                   kEveryCommand),
      path_setting("tls_key_file", &Config::tls_key_file, "FILE",
                   "The key of that certificate (PEM)", kEveryCommand),
      list_setting("allowed_hosts", &Config::allowed_hosts, "HOST,…",
                   "Without keys_file: other names under which a proxy on this machine asks",
                   is_host),
      list_setting("cors_origins", &Config::cors_origins, "https://HOST,…",
                   "Other pages that may call this server from a browser", is_origin),
  };
}

}  // namespace konomi::config
