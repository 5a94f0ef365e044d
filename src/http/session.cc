#include "http/session.h"

#include "base/log.h"
#include "http/answer.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <span>
#include <utility>

namespace konomi::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A slow reader earns a new deadline with every so many bytes.
constexpr std::size_t kProgressBytes = 64 * 1024;
// How long, and for how much, an answer that closes the connection waits for the client to stop
// sending. Closing earlier would reset the connection and could destroy the answer on its way.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;

// Null: the server speaks without TLS.
TlsCertificate::Context tls_context(const ServerShared& shared) {
  return shared.certificate != nullptr ? shared.certificate->context() : nullptr;
}

}  // namespace

Session::Session(IoThread& thread, Socket socket)
    : thread_(thread), stream_(std::move(socket), tls_context(thread.shared()).get()) {
  error_code ignored;
  remote_ = stream_.socket().remote_endpoint(ignored).address().to_string();
  thread_.enter(*this);
}

Session::~Session() {
  doing_ = Quiet::closing;  // The observer hears of a turn that was cut.
  release_buffer();
  // Closed before the count falls, so that a reader of the count can rely on it.
  error_code ignored;
  stream_.socket().close(ignored);
  thread_.leave(*this);
}

Task<> Session::run(std::unique_ptr<Session> session) {
  try {
    co_await session->serve();
  } catch (const std::exception& error) {
    log_error("http: a connection was closed by a failure of the server: {}", error.what());
  }
}

Task<> Session::serve() {
  if (stream_.is_encrypted()) {
    be_quiet(Quiet::shaking_hands, thread_.shared().limits.request_timeout);
    error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                     asio::redirect_error(use_task, error));
    if (error || is_closed()) co_return;
  }
  co_await answer_requests();
  if (stream_.is_encrypted() && !is_closed()) co_await close_tls();
}

// One turn after the other, in one coroutine: a frame of its own for each step of each request
// would cost more than the step.
Task<> Session::answer_requests() {
  const ServerLimits& limits = thread_.shared().limits;
  while (!thread_.stopping()) {
    error_code error;
    std::size_t bytes = 0;

    if (begin_ == end_) {
      release_buffer();
      be_quiet(Quiet::waiting, limits.idle_timeout);
      const asio::mutable_buffer space = asio::buffer(small_);
      bytes = co_await stream_.async_read_some(space, asio::redirect_error(use_task, error));
      if (!has_begun_request(error, bytes)) co_return;
    }

    Turn& turn = begin_turn();
    while (!take_buffered(turn)) {
      if (turn.reader().take_expectation()) {
        unsent_head_ = kContinue;
        if (!co_await write_rest()) co_return;
        set_deadline(limits.request_timeout);
      }
      const Space space = reading_space(turn);
      if (space.buffer.size() == 0) break;
      bytes = co_await stream_.async_read_some(space.buffer, asio::redirect_error(use_task, error));
      if (!take_read(turn, space, error, bytes)) co_return;
    }

    turn.handle();
    if (!turn.exchange().answered) {
      set_no_deadline();
      co_await completion(turn.exchange());
      if (is_closed()) co_return;
    }

    const Written written = write_answer(turn);
    if (written == Written::failed) co_return;
    if (written == Written::part && !co_await write_rest()) co_return;
    if (turn.exchange().response.stream && !co_await stream_body(turn)) co_return;

    const bool refused = turn.is_refused();
    const bool goes_on = turn.keep_alive();
    turn.end();
    if (refused) co_await linger();
    if (!goes_on) co_return;
  }
}

void Session::be_quiet(Quiet quiet, std::chrono::milliseconds no_longer_than) {
  doing_ = quiet;
  set_deadline(no_longer_than);
}

bool Session::has_begun_request(error_code error, std::size_t bytes) {
  if (is_closed()) return false;
  if (error == asio::error::operation_aborted && cut_ == Cut::no) {
    // The server stops, but the next request may be there already, and then it is in flight.
    bytes = stream_.try_read_some(asio::buffer(small_), error);
  }
  if (error) return false;
  end_ += bytes;
  return true;
}

Turn& Session::begin_turn() {
  set_deadline(thread_.shared().limits.request_timeout);
  return doing_.emplace<Turn>(thread_, remote_, stream_.is_encrypted());
}

bool Session::take_buffered(Turn& turn) {
  if (begin_ < end_) {
    const char* data = large_ ? large_.get() : small_.data();
    begin_ += turn.take(std::string_view(data + begin_, end_ - begin_));
    if (begin_ == end_) begin_ = end_ = 0;
  }
  return turn.is_read();
}

