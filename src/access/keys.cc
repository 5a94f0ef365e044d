#include "access/keys.h"

#include "access/key_file.h"
#include "base/digest.h"

#include <utility>

namespace konomi::access {

Result<std::unique_ptr<Keys>> Keys::open(std::string path) {
  std::unique_ptr<Keys> keys(new Keys(std::move(path)));
  KONOMI_CHECK_OK(keys->reload_if_changed());
  return keys;
}

Result<bool> Keys::reload_if_changed() {
  // Looked at before it is read: a change in between is seen by the next look.
  const auto stamp = stamp_of(path_);
  {
    const MutexLock lock(mutex_);
    if (stamp && stamp == stamp_) return false;
  }
  KONOMI_TRY(std::vector<ApiKey> read, read_key_file(path_));
  const MutexLock lock(mutex_);
  Table keys;
  for (ApiKey& key : read) {
    const auto before = keys_.find(key.id);
    auto rate = before == keys_.end() ? std::make_shared<RateLimit>() : before->second->rate;
    std::string id = key.id;
    keys.emplace(std::move(id), std::make_shared<const KnownKey>(
                                    KnownKey{.key = std::move(key), .rate = std::move(rate)}));
  }
  keys_ = std::move(keys);
  stamp_ = stamp;
  return true;
}

std::shared_ptr<const KnownKey> Keys::find(std::string_view id, Timestamp now) const {
  const MutexLock lock(mutex_);
  const auto found = keys_.find(id);
  if (found == keys_.end()) return nullptr;
  const auto& expires_at = found->second->key.expires_at;
  return expires_at && *expires_at <= now ? nullptr : found->second;
}

std::shared_ptr<const KnownKey> Keys::of_token(std::string_view token, Timestamp now) const {
  static const std::string kNobodys(64, '0');
  const auto parts = split_token(token);
  if (!parts) return nullptr;
  auto known = find(parts->id, now);
  // Whether or not there is such a key, one secret is hashed and compared.
  const std::string& expected = known ? known->key.secret_sha256 : kNobodys;
  if (!equal_in_constant_time(sha256_hex(parts->secret), expected)) return nullptr;
  return known;
}

std::shared_ptr<const KnownKey> Keys::of_session(std::string_view session, Timestamp now) const {
  const auto id = session_key(session);
  auto known = id ? find(*id, now) : nullptr;
  return known && session_is_valid(known->key, session, now) ? known : nullptr;
}

std::size_t Keys::size() const {
  const MutexLock lock(mutex_);
  return keys_.size();
}

}  // namespace konomi::access
