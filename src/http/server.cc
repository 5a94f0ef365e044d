#include "http/server.h"

#include "base/assert.h"
#include "http/io_thread.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace konomi::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Endpoint = asio::ip::tcp::endpoint;

std::string text_of(const Endpoint& endpoint) {
  return endpoint.address().is_v6()
             ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
             : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

Error cannot_listen(const Endpoint& endpoint, std::string_view why) {
  return {.code = ErrorCode::unavailable,
          .message = fmt::format("cannot listen on {} ({}); stop what uses it, or choose another "
                                 "address or port",
                                 text_of(endpoint), why)};
}

// The threads' sockets share their port, and so would another konomi started on it by mistake. A
// socket that does not share finds out first.
Result<void> check_free(const Endpoint& endpoint) {
  asio::io_context io;
  asio::ip::tcp::acceptor probe(io);
  error_code error;
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (error) return std::unexpected(cannot_listen(endpoint, error.message()));
  return {};
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Router router)
      : options_(std::move(options)), router_(std::move(router)) {}

  Result<void> start() {
    KONOMI_ASSERT(!shared_, "a server is started once");
    error_code error;
    const auto address = asio::ip::make_address(options_.address, error);
    if (error) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("expected the address to listen on to be an IP address such as "
                              "127.0.0.1 or ::, not \"{}\"",
                              options_.address));
    }
    endpoint_ = Endpoint(address, options_.port);
    try {
      Result<void> listening = listen();
      if (!listening) {
        threads_.clear();
        shared_.reset();
      }
      return listening;
    } catch (const std::exception& failure) {
      stop();
      return fail(ErrorCode::unavailable,
                  fmt::format("the HTTP server cannot start: {}", failure.what()));
    }
  }

  std::uint16_t port() const { return endpoint_.port(); }
  std::size_t connections() const { return shared_ ? shared_->connections.open() : 0; }

  std::chrono::milliseconds silence() const {
    std::chrono::milliseconds longest{0};
    for (const auto& thread : threads_) longest = std::max(longest, thread->heartbeat().silence());
    return longest;
  }

  void stop() {
    if (stopped_ || !shared_) return;
    stopped_ = true;
    for (auto& thread : threads_) thread->begin_stop();
    const auto grace_ends = std::chrono::steady_clock::now() + shared_->limits.stop_grace;
    if (!shared_->connections.wait_for_none(grace_ends)) {
      // A connection accepted while begin_stop was on its way is closed here at the latest.
      for (auto& thread : threads_) thread->close_all();
      shared_->connections.wait_for_none(SteadyTime::max());
    }
    for (auto& thread : threads_) thread->join();
    shared_->workers.stop();
    threads_.clear();
  }

 private:
  Result<void> listen() {
    if (endpoint_.port() != 0) KONOMI_CHECK_OK(check_free(endpoint_));
    shared_ =
        std::make_unique<ServerShared>(options_.limits, std::move(router_), options_.gate,
                                       options_.certificate, options_.observer, options_.tracer);
    for (std::size_t i = 0; i < std::max<std::size_t>(options_.threads, 1); ++i) {
      threads_.push_back(std::make_unique<IoThread>(*shared_));
      if (auto listening = threads_.back()->listen(endpoint_); !listening) {
        return std::unexpected(cannot_listen(endpoint_, listening.error().message));
      }
      endpoint_ = threads_.back()->local_endpoint();
    }
    for (auto& thread : threads_) thread->start();
    return {};
  }

  const ServerOptions options_;
  Router router_;
  Endpoint endpoint_;
  bool stopped_ = false;
  std::unique_ptr<ServerShared> shared_;
  std::vector<std::unique_ptr<IoThread>> threads_;
};

Server::Server(ServerOptions options, Router router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router))) {}

Server::~Server() {
  stop();
}

Result<void> Server::start() {
  return impl_->start();
}

std::uint16_t Server::port() const {
  return impl_->port();
}

std::size_t Server::connections() const {
  return impl_->connections();
}

std::chrono::milliseconds Server::silence() const {
  return impl_->silence();
}

void Server::stop() {
  impl_->stop();
}

}  // namespace konomi::http
