#pragma once

#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Why a request came to nothing.
enum class ClientFailure {
  unknown_host,       // No address is known for the host's name.
  nothing_answers,    // No connection came about.
  no_tls,             // A connection, but no TLS that can be trusted.
  late_answer,        // Nothing came within `timeout`.
  not_http,           // Something came that is not HTTP.
  broken_connection,  // It ended before the answer did.
};

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{60'000};  // Without any progress of a request or its answer.
  std::size_t body_bytes_max = std::size_t{1} << 30;  // Bound of an answer kept in memory.
  std::string api_key;                                // Sent with every request when there is one.
  // What to do about a failure: ends its message, behind "; ". The client knows what happened, its
  // caller knows who reads the message and what they can change. Null: nothing is added.
  std::string_view (*remedy)(ClientFailure failure) = nullptr;
};

struct ClientResponse {
  unsigned status = 0;
  Headers headers;  // Names in lower case.
  std::string body;

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
};

// A blocking HTTP/1.1 client for one server. Keeps its connection, and connects again when the
// server has closed it. Used by one thread at a time.
class Client {
 public:
  // Receives an answer's body piece by piece; an error ends the request with it.
  using BodySink = std::function<Result<void>(std::string_view piece)>;

  // `url` is "http://host:port" or "https://host:port", the port 80 or 443 by default; a path is
  // not allowed. invalid_argument otherwise. Does not connect. A server's certificate must be for
  // that host and come from an authority that the system trusts; the environment variable
  // SSL_CERT_FILE names others, as for every program on OpenSSL.
  static Result<Client> create(std::string_view url, ClientOptions options = {});
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `target` is a path with its query, percent-encoded. Success is any answer, whatever its status.
  // Errors name the URL and what happened, then ClientOptions::remedy: unavailable (nothing
  // answers, the connection broke), timed_out, invalid_argument (the answer is not HTTP, or too
  // large). may_have_happened says whether the request may have been carried out; a GET or PUT may
  // simply be sent again.
  Result<ClientResponse> get(std::string_view target, const Headers& headers = {});
  Result<ClientResponse> post(std::string_view target, std::string_view content_type,
                              std::string_view body, const Headers& headers = {});
  Result<ClientResponse> put(std::string_view target, std::string_view content_type,
                             std::string_view body, const Headers& headers = {});

  // A GET whose body goes to `sink` while it arrives when the status is 200; otherwise the body is
  // in the response.
  Result<ClientResponse> download(std::string_view target, const Headers& headers,
                                  const BodySink& sink);

  // The same for a POST without a body, which may change something: sent once.
  Result<ClientResponse> post_streamed(std::string_view target, const Headers& headers,
                                       const BodySink& sink);

  // The address given to create().
  std::string_view url() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// For a request body sent with Content-Encoding: gzip.
std::string gzip(std::string_view bytes);

}  // namespace konomi::http
