#pragma once

#include "access/api_key.h"
#include "access/rate_limit.h"
#include "base/file_stamp.h"
#include "base/mutex.h"
#include "base/result.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::access {

// A key in use. Its holder sees it unchanged even after the file has changed.
struct KnownKey {
  ApiKey key;
  std::shared_ptr<RateLimit> rate;  // Outlives a reload.
};

// The keys of a file, as it is now. Safe from every thread.
class Keys {
 public:
  // Errors are those of read_key_file().
  static Result<std::unique_ptr<Keys>> open(std::string path);

  // Reads the file again if it has changed; true when it has. On an error, also when the file is
  // gone, the keys stay as they were, and the next call tries again.
  Result<bool> reload_if_changed();

  // The key of this token or session, if it is one, known, and not expired. Takes the same time for
  // every wrong secret of every key.
  std::shared_ptr<const KnownKey> of_token(std::string_view token, Timestamp now) const;
  std::shared_ptr<const KnownKey> of_session(std::string_view session, Timestamp now) const;

  std::size_t size() const;

 private:
  using Table = std::map<std::string, std::shared_ptr<const KnownKey>, std::less<>>;

  explicit Keys(std::string path) : path_(std::move(path)) {}
  std::shared_ptr<const KnownKey> find(std::string_view id, Timestamp now) const;

  const std::string path_;

  mutable Mutex mutex_;
  Table keys_ KONOMI_GUARDED_BY(mutex_);
  std::optional<FileStamp> stamp_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::access
