#pragma once

#include "base/trace.h"
#include "http/io_thread.h"
#include "http/mailbox.h"
#include "http/request_reader.h"
#include "http/router.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::http {

// One request and its answer, from the request's first byte to the answer's last: has the request
// judged and handled, and puts the answer together. Does no I/O: its Session reads and writes. Used
// by its connection's thread only.
//
// It goes on only: the head comes and is judged (verdict_), the request is whole or refused and is
// handled (handling_), the answer is there (exchange().answered) and is composed, it ends.
class Turn {
 public:
  // `remote` is the other side's address, `tls` whether the connection is encrypted. What the turn
  // needs comes from the stock of `thread`, which outlives it.
  Turn(IoThread& thread, std::string_view remote, bool tls);
  // Before end(): the observer hears that the answer was cut.
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  RequestReader& reader() { return *reader_; }
  Exchange& exchange() { return *exchange_; }
  // For a job of another thread, which owes the answer's next piece.
  std::shared_ptr<Exchange> share_exchange() { return exchange_; }

  // RequestReader::take(), and the gate's judgement as soon as the head has come.
  std::size_t take(std::string_view bytes);
  // Nothing more is read: the request is complete, or refused.
  bool is_read() const;
  bool is_refused() const { return reader_->state() == RequestReader::State::refused; }

  // When the request is read. Afterwards the exchange is answered, or a Reply or a worker owes the
  // answer.
  void handle();

  // When the exchange is answered: the answer's head into `out`, and its body when that is small.
  // Returns the body that follows otherwise, which is the exchange's.
  std::string_view compose(std::string& out);
  // The same for the next piece of a streamed body, in exchange().chunk, or its end.
  void compose_piece(std::string& out, bool is_end) const;
  bool is_chunked() const { return !reader_->http_1_0(); }

  // What matched the request, as the observer is told: not the path, which may hold a user id. When
  // handled.
  std::string_view route() const { return handling_->route; }
  // Whether another request may follow on the connection. When composed.
  bool keep_alive() const { return handling_->keep_alive; }

  // The whole answer is on its way.
  void end();

 private:
  struct Verdict {
    Router::Match match;
    std::optional<Response> denied;  // The gate's, who does not let the request pass.
  };
  struct Handling {
    std::string_view route;
    SteadyTime since;
    bool keep_alive = false;
    std::unique_ptr<Span> span;  // Null: traces are off, or the request was refused.
  };

  void judge();
  bool is_denied() const { return verdict_ && verdict_->denied; }
  std::string_view name_of_route() const;
  void handle_blocking(const BlockingHandler& handler);
  void answer_at_once(Response response);
  void refuse();
  void begin_span();
  void end_span(bool was_cut);
  void tell_observer(bool was_cut);

  IoThread& thread_;
  std::unique_ptr<RequestReader> reader_;
  std::shared_ptr<Exchange> exchange_;  // Null: the turn has ended.
  std::optional<Verdict> verdict_;      // Nothing until the head has arrived.
  std::optional<Handling> handling_;    // Nothing: the request is still being read.
};

}  // namespace konomi::http
