#include "http/session.h"

#include "base/log.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

namespace konomi::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Up to this size a body is copied behind the head, so that the answer is one buffer.
constexpr std::size_t kCopiedBodyBytes = 16 * 1024;
// A slow reader earns a new deadline with every so many bytes.
constexpr std::size_t kProgressBytes = 64 * 1024;
// How long, and for how much, an answer that closes the connection waits for the client to stop
// sending. Closing earlier would reset the connection and could destroy the answer on its way.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::size_t kLingerBytes = 64 * 1024 * 1024;

Response shaped_error(ErrorShape shape, unsigned status, std::string_view message) {
  return shape == ErrorShape::first_version ? error_response(status, message)
                                            : problem_response(status, message);
}

Response unavailable(ErrorShape shape, std::string_view message) {
  Response response = shaped_error(shape, 503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

Session::Session(IoThread& thread, Socket socket) : thread_(thread), socket_(std::move(socket)) {
  if (const TlsCertificate* const certificate = thread_.shared().certificate) {
    const TlsCertificate::Context context = certificate->context();
    tls_ = std::make_unique<TlsStream>(socket_, *context);
  }
  error_code ignored;
  remote_ = socket_.remote_endpoint(ignored).address().to_string();
  thread_.enter(*this);
}

Session::~Session() {
  tell_observer(true);
  release_buffer();
  // Closed before it is counted out: whoever sees the count fall may rely on it.
  error_code ignored;
  socket_.close(ignored);
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
  if (tls_) {
    waiting_for_request_ = true;  // A stopping server does not wait for who says nothing.
    set_deadline(thread_.shared().limits.request_timeout);
    error_code error;
    co_await tls_->async_handshake(asio::ssl::stream_base::server,
                                   asio::redirect_error(use_task, error));
    if (error || closed_) co_return;
  }
  co_await answer_requests();
  if (tls_ && !closed_) co_await close_tls();
}

Task<> Session::answer_requests() {
  while (!thread_.stopping()) {
    waiting_for_request_ = begin_ == end_;
    if (waiting_for_request_) {
      release_buffer();
      set_deadline(thread_.shared().limits.idle_timeout);
    } else {
      begin_request();
    }
    while (waiting_for_request_ || !take_buffered()) {
      if (!waiting_for_request_ && reader_->take_expectation()) {
        unsent_head_ = kContinue;
        if (!co_await write_rest()) co_return;
        set_deadline(thread_.shared().limits.request_timeout);
      }
      const asio::mutable_buffer space = reading_space();
      if (space.size() == 0) break;
      error_code error;
      std::size_t bytes = 0;
      if (tls_) {
        bytes = co_await tls_->async_read_some(space, asio::redirect_error(use_task, error));
      } else {
        bytes = co_await socket_.async_read_some(space, asio::redirect_error(use_task, error));
      }
      if (!go_on_after(error, bytes, space)) co_return;
    }

    handle();
    if (!exchange_->answered) {
      deadline_ = SteadyTime::max();
      co_await completion(*exchange_);
      if (closed_) co_return;
    }
    const Written written = write_answer();
    if (written == Written::failed) co_return;
    if (written == Written::part && !co_await write_rest()) co_return;
    if (exchange_->response.stream && !co_await stream_body()) co_return;
    const bool refused = reader_->state() == RequestReader::State::refused;
    end_request();
    if (refused) co_await linger();
    if (!keep_alive_) co_return;
  }
}

void Session::begin_request() {
  waiting_for_request_ = false;
  set_deadline(thread_.shared().limits.request_timeout);
  exchange_ = thread_.take_exchange();
  reader_ = thread_.take_reader();
  reader_->begin(exchange_->request, exchange_->body);
  exchange_->request.remote = remote_;
  exchange_->request.tls = tls_ != nullptr;
  judged_ = false;
  denied_.reset();
}

void Session::end_request() {
  tell_observer(false);
  thread_.give_back(std::move(reader_));
  thread_.give_back(std::move(exchange_));
}

// A malformed traceparent begins a new trace.
void Session::begin_span() {
  Tracer* const tracer = thread_.shared().tracer;
  exchange_->trace.reset();
  if (tracer == nullptr || !tracer->is_on()) return;
  const Request& request = exchange_->request;
  const auto header = request.header("traceparent");
  const std::string_view method = name_of(request.method);
  span_ = std::make_unique<Span>(tracer->begin(std::string(method).append(" ").append(route_),
                                               SpanKind::server,
                                               header ? parse_traceparent(*header) : std::nullopt));
  span_->set("http.request.method", method);
  span_->set("http.route", route_);
  exchange_->trace = span_->context();
}

void Session::end_span(bool was_cut) {
  if (!span_) return;
  if (exchange_->answered) {
    const unsigned status = exchange_->response.status;
    span_->set("http.response.status_code", static_cast<std::int64_t>(status));
    if (status >= 500) span_->fail(std::to_string(status));
  }
  if (was_cut) span_->fail("the answer did not reach the client whole");
  span_.reset();
}

void Session::tell_observer(bool was_cut) {
  end_span(was_cut);
  Observer* const observer = thread_.shared().observer;
  if (observer == nullptr || route_.empty()) return;
  observer->request_done({.route = std::exchange(route_, {}),
                          .method = exchange_->request.method,
                          // Before the reply its owner may still be writing the response.
                          .status = exchange_->answered ? exchange_->response.status : 0,
                          .was_cut = was_cut,
                          .duration = std::chrono::steady_clock::now() - handled_at_});
}

bool Session::take_buffered() {
  if (begin_ < end_) {
    const char* data = large_ ? large_.get() : small_.data();
    begin_ += reader_->take(std::string_view(data + begin_, end_ - begin_));
    if (begin_ == end_) begin_ = end_ = 0;
    const RequestReader::State state = reader_->state();
    if (!judged_ &&
        (state == RequestReader::State::body || state == RequestReader::State::complete))
      judge();
  }
  return reader_->state() == RequestReader::State::complete ||
         reader_->state() == RequestReader::State::refused;
}

void Session::judge() {
  judged_ = true;
  match_ = thread_.shared().router.match(exchange_->request);
  if (Gate* const gate = thread_.shared().gate) {
    denied_ = gate->judge(exchange_->request, match_.route);
    if (reader_->state() == RequestReader::State::body) {
      if (denied_) {
        reader_->abandon();
      } else if (!match_.route || !match_.route->scope) {
        reader_->bound_body(thread_.shared().limits.open_body_bytes_max);
      }
    }
  } else {
    exchange_->request.caller.scopes = Scopes::all();
  }
}

asio::mutable_buffer Session::reading_space() {
  if (waiting_for_request_) return asio::buffer(small_);
  if (reader_->state() == RequestReader::State::body) {
    if (const std::span<char> space = reader_->space(); !space.empty()) {
      reading_into_body_ = true;
      return asio::buffer(space.data(), space.size());
    }
    if (reader_->state() == RequestReader::State::refused) return {};
  }
  if (!large_ &&
      (reader_->state() == RequestReader::State::body || (begin_ == 0 && end_ == small_.size()))) {
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
  if (end_ == size) reader_->overflow();
  return asio::buffer(data + end_, size - end_);
}

bool Session::go_on_after(error_code error, std::size_t bytes, asio::mutable_buffer space) {
  if (closed_) return false;
  if (error == asio::error::operation_aborted) {
    if (!waiting_for_request_) {
      reader_->time_out();
      return true;
    }
    if (expired_ || tls_) return false;
    // The server stops, but the next request may be there already, and then it is in flight.
    bytes = socket_.read_some(space, error);
  }
  if (error) return false;
  if (waiting_for_request_) begin_request();
  if (std::exchange(reading_into_body_, false)) {
    reader_->read_into_space(bytes);
  } else {
    end_ += bytes;
  }
  return true;
}

void Session::handle() {
  exchange_->answered = false;
  handled_at_ = std::chrono::steady_clock::now();
  const bool refused = reader_->state() == RequestReader::State::refused;
  // What the gate denied counts for its route, though its body was not read.
  route_ = refused && !denied_ ? kRefusedRoute
           : match_.route      ? std::string_view(match_.route->pattern)
           : match_.fallback   ? kPageRoute
                               : kUnmatchedRoute;
  if (refused) return refuse();
  keep_alive_ = reader_->keep_alive() && !thread_.stopping();
  begin_span();
  if (denied_) return answer_at_once(std::move(*denied_));
  if (match_.fallback) return handle_blocking(*match_.fallback, ErrorShape::first_version, nullptr);
  const Route* const route = match_.route;
  if (!route) return answer_at_once(std::move(match_.response));
  if (route->blocking) return handle_blocking(route->blocking, route->shape, route);
  exchange_->in_handler = true;
  const TraceScope scope(exchange_->trace);
  try {
    route->async(exchange_->request, make_reply(exchange_));
  } catch (const std::exception& error) {
    // The reply has gone with the handler's frame and has answered 500.
    log_error("http: the handler of {} failed: {}", route_, error.what());
  }
  exchange_->in_handler = false;
}

void Session::handle_blocking(const BlockingHandler& handler, ErrorShape shape,
                              const Route* route) {
  // The pattern, for a path may hold a user id.
  auto job = [exchange = exchange_, &handler, shape, route, pattern = route_,
              gate = thread_.shared().gate]() mutable {
    const Request& request = exchange->request;
    const TraceScope scope(exchange->trace);
    Reply reply = make_reply(std::move(exchange));
    try {
      Response response = handler(request);
      if (gate && route) gate->answered(request, *route, response);
      reply(std::move(response));
    } catch (const std::exception& error) {
      log_error("http: the handler of {} failed: {}", pattern, error.what());
      reply(shaped_error(shape, 500, "the server failed; its log says why"));
    }
  };
  if (!thread_.shared().workers.try_submit(std::move(job))) {
    answer_at_once(unavailable(shape, "too many requests are waiting; try again"));
  }
}

void Session::answer_at_once(Response response) {
  exchange_->response = std::move(response);
  exchange_->answered = true;
}

void Session::refuse() {
  keep_alive_ = false;
  if (denied_) return answer_at_once(std::move(*denied_));
  // Where nothing is, or not by this method, no other body would do.
  if (judged_ && !match_.route && !match_.fallback)
    return answer_at_once(std::move(match_.response));
  const Refusal& refusal = reader_->refusal();
  const ErrorShape shape = thread_.shared().router.shape_of(exchange_->request.path);
  if (refusal.status == 503) return answer_at_once(unavailable(shape, refusal.message));
  answer_at_once(shaped_error(shape, refusal.status, refusal.message));
}

Session::Written Session::write_answer() {
  Response& response = exchange_->response;
  if (Gate* const gate = thread_.shared().gate) gate->decorate(exchange_->request, response);
  AnswerForm form{.http_1_0 = reader_->http_1_0(), .tls = tls_ != nullptr};
  if (response.stream) {
    form.framing = form.http_1_0 ? Framing::until_closed : Framing::chunked;
    if (form.http_1_0) keep_alive_ = false;
  }
  form.keep_alive = keep_alive_;
  std::string& out = thread_.scratch();
  out.clear();
  append_head(out, response, form);
  const bool bodiless =
      exchange_->request.method == Method::head || response.status == 204 || response.status == 304;
  if (bodiless) {
    response.stream = nullptr;
  } else if (form.framing == Framing::chunked) {
    append_chunk(out, response.body);
  } else if (response.body.size() <= kCopiedBodyBytes) {
    out.append(response.body);
  } else {
    unsent_body_ = response.body;
  }
  unsent_head_ = out;
  return write_some();
}

Session::Written Session::write_some() {
  if (tls_) {
    keep_unsent();
    return Written::part;
  }
  error_code error;
  const std::size_t written = unsent_body_.empty()
                                  ? socket_.write_some(asio::buffer(unsent_head_), error)
                                  : socket_.write_some(unsent(), error);
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
    std::size_t bytes = 0;
    if (tls_) {
      bytes = co_await tls_->async_write_some(buffers, asio::redirect_error(use_task, error));
    } else {
      bytes = co_await socket_.async_write_some(buffers, asio::redirect_error(use_task, error));
    }
    if (error || closed_) co_return false;
    progress += bytes;
    sent(bytes);
  }
  kept_ = {};
  co_return true;
}

Task<bool> Session::stream_body() {
  const bool chunked = !reader_->http_1_0();
  for (;;) {
    exchange_->answered = false;
    exchange_->chunk.clear();
    deadline_ = SteadyTime::max();
    auto pull = [exchange = exchange_]() mutable {
      try {
        exchange->more = exchange->response.stream(exchange->chunk);
      } catch (const std::exception& error) {
        exchange->more = fail(ErrorCode::internal, error.what());
      }
      Mailbox::push(std::move(exchange));
    };
    thread_.shared().workers.submit(std::move(pull));
    co_await completion(*exchange_);
    if (closed_) co_return false;
    if (!exchange_->more) {
      log_warning("http: the answer to {} was cut: {}", route_, exchange_->more.error().message);
      // Without chunks a proper end of the connection would look like the end of the body.
      if (!chunked) reset_connection();
      co_return false;
    }
    const bool more = *exchange_->more;
    std::string& out = thread_.scratch();
    out.clear();
    if (chunked && more) append_chunk(out, exchange_->chunk);
    if (chunked && !more) out.append(kLastChunk);
    if (!chunked && more) out.append(exchange_->chunk);
    if (!out.empty()) {
      unsent_head_ = out;
      const Written written = write_some();
      if (written == Written::failed) co_return false;
      if (written == Written::part && !co_await write_rest()) co_return false;
    }
    if (!more) co_return true;
  }
}

void Session::reset_connection() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);  // Explicitly, for Asio's destructor would undo the option first.
}

