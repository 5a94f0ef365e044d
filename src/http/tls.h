#pragma once

#include "base/clock.h"
#include "base/file_stamp.h"
#include "base/mutex.h"
#include "base/result.h"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>
#include <string>

namespace konomi::http {

struct TlsFiles {
  std::string certificate;  // PEM: the server's certificate, then those between it and the root.
  std::string key;          // PEM, without a pass phrase.
};

// The certificate that a server shows, as it lies in its files now: connections that exist keep
// what they began with. Safe from every thread.
class TlsCertificate {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  // invalid_argument when a file cannot be read, is not PEM, or the key is not the certificate's.
  static Result<std::unique_ptr<TlsCertificate>> load(TlsFiles files);

  // Reads the files again if they have changed; true when the certificate is a new one. On an error
  // the old one stays, and the next call tries again.
  Result<bool> reload_if_changed();

  Context context() const;
  Timestamp not_after() const;  // When the certificate expires.

 private:
  struct Loaded {
    Context context;
    Timestamp not_after;
    std::optional<FileStamp> certificate_stamp;
    std::optional<FileStamp> key_stamp;
  };

  TlsCertificate(TlsFiles files, Loaded loaded)
      : files_(std::move(files)), loaded_(std::move(loaded)) {}
  static Result<Loaded> read(const TlsFiles& files);

  const TlsFiles files_;

  mutable Mutex mutex_;
  Loaded loaded_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::http
