#include "http/tls.h"

#include <boost/asio/ssl.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

namespace konomi::http {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::unexpected<Error> unusable(std::string_view what, const std::string& file,
                                std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("the {} in {} cannot be used: {}; expected PEM, and the key that belongs "
                          "to the certificate",
                          what, file, why));
}

// ALPN: this server speaks HTTP/1.1 only. A client that offers nothing gets that as well.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kHttp11, sizeof kHttp11, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Timestamp expiry_of(SSL_CTX* context) {
  std::tm time{};
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) {
    return {};
  }
  return Timestamp(std::chrono::seconds(::timegm(&time)));
}

}  // namespace

Result<TlsCertificate::Loaded> TlsCertificate::read(const TlsFiles& files) {
  // Looked at before they are read: a change in between is seen by the next look.
  Loaded loaded{.certificate_stamp = stamp_of(files.certificate), .key_stamp = stamp_of(files.key)};
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  error_code error;
  context->use_certificate_chain_file(files.certificate, error);
  if (error) return unusable("certificate", files.certificate, error.message());
  context->use_private_key_file(files.key, ssl::context::pem, error);
  if (error) return unusable("key", files.key, error.message());
  if (SSL_CTX_check_private_key(native) != 1) {
    return unusable("key", files.key, "it is another certificate's");
  }
  loaded.not_after = expiry_of(native);
  loaded.context = std::move(context);
  return loaded;
}

Result<std::unique_ptr<TlsCertificate>> TlsCertificate::load(TlsFiles files) {
  KONOMI_TRY(Loaded loaded, read(files));
  return std::unique_ptr<TlsCertificate>(new TlsCertificate(std::move(files), std::move(loaded)));
}

Result<bool> TlsCertificate::reload_if_changed() {
  {
    const MutexLock lock(mutex_);
    if (stamp_of(files_.certificate) == loaded_.certificate_stamp &&
        stamp_of(files_.key) == loaded_.key_stamp) {
      return false;
    }
  }
  KONOMI_TRY(Loaded loaded, read(files_));
  const MutexLock lock(mutex_);
  loaded_ = std::move(loaded);
  return true;
}

TlsCertificate::Context TlsCertificate::context() const {
  const MutexLock lock(mutex_);
  return loaded_.context;
}

Timestamp TlsCertificate::not_after() const {
  const MutexLock lock(mutex_);
  return loaded_.not_after;
}

}  // namespace konomi::http
