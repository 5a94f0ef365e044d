#include "http/client.h"

#include "base/assert.h"
#include "http/stream.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <limits>
#include <new>

namespace konomi::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

struct Address {
  std::string host;  // Without the brackets of an IPv6 address.
  std::string port;
  std::string authority;  // As it goes into the Host header.
  bool tls = false;
};

Result<Address> parse_url(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("expected an address such as http://127.0.0.1:8080, not \"{}\": {}", url, why));
  };
  const bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://")) return bad("it does not start with http:// or https://");
  std::string_view rest = url.substr(url.find("//") + 2);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) return bad("it is more than a host");

  Address address{.port = tls ? "443" : "80", .authority = std::string(rest), .tls = tls};
  const std::size_t bracket = rest.starts_with('[') ? rest.find(']') : 0;
  if (bracket == std::string_view::npos) return bad("the ] is missing");
  const std::size_t colon = rest.find(':', bracket);
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return bad("the host is missing");
  address.host = host;
  if (colon == std::string_view::npos) return address;
  const std::string_view port = rest.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535) {
    return bad("the port is no number from 1 to 65535");
  }
  address.port = port;
  return address;
}

// Whether the server has closed the kept connection, or sent what nobody asked for. Under TLS that
// may be a ticket, which does not make the connection useless: then it only costs another one.
bool is_stale(Socket& socket) {
  char byte = 0;
  const ssize_t peeked = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return peeked >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

std::optional<std::string_view> ClientResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return std::nullopt;
}

class Client::Impl {
 public:
  Impl(std::string url, Address address, ClientOptions options)
      : url_(std::move(url)), address_(std::move(address)), options_(std::move(options)) {}

  const std::string& url() const { return url_; }

  Result<ClientResponse> send(beast::http::verb method, std::string_view target,
                              std::string_view content_type, std::string_view body,
                              const Headers& headers, const BodySink* sink) {
    Message request(method, target, 11);
    request.set(beast::http::field::host, address_.authority);
    request.set(beast::http::field::user_agent, "konomi");
    if (!content_type.empty()) request.set(beast::http::field::content_type, content_type);
    if (!options_.api_key.empty()) {
      request.set(beast::http::field::authorization, "Bearer " + options_.api_key);
    }
    for (const auto& [name, value] : headers) request.set(name, value);
    if (method != beast::http::verb::get) {
      request.body() = beast::http::span_body<const char>::value_type(body.data(), body.size());
      request.content_length(body.size());
    }
    try {
      Result<ClientResponse> response = send_on_connection(request, sink);
      if (!response) disconnect();
      return response;
    } catch (const std::exception& error) {
      disconnect();
      return fail(ErrorCode::unavailable,
                  fmt::format("the request to {}{} failed: {}", url_, target, error.what()));
    }
  }

 private:
  using Message = beast::http::request<beast::http::span_body<const char>>;

  void disconnect() { stream_.reset(); }

  Result<ClientResponse> send_on_connection(Message& request, const BodySink* sink) {
    const bool kept = stream_ && !is_stale(stream_->socket());
    if (!kept) KONOMI_CHECK_OK(connect());
    bool answered = false;
    error_code error = write(request);
    Result<ClientResponse> response = ClientResponse{};
    if (!error) response = read(sink, error, answered);
    // The server may have closed the kept connection while the request was on its way. What may
    // be repeated without harm is sent once more; a POST is for the caller to judge.
    const bool stale = kept && error && !answered && error != beast::error::timeout;
    if (stale && request.method() != beast::http::verb::post) {
      KONOMI_CHECK_OK(connect());
      error = write(request);
      if (!error) response = read(sink, error, answered);
    }
    if (error) return std::unexpected(failure(request, error));
    return response;
  }

