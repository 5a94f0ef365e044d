#include "http/io_thread.h"

#include "base/log.h"
#include "http/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

namespace konomi::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How many unused exchanges and buffers a thread keeps, and how large they may be.
constexpr std::size_t kStock = 64;
constexpr std::size_t kStockBodyBytes = 64 * 1024;
constexpr std::chrono::milliseconds kAcceptPause{100};

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

std::chrono::milliseconds tick_for(const ServerLimits& limits) {
  using namespace std::chrono_literals;
  const auto shortest =
      std::min({limits.idle_timeout, limits.request_timeout, limits.write_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 16, 5ms, 500ms);
}

Session& session_of(SessionHook& hook) {
  return static_cast<Session&>(hook);
}

}  // namespace

bool ConnectionCount::try_open() {
  MutexLock lock(mutex_);
  if (open_ >= max_) return false;
  ++open_;
  return true;
}

void ConnectionCount::close() {
  // Notified under the lock, because the waiting thread may destroy this object once it has it.
  MutexLock lock(mutex_);
  if (--open_ == 0) none_.notify_all();
}

std::size_t ConnectionCount::open() const {
  MutexLock lock(mutex_);
  return open_;
}

bool ConnectionCount::wait_for_none(SteadyTime until) {
  MutexLock lock(mutex_);
  while (open_ > 0) {
    if (!none_.wait_until(mutex_, until)) return open_ == 0;
  }
  return true;
}

IoThread::IoThread(ServerShared& shared)
    : shared_(shared),
      tick_(tick_for(shared.limits)),
      io_(1),
      work_(io_.get_executor()),
      acceptor_(io_.get_executor()),
      sweep_timer_(io_.get_executor()),
      accept_timer_(io_.get_executor()),
      mailbox_(std::make_shared<Mailbox>(io_)) {}

IoThread::~IoThread() {
  mailbox_->close();
}

Result<void> IoThread::listen(const asio::ip::tcp::endpoint& endpoint) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  // Every thread of the server listens on the same address; the kernel spreads the connections.
  const int on = 1;
  if (!error &&
      ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error.assign(errno, boost::system::system_category());
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  return fail(ErrorCode::unavailable, error.message());
}

asio::ip::tcp::endpoint IoThread::local_endpoint() const {
  return acceptor_.local_endpoint();
}

void IoThread::start() {
  thread_ = std::jthread([this] { run(); });
}

void IoThread::run() {
  ::pthread_setname_np(::pthread_self(), "http");
  mailbox_->open();
  asio::co_spawn(io_, accept_connections(), asio::detached);
  asio::co_spawn(io_, sweep(), asio::detached);
  // Nothing throws out of the coroutines; what comes here is a failure of the event loop itself.
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      log_error("http: the event loop failed and goes on: {}", error.what());
    }
  }
}

void IoThread::begin_stop() {
  asio::post(io_, [this] {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (SessionHook& hook : sessions_) session_of(hook).close_if_quiet();
  });
}

void IoThread::close_all() {
  asio::post(io_, [this] {
    for (SessionHook& hook : sessions_) session_of(hook).close_now();
  });
}

void IoThread::join() {
  asio::post(io_, [this] {
    ended_ = true;
    work_.reset();
    sweep_timer_.cancel();
  });
  if (thread_.joinable()) thread_.join();
}

void IoThread::enter(Session& session) {
  sessions_.push_back(session);
}

void IoThread::leave(Session& session) {
  sessions_.erase(sessions_.iterator_to(session));
  shared_.connections.close();
}

std::shared_ptr<Exchange> IoThread::take_exchange() {
  if (exchanges_.empty()) {
    auto exchange = std::make_shared<Exchange>();
    exchange->mailbox = mailbox_;
    return exchange;
  }
  auto exchange = std::move(exchanges_.back());
  exchanges_.pop_back();
  return exchange;
}

void IoThread::give_back(std::shared_ptr<Exchange> exchange) {
  if (exchanges_.size() >= kStock || exchange.use_count() != 1) return;
  exchange->response = {};
  exchange->answered = false;
  if (exchange->body.capacity() > kStockBodyBytes) exchange->body = {};
  if (exchange->chunk.capacity() > kStockBodyBytes) exchange->chunk = {};
  exchanges_.push_back(std::move(exchange));
}

std::unique_ptr<RequestReader> IoThread::take_reader() {
  if (readers_.empty()) {
    return std::make_unique<RequestReader>(shared_.limits, shared_.bodies_bytes);
  }
  auto reader = std::move(readers_.back());
  readers_.pop_back();
  return reader;
}

void IoThread::give_back(std::unique_ptr<RequestReader> reader) {
  reader->end();
  if (readers_.size() < kStock) readers_.push_back(std::move(reader));
}

std::unique_ptr<char[]> IoThread::take_buffer() {
  if (buffers_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes());
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void IoThread::give_back(std::unique_ptr<char[]> buffer) {
  if (buffers_.size() < kStock) buffers_.push_back(std::move(buffer));
}

Task<> IoThread::accept_connections() {
  while (acceptor_.is_open()) {
    error_code error;
    Socket socket = co_await acceptor_.async_accept(asio::redirect_error(use_task, error));
    if (stopping_ || error == asio::error::operation_aborted) co_return;
    if (!error) {
      take_connection(std::move(socket));
    } else if (error != asio::error::connection_aborted) {
      // Most often no file descriptor is free. Trying again at once would only spin.
      log_warning("http: a connection could not be accepted: {}", error.message());
      accept_timer_.expires_after(kAcceptPause);
      co_await accept_timer_.async_wait(asio::redirect_error(use_task, error));
    }
  }
}

void IoThread::take_connection(Socket socket) {
  error_code error;
  socket.non_blocking(true, error);
  if (error) return;
  if (!shared_.connections.try_open()) {
    if (shared_.observer != nullptr) shared_.observer->connection_refused();
    // Under TLS this would need a handshake first.
    if (!shared_.certificate) socket.write_some(asio::buffer(kTooManyConnections), error);
    socket.shutdown(asio::socket_base::shutdown_both, error);
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  std::unique_ptr<Session> session;
  try {
    session = std::make_unique<Session>(*this, std::move(socket));
  } catch (const std::bad_alloc&) {
    shared_.connections.close();
    return;
  }
  asio::co_spawn(io_, Session::run(std::move(session)), asio::detached);
}

Task<> IoThread::sweep() {
  while (!ended_) {
    error_code error;
    sweep_timer_.expires_after(tick_);
    co_await sweep_timer_.async_wait(asio::redirect_error(use_task, error));
    if (error) co_return;
    now_ = std::chrono::steady_clock::now();
    heartbeat_.beat();
    for (SessionHook& hook : sessions_) session_of(hook).expire_if_late(now_);
  }
}

}  // namespace konomi::http
