#include "access/api_key.h"

#include "base/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace konomi::access {
namespace {

constexpr std::string_view kPrefix = "konomi_";
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kSecretBytes = 32;

bool is_hex(std::string_view text, std::size_t bytes) {
  return text.size() == 2 * bytes && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

struct SessionParts {
  std::string_view id;
  std::string_view signed_text;  // Id and expiry.
  std::string_view signature;
  std::int64_t expires_s = 0;
};

std::optional<SessionParts> split_session(std::string_view session) {
  const std::size_t first = session.find('.');
  const std::size_t last = session.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  SessionParts parts{.id = session.substr(0, first),
                     .signed_text = session.substr(0, last),
                     .signature = session.substr(last + 1)};
  const std::string_view expiry = session.substr(first + 1, last - first - 1);
  const auto [end, error] =
      std::from_chars(expiry.data(), expiry.data() + expiry.size(), parts.expires_s);
  if (error != std::errc{} || end != expiry.data() + expiry.size()) return std::nullopt;
  if (!is_hex(parts.id, kIdBytes)) return std::nullopt;
  return parts;
}

std::string signature_of(const ApiKey& key, std::string_view signed_text) {
  return hmac_sha256_hex("konomi session " + key.secret_sha256, signed_text);
}

}  // namespace

MadeKey make_key(std::string name, rest::Scopes scopes, Timestamp now) {
  MadeKey made;
  const std::string secret = random_hex(kSecretBytes);
  made.key.id = random_hex(kIdBytes);
  made.key.name = std::move(name);
  made.key.scopes = scopes;
  made.key.secret_sha256 = sha256_hex(secret);
  made.key.created_at = now;
  made.token = fmt::format("{}{}_{}", kPrefix, made.key.id, secret);
  return made;
}

std::optional<TokenParts> split_token(std::string_view token) {
  if (!token.starts_with(kPrefix)) return std::nullopt;
  token.remove_prefix(kPrefix.size());
  const std::size_t line = token.find('_');
  if (line == std::string_view::npos) return std::nullopt;
  const TokenParts parts{.id = token.substr(0, line), .secret = token.substr(line + 1)};
  if (!is_hex(parts.id, kIdBytes) || !is_hex(parts.secret, kSecretBytes)) return std::nullopt;
  return parts;
}

std::string sign_session(const ApiKey& key, Timestamp expires_at) {
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(expires_at).time_since_epoch().count();
  const std::string signed_text = fmt::format("{}.{}", key.id, seconds);
  return signed_text + "." + signature_of(key, signed_text);
}

std::optional<std::string_view> session_key(std::string_view session) {
  const auto parts = split_session(session);
  if (!parts) return std::nullopt;
  return parts->id;
}

bool session_is_valid(const ApiKey& key, std::string_view session, Timestamp now) {
  const auto parts = split_session(session);
  return parts && parts->id == key.id &&
         equal_in_constant_time(parts->signature, signature_of(key, parts->signed_text)) &&
         now < Timestamp(std::chrono::seconds(parts->expires_s));
}

}  // namespace konomi::access