  Result<void> connect() {
    disconnect();
    open_stream();
    asio::ip::tcp::resolver resolver(io_);
    error_code error;
    const auto found = resolver.resolve(address_.host, address_.port, error);
    if (error) {
      disconnect();
      return std::unexpected(
          failure(ClientFailure::unknown_host,
                  fmt::format("the host of {} is not known ({})", url_, error.message())));
    }
    asio::async_connect(stream_->socket(), found,
                        [&](error_code result, const auto&) { error = result; });
    run(options_.connect_timeout, error);
    if (!error) {
      stream_->socket().set_option(asio::ip::tcp::no_delay(true), error);
      return shake_hands();
    }
    disconnect();
    const bool late = error == beast::error::timeout;
    const std::string why = error == asio::error::connection_refused ? "connection refused"
                            : late                                   ? "no answer in time"
                                                                     : error.message();
    Error nothing = failure(ClientFailure::nothing_answers,
                            fmt::format("nothing answers at {} ({})", url_, why));
    if (late) nothing.code = ErrorCode::timed_out;
    return std::unexpected(std::move(nothing));
  }

  void open_stream() {
    if (!address_.tls) {
      stream_.emplace(Socket(io_), nullptr);
      return;
    }
    error_code error;
    if (!context_) {
      context_.emplace(asio::ssl::context::tls_client);
      SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
      context_->set_default_verify_paths(error);
      context_->set_verify_mode(asio::ssl::verify_peer, error);
      context_->set_verify_callback(asio::ssl::host_name_verification(address_.host), error);
    }
    stream_.emplace(Socket(io_), &*context_);
    // Only a name is sent as the name asked for, not an IP address.
    asio::ip::make_address(address_.host, error);
    if (error) SSL_set_tlsext_host_name(stream_->ssl(), address_.host.c_str());
  }

  Result<void> shake_hands() {
    if (!stream_->is_encrypted()) return {};
    error_code error;
    stream_->async_handshake(asio::ssl::stream_base::client,
                             [&](error_code result) { error = result; });
    run(options_.connect_timeout, error);
    if (!error) return {};
    const long verified = SSL_get_verify_result(stream_->ssl());
    const std::string why =
        verified == X509_V_OK ? error.message() : X509_verify_cert_error_string(verified);
    disconnect();
    return std::unexpected(
        failure(ClientFailure::no_tls, fmt::format("no TLS connection to {} ({})", url_, why)));
  }

  error_code write(Message& request) {
    error_code error;
    beast::http::request_serializer<beast::http::span_body<const char>> serializer(request);
    while (!error && !serializer.is_done()) {
      beast::http::async_write_some(*stream_, serializer,
                                    [&](error_code result, std::size_t) { error = result; });
      run(options_.timeout, error);
    }
    return error;
  }