Task<> Session::close_tls() {
  waiting_for_request_ = true;  // Nothing is in flight any more: a stopping server does not wait.
  set_deadline(kLingerTime);
  error_code ignored;
  co_await tls_->async_shutdown(asio::redirect_error(use_task, ignored));
}

Task<> Session::linger() {
  if (tls_) co_await close_tls();
  if (closed_) co_return;
  waiting_for_request_ = true;  // Nothing is in flight any more: a stopping server does not wait.
  set_deadline(kLingerTime);
  error_code error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  if (!large_) large_ = thread_.take_buffer();
  for (std::size_t discarded = 0; !error && discarded < kLingerBytes;) {
    const asio::mutable_buffer space = asio::buffer(large_.get(), thread_.buffer_bytes());
    discarded += co_await socket_.async_read_some(space, asio::redirect_error(use_task, error));
  }
}

void Session::release_buffer() {
  if (large_) thread_.give_back(std::move(large_));
}

void Session::expire_if_late(SteadyTime now) {
  if (now <= deadline_) return;
  deadline_ = SteadyTime::max();
  expired_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Session::close_if_idle() {
  error_code ignored;
  if (waiting_for_request_) socket_.cancel(ignored);
}

void Session::close_now() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  if (exchange_ && exchange_->resume) {
    asio::post(thread_.executor(), std::exchange(exchange_->resume, nullptr));
  }
}

}  // namespace konomi::http