Session::Space Session::reading_space(Turn& turn) {
  RequestReader& reader = turn.reader();
  if (reader.state() == RequestReader::State::body) {
    if (const std::span<char> space = reader.space(); !space.empty()) {
      return {.buffer = asio::buffer(space.data(), space.size()), .is_in_body = true};
    }
    if (turn.is_refused()) return {};
  }
  if (!large_ &&
      (reader.state() == RequestReader::State::body || (begin_ == 0 && end_ == small_.size()))) {
    large_ = thread_.take_buffer();
    std::memcpy(large_.get(), small_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  char* data = large_ ? large_.get() : small_.data();
  const std::size_t size = large_ ? thread_.buffer_bytes() : small_.size();
  if (end_ == size && begin_ > 0) {
    std::memmove(data, data + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == size) reader.overflow();
  return {.buffer = asio::buffer(data + end_, size - end_)};
}

bool Session::take_read(Turn& turn, Space space, error_code error, std::size_t bytes) {
  if (is_closed()) return false;
  if (error == asio::error::operation_aborted) {
    turn.reader().time_out();
    return true;
  }
  if (error) return false;
  if (space.is_in_body) {
    turn.reader().read_into_space(bytes);
  } else {
    end_ += bytes;
  }
  return true;
}

Session::Written Session::write_answer(Turn& turn) {
  std::string& out = thread_.scratch();
  out.clear();
  unsent_body_ = turn.compose(out);
  unsent_head_ = out;
  return write_some();
}

Session::Written Session::write_some() {
  error_code error;
  const std::size_t written = unsent_body_.empty()
                                  ? stream_.try_write_some(asio::buffer(unsent_head_), error)
                                  : stream_.try_write_some(unsent(), error);
  if (error && error != asio::error::would_block) return Written::failed;
  sent(written);
  if (unsent_head_.empty() && unsent_body_.empty()) return Written::all;
  keep_unsent();
  return Written::part;
}

void Session::keep_unsent() {
  kept_.assign(unsent_head_);
  unsent_head_ = kept_;
}

std::array<asio::const_buffer, 2> Session::unsent() const {
  return {asio::buffer(unsent_head_), asio::buffer(unsent_body_)};
}

void Session::sent(std::size_t bytes) {
  const std::size_t of_head = std::min(bytes, unsent_head_.size());
  unsent_head_.remove_prefix(of_head);
  unsent_body_.remove_prefix(bytes - of_head);
}

Task<bool> Session::write_rest() {
  std::size_t progress = kProgressBytes;
  while (!unsent_head_.empty() || !unsent_body_.empty()) {
    if (progress >= kProgressBytes) {
      progress = 0;
      set_deadline(thread_.shared().limits.write_timeout);
    }
    const std::array<asio::const_buffer, 2> buffers = unsent();
    error_code error;
    const std::size_t bytes =
        co_await stream_.async_write_some(buffers, asio::redirect_error(use_task, error));
    if (error || is_closed()) co_return false;
    progress += bytes;
    sent(bytes);
  }
  kept_ = {};
  co_return true;
}

Task<bool> Session::stream_body(Turn& turn) {
  Exchange& exchange = turn.exchange();
  for (;;) {
    exchange.answered = false;
    exchange.chunk.clear();
    set_no_deadline();
    auto pull = [owned = turn.share_exchange()]() mutable {
      try {
        owned->more = owned->response.stream(owned->chunk);
      } catch (const std::exception& error) {
        owned->more = fail(ErrorCode::internal, error.what());
      }
      Mailbox::push(std::move(owned));
    };
    thread_.shared().workers.submit(std::move(pull));
    co_await completion(exchange);
    if (is_closed()) co_return false;
    if (!exchange.more) {
      log_warning("http: the answer to {} was cut: {}", turn.route(),
                  exchange.more.error().message);
      // Without chunks a proper end of the connection would look like the end of the body.
      if (!turn.is_chunked()) reset_connection();
      co_return false;
    }
    const bool is_end = !*exchange.more;
    std::string& out = thread_.scratch();
    out.clear();
    turn.compose_piece(out, is_end);
    if (!out.empty()) {
      unsent_head_ = out;
      const Written written = write_some();
      if (written == Written::failed) co_return false;
      if (written == Written::part && !co_await write_rest()) co_return false;
    }
    if (is_end) co_return true;
  }
}

void Session::reset_connection() {
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::linger(true, 0), ignored);
  // Explicitly, for Asio's destructor would undo the option first.
  stream_.socket().close(ignored);
}

Task<> Session::close_tls() {
  be_quiet(Quiet::closing, kLingerTime);
  error_code ignored;
  co_await stream_.async_shutdown(asio::redirect_error(use_task, ignored));
}

Task<> Session::linger() {
  if (stream_.is_encrypted()) co_await close_tls();
  if (is_closed()) co_return;
  be_quiet(Quiet::closing, kLingerTime);
  Socket& socket = stream_.socket();  // What comes now is dropped, encrypted or not.
  error_code error;
  socket.shutdown(asio::socket_base::shutdown_send, error);
  if (!large_) large_ = thread_.take_buffer();
  for (std::size_t discarded = 0; !error && discarded < kLingerBytes;) {
    const asio::mutable_buffer space = asio::buffer(large_.get(), thread_.buffer_bytes());
    discarded += co_await socket.async_read_some(space, asio::redirect_error(use_task, error));
  }
}

void Session::release_buffer() {
  if (large_) thread_.give_back(std::move(large_));
}

void Session::expire_if_late(SteadyTime now) {
  if (now <= deadline_) return;
  set_no_deadline();
  if (cut_ == Cut::no) cut_ = Cut::late;
  error_code ignored;
  stream_.socket().cancel(ignored);
}

void Session::close_if_quiet() {
  error_code ignored;
  if (std::holds_alternative<Quiet>(doing_)) stream_.socket().cancel(ignored);
}

void Session::close_now() {
  cut_ = Cut::closed;
  error_code ignored;
  stream_.socket().close(ignored);
  if (Turn* const turn = std::get_if<Turn>(&doing_); turn && turn->exchange().resume) {
    asio::post(thread_.executor(), std::exchange(turn->exchange().resume, nullptr));
  }
}

}  // namespace konomi::http