  Result<ClientResponse> read(const BodySink* sink, error_code& error, bool& answered) {
    buffer_.clear();
    beast::http::response_parser<beast::http::buffer_body> parser;
    parser.body_limit(boost::none);
    ClientResponse response;
    while (!error && !parser.is_header_done()) {
      read_some(parser, error);
      answered = answered || parser.got_some();
    }
    if (error) return response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
      response.headers.emplace_back(lower_case(field.name_string()), std::string(field.value()));
    }
    const BodySink keep = [&](std::string_view piece) -> Result<void> {
      if (response.body.size() + piece.size() > options_.body_bytes_max) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("the answer of {} is larger than {} bytes", url_, options_.body_bytes_max));
      }
      response.body += piece;
      return {};
    };
    const BodySink& take = sink && response.status == 200 ? *sink : keep;
    std::array<char, 64 * 1024> piece;
    while (!error && !parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece.data();
      body.size = piece.size();
      read_some(parser, error);
      if (error == beast::http::error::need_buffer) error = {};
      const std::size_t came = piece.size() - parser.get().body().size;
      if (came > 0) KONOMI_CHECK_OK(take(std::string_view(piece.data(), came)));
    }
    if (!error && !parser.keep_alive()) disconnect();
    return response;
  }

  template <class Parser>
  void read_some(Parser& parser, error_code& error) {
    beast::http::async_read_some(*stream_, buffer_, parser,
                                 [&](error_code result, std::size_t) { error = result; });
    run(options_.timeout, error);
  }

  // Runs the operation that was started until it has set `error`. Closes the connection when that
  // takes too long: `error` is then beast::error::timeout.
  void run(std::chrono::milliseconds no_longer_than, error_code& error) {
    io_.restart();
    io_.run_for(no_longer_than);
    if (io_.stopped()) return;
    error_code ignored;
    stream_->socket().close(ignored);
    io_.run();
    error = beast::error::timeout;
  }

  // The error for `failure`: what happened, then the caller's remedy.
  Error failure(ClientFailure failure, std::string message) const {
    if (options_.remedy != nullptr) message.append("; ").append(options_.remedy(failure));
    switch (failure) {
      case ClientFailure::unknown_host:
      case ClientFailure::nothing_answers:
      case ClientFailure::no_tls:
        return {.code = ErrorCode::unavailable, .message = std::move(message)};
      case ClientFailure::late_answer:
        return {
            .code = ErrorCode::timed_out, .message = std::move(message), .may_have_happened = true};
      case ClientFailure::not_http:
        return {.code = ErrorCode::invalid_argument,
                .message = std::move(message),
                .may_have_happened = true};
      case ClientFailure::broken_connection:
        break;
    }
    return {
        .code = ErrorCode::unavailable, .message = std::move(message), .may_have_happened = true};
  }

  // For a request that was begun on a connection.
  Error failure(const Message& request, error_code error) const {
    const std::string what = fmt::format("{} {}{}", std::string(request.method_string()), url_,
                                         std::string(request.target()));
    if (error == beast::error::timeout) {
      const double seconds = std::chrono::duration<double>(options_.timeout).count();
      return failure(ClientFailure::late_answer,
                     fmt::format("{} got no answer within {} s", what, seconds));
    }
    if (error.category() ==
            beast::http::make_error_code(beast::http::error::bad_value).category() &&
        error != beast::http::error::end_of_stream &&
        error != beast::http::error::partial_message) {
      return failure(ClientFailure::not_http,
                     fmt::format("what answers {} does not speak HTTP as konomi does ({})", what,
                                 error.message()));
    }
    return failure(ClientFailure::broken_connection,
                   fmt::format("the connection broke during {} ({})", what, error.message()));
  }

  const std::string url_;
  const Address address_;
  const ClientOptions options_;
  asio::io_context io_;
  std::optional<asio::ssl::context> context_;
  std::optional<Stream> stream_;  // Nothing: not connected.
  beast::flat_buffer buffer_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;
Client::Client(Client&& other) noexcept = default;
Client& Client::operator=(Client&& other) noexcept = default;

Result<Client> Client::create(std::string_view url, ClientOptions options) {
  KONOMI_TRY(Address address, parse_url(url));
  if (url.ends_with('/')) url.remove_suffix(1);
  return Client(std::make_unique<Impl>(std::string(url), std::move(address), std::move(options)));
}

Result<ClientResponse> Client::get(std::string_view target, const Headers& headers) {
  return impl_->send(beast::http::verb::get, target, {}, {}, headers, nullptr);
}

Result<ClientResponse> Client::post(std::string_view target, std::string_view content_type,
                                    std::string_view body, const Headers& headers) {
  return impl_->send(beast::http::verb::post, target, content_type, body, headers, nullptr);
}

Result<ClientResponse> Client::put(std::string_view target, std::string_view content_type,
                                   std::string_view body, const Headers& headers) {
  return impl_->send(beast::http::verb::put, target, content_type, body, headers, nullptr);
}

Result<ClientResponse> Client::download(std::string_view target, const Headers& headers,
                                        const BodySink& sink) {
  return impl_->send(beast::http::verb::get, target, {}, {}, headers, &sink);
}

Result<ClientResponse> Client::post_streamed(std::string_view target, const Headers& headers,
                                             const BodySink& sink) {
  return impl_->send(beast::http::verb::post, target, {}, {}, headers, &sink);
}

std::string_view Client::url() const {
  return impl_->url();
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  KONOMI_ASSERT(bytes.size() <= std::numeric_limits<uInt>::max(), "bodies are below 4 GiB");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  KONOMI_ASSERT(status == Z_STREAM_END, "deflateBound is enough");
  return out;
}

}  // namespace konomi::http
