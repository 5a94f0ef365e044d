#pragma once

#include "base/trace.h"
#include "http/answer.h"
#include "http/io_thread.h"
#include "http/mailbox.h"
#include "http/observer.h"
#include "http/request_reader.h"

#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace konomi::http {

// One connection: reads requests, has them handled, writes the answers in order. Lives in its own
// coroutine, on one thread.
class Session : public SessionHook {
 public:
  Session(IoThread& thread, Socket socket);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The connection from its first byte to its end.
  static Task<> run(std::unique_ptr<Session> session);

  // For the thread's sweep and its stopping; they take effect when the coroutine next runs.
  void expire_if_late(SteadyTime now);
  void close_if_idle();
  void close_now();

 private:
  // What an idle connection waits with; most requests fit. A larger one gets a buffer from the
  // thread's stock for as long as it is being read.
  static constexpr std::size_t kSmallBytes = 1024;

  enum class Written { all, part, failed };

  Task<> serve();
  Task<> answer_requests();

  // Reading: plain functions around the co_await of answer_requests().
  void begin_request();
  bool take_buffered();                         // True when the request is complete or refused.
  void judge();                                 // When the head has come.
  boost::asio::mutable_buffer reading_space();  // Empty: the request is refused.
  bool go_on_after(boost::system::error_code error, std::size_t bytes,
                   boost::asio::mutable_buffer space);
  void release_buffer();

  // Handling: afterwards the exchange is answered, or a Reply or a worker owes the answer.
  void handle();
  void handle_blocking(const BlockingHandler& handler, ErrorShape shape, const Route* route);
  void answer_at_once(Response response);
  void refuse();

  // Writing. The coroutines return false when the connection is to be closed.
  Written write_answer();
  Written write_some();
  void keep_unsent();
  Task<bool> write_rest();
  Task<bool> stream_body();
  std::array<boost::asio::const_buffer, 2> unsent() const;
  void sent(std::size_t bytes);
  void end_request();
  void begin_span();
  void end_span(bool was_cut);
  void tell_observer(bool was_cut);
  void reset_connection();
  Task<> linger();
  Task<> close_tls();

  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = thread_.deadline(from_now); }

  using TlsStream = boost::asio::ssl::stream<Socket&>;

  IoThread& thread_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;  // Null: the connection is not encrypted.
  std::string remote_;
  SteadyTime deadline_ = SteadyTime::max();
  bool waiting_for_request_ = false;  // No byte of the next request has come.
  bool expired_ = false;
  bool closed_ = false;  // By close_now().
  bool keep_alive_ = false;
  bool reading_into_body_ = false;

  // Of the request being answered, for the observer.
  std::string_view route_;  // Empty: there is none, or the observer has been told.
  SteadyTime handled_at_;
  std::unique_ptr<Span> span_;  // Nothing: traces are off.

  // Both from the thread's stock, from a request's first byte to its answer's last.
  std::unique_ptr<RequestReader> reader_;
  std::shared_ptr<Exchange> exchange_;
  bool judged_ = false;
  Router::Match match_;             // Valid when judged.
  std::optional<Response> denied_;  // The gate's, who does not let the request pass.

  // What is still to be written, in this order. Points into the thread's scratch or into kept_, and
  // into exchange_.
  std::string_view unsent_head_;
  std::string_view unsent_body_;
  std::string kept_;

  // [begin_, end_) of the small array, or of the large one when there is one, is what has been read
  // and not taken: the rest of this request, or the beginning of the next.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<char[]> large_;
  std::array<char, kSmallBytes> small_;
};

}  // namespace konomi::http
