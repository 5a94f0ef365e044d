#pragma once

#include "base/clock.h"
#include "rest/scope.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::access {

// What konomi keeps of an API key: enough to recognise it, not to use it.
struct ApiKey {
  std::string id;    // Eight hexadecimal digits: the key's public part, for logs and for revoking.
  std::string name;  // Who uses it, as stated when it was made.
  rest::Scopes scopes;
  // The hash of the secret part. A plain hash is enough, because the secret is 256 random bits and
  // cannot be guessed.
  std::string secret_sha256;
  Timestamp created_at;
  std::optional<Timestamp> expires_at;
  std::uint64_t requests_per_second_max = 0;  // 0: what the setting says.

  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

struct MadeKey {
  ApiKey key;
  std::string token;  // What the client sends; shown once and kept nowhere.
};

// With a new id and secret.
MadeKey make_key(std::string name, rest::Scopes scopes, Timestamp now);

// A token is "konomi_ID_SECRET". Points into it; nothing when it is none.
struct TokenParts {
  std::string_view id;
  std::string_view secret;
};
std::optional<TokenParts> split_token(std::string_view token);

// A session of the page, "ID.EXPIRY.SIGNATURE", signed with what only the key file holds. So every
// process that reads the same file accepts it, and it ends with its key.
std::string sign_session(const ApiKey& key, Timestamp expires_at);

// The id of the key that a session claims to come from; nothing when it is none.
std::optional<std::string_view> session_key(std::string_view session);

// Whether `key` signed the session and it has not expired.
bool session_is_valid(const ApiKey& key, std::string_view session, Timestamp now);

}  // namespace konomi::access
