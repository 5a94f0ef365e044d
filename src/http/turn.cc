#include "http/turn.h"

#include "base/log.h"
#include "http/answer.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <utility>

namespace konomi::http {
namespace {

// Up to this size a body is copied behind the head, so that the answer is one buffer.
constexpr std::size_t kCopiedBodyBytes = 16 * 1024;

}  // namespace

Turn::Turn(IoThread& thread, std::string_view remote, bool tls)
    : thread_(thread), reader_(thread.take_reader()), exchange_(thread.take_exchange()) {
  reader_->begin(exchange_->request, exchange_->body);
  exchange_->request.remote = remote;
  exchange_->request.tls = tls;
}

Turn::~Turn() {
  if (exchange_) tell_observer(true);
}

void Turn::end() {
  tell_observer(false);
  thread_.give_back(std::move(reader_));
  thread_.give_back(std::move(exchange_));
}

std::size_t Turn::take(std::string_view bytes) {
  const std::size_t taken = reader_->take(bytes);
  const RequestReader::State state = reader_->state();
  if (!verdict_ && (state == RequestReader::State::body || state == RequestReader::State::complete))
    judge();
  return taken;
}

bool Turn::is_read() const {
  return reader_->state() == RequestReader::State::complete || is_refused();
}

void Turn::judge() {
  verdict_.emplace(thread_.shared().router.match(exchange_->request), std::nullopt);
  if (Gate* const gate = thread_.shared().gate) {
    Gate::Verdict verdict = gate->judge(exchange_->request, verdict_->match.route);
    verdict_->denied = std::move(verdict.refusal);
    if (reader_->state() == RequestReader::State::body) {
      if (verdict_->denied) {
        reader_->abandon();
      } else if (verdict.is_open) {
        reader_->bound_body(thread_.shared().limits.open_body_bytes_max);
      }
    }
  }
}

std::string_view Turn::name_of_route() const {
  // What the gate denied counts for its route, though its body was not read.
  if (is_refused() && !is_denied()) return kRefusedRoute;
  const Router::Match& match = verdict_->match;
  if (match.route) return match.route->pattern;
  return match.fallback ? kPageRoute : kUnmatchedRoute;
}

void Turn::handle() {
  exchange_->answered = false;
  handling_.emplace(name_of_route(), std::chrono::steady_clock::now());
  if (is_refused()) return refuse();
  handling_->keep_alive = reader_->keep_alive() && !thread_.stopping();
  begin_span();
  if (verdict_->denied) return answer_at_once(std::move(*verdict_->denied));
  Router::Match& match = verdict_->match;
  if (match.fallback) return handle_blocking(*match.fallback);
  const Route* const route = match.route;
  if (!route) return answer_at_once(std::move(match.response));
  if (route->blocking) return handle_blocking(route->blocking);
  exchange_->in_handler = true;
  const TraceScope scope(exchange_->trace);
  try {
    route->async(exchange_->request, make_reply(exchange_));
  } catch (const std::exception& error) {
    // The reply has gone with the handler's frame and has answered 500.
    log_error("http: the handler of {} failed: {}", handling_->route, error.what());
  }
  exchange_->in_handler = false;
}

void Turn::handle_blocking(const BlockingHandler& handler) {
  const Router& router = thread_.shared().router;
  // The pattern, for a path may hold a user id.
  auto job = [exchange = exchange_, &handler, &router, pattern = handling_->route]() mutable {
    const Request& request = exchange->request;
    const TraceScope scope(exchange->trace);
    Reply reply = make_reply(std::move(exchange));
    try {
      reply(handler(request));
    } catch (const std::exception& error) {
      log_error("http: the handler of {} failed: {}", pattern, error.what());
      reply(router.error(500, "the server failed; its log says why", request.path));
    }
  };
  if (!thread_.shared().workers.try_submit(std::move(job))) {
    answer_at_once(
        router.error(503, "too many requests are waiting; try again", exchange_->request.path));
  }
}

void Turn::answer_at_once(Response response) {
  exchange_->response = std::move(response);
  exchange_->answered = true;
}

void Turn::refuse() {
  if (is_denied()) return answer_at_once(std::move(*verdict_->denied));
  // Where nothing is, or not by this method, no other body would do.
  if (verdict_ && !verdict_->match.route && !verdict_->match.fallback)
    return answer_at_once(std::move(verdict_->match.response));
  const Refusal& refusal = reader_->refusal();
  answer_at_once(
      thread_.shared().router.error(refusal.status, refusal.message, exchange_->request.path));
}

std::string_view Turn::compose(std::string& out) {
  Response& response = exchange_->response;
  if (std::exchange(exchange_->dropped, false)) {
    response = thread_.shared().router.error(500, "the request was dropped without an answer",
                                             exchange_->request.path);
  }
  if (Gate* const gate = thread_.shared().gate) gate->decorate(exchange_->request, response);
  AnswerForm form{.http_1_0 = reader_->http_1_0(), .tls = exchange_->request.tls};
  if (response.stream) {
    form.framing = is_chunked() ? Framing::chunked : Framing::until_closed;
    if (!is_chunked()) handling_->keep_alive = false;
  }
  form.keep_alive = handling_->keep_alive;
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
    return response.body;
  }
  return {};
}

void Turn::compose_piece(std::string& out, bool is_end) const {
  if (is_end) {
    if (is_chunked()) out.append(kLastChunk);
  } else if (is_chunked()) {
    append_chunk(out, exchange_->chunk);
  } else {
    out.append(exchange_->chunk);
  }
}

// A malformed traceparent begins a new trace.
void Turn::begin_span() {
  Tracer* const tracer = thread_.shared().tracer;
  exchange_->trace.reset();
  if (tracer == nullptr || !tracer->is_on()) return;
  const Request& request = exchange_->request;
  const auto header = request.header("traceparent");
  const std::string_view method = name_of(request.method);
  handling_->span = std::make_unique<Span>(
      tracer->begin(std::string(method).append(" ").append(handling_->route), SpanKind::server,
                    header ? parse_traceparent(*header) : std::nullopt));
  handling_->span->set("http.request.method", method);
  handling_->span->set("http.route", handling_->route);
  exchange_->trace = handling_->span->context();
}

void Turn::end_span(bool was_cut) {
  Span* const span = handling_->span.get();
  if (span == nullptr) return;
  if (exchange_->answered) {
    const unsigned status = exchange_->response.status;
    span->set("http.response.status_code", static_cast<std::int64_t>(status));
    if (status >= 500) span->fail(std::to_string(status));
  }
  if (was_cut) span->fail("the answer did not reach the client whole");
  handling_->span.reset();
}

void Turn::tell_observer(bool was_cut) {
  if (!handling_) return;
  end_span(was_cut);
  Observer* const observer = thread_.shared().observer;
  if (observer == nullptr) return;
  observer->request_done({.route = handling_->route,
                          .method = exchange_->request.method,
                          // Before the reply its owner may still be writing the response.
                          .status = exchange_->answered ? exchange_->response.status : 0,
                          .was_cut = was_cut,
                          .duration = std::chrono::steady_clock::now() - handling_->since});
}

}  // namespace konomi::http
