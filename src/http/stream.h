#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace konomi::http {

// The concrete executor spares a type-erased call per operation.
using Executor = boost::asio::io_context::executor_type;

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

// A TCP connection, plain or under TLS; reading and writing are the same for both. It is what Asio
// and Beast call an AsyncStream: `token` says how an operation reports its end, and the operation
// starts at once. Used by one thread, and outlives its operations.
class Stream {
 public:
  using executor_type = Executor;

  // `context` is for TLS, whose handshake comes before the first byte; null: a plain connection. It
  // may go when this returns, unless it has callbacks.
  Stream(Socket socket, boost::asio::ssl::context* context)
      : socket_(std::move(socket)),
        tls_(context != nullptr ? std::make_unique<Tls>(socket_, *context) : nullptr) {}
  Stream(const Stream&) = delete;  // tls_ refers to socket_.
  Stream& operator=(const Stream&) = delete;

  bool is_encrypted() const { return tls_ != nullptr; }
  Executor get_executor() { return socket_.get_executor(); }
  // The connection itself: to connect, to close, and for its options and addresses.
  Socket& socket() { return socket_; }
  // OpenSSL's own object. Only when encrypted.
  SSL* ssl() { return tls_->native_handle(); }

  // Waits until some bytes have come, or could be written.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token)
      -> decltype(std::declval<Socket&>().async_read_some(buffers, std::forward<Token>(token))) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Token>(token));
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token)
      -> decltype(std::declval<Socket&>().async_write_some(buffers, std::forward<Token>(token))) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Token>(token));
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

  // The same without waiting, on a socket in non-blocking mode. `error` is would_block when nothing
  // can be read or written now, and under TLS always: one byte there may need several steps.
  template <class Buffers>
  std::size_t try_read_some(const Buffers& buffers, boost::system::error_code& error) {
    if (!tls_) return socket_.read_some(buffers, error);
    error = boost::asio::error::would_block;
    return 0;
  }
  template <class Buffers>
  std::size_t try_write_some(const Buffers& buffers, boost::system::error_code& error) {
    if (!tls_) return socket_.write_some(buffers, error);
    error = boost::asio::error::would_block;
    return 0;
  }

  // The beginning and the end of TLS. Only when encrypted.
  template <class Token>
  auto async_handshake(boost::asio::ssl::stream_base::handshake_type side, Token&& token) {
    return tls_->async_handshake(side, std::forward<Token>(token));
  }
  template <class Token>
  auto async_shutdown(Token&& token) {
    return tls_->async_shutdown(std::forward<Token>(token));
  }

 private:
  using Tls = boost::asio::ssl::stream<Socket&>;

  Socket socket_;
  // Apart, for it is large, and a plain connection that idles costs little. Null: not encrypted.
  std::unique_ptr<Tls> tls_;
};

}  // namespace konomi::http
