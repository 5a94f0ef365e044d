#pragma once

#include "http/io_thread.h"
#include "http/stream.h"
#include "http/turn.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace konomi::http {

// One connection: reads requests, has them handled, writes the answers in order. Lives in its own
// coroutine, on one thread. What it does at any moment:
//
//   Quiet::shaking_hands → Quiet::waiting → Turn: read, handle, write → Quiet::closing → the end
//       (TLS only)                  ↑_____________________|
//
// The coroutine alone moves on from one to the next. What the thread does to the connection while
// the coroutine sleeps is in cut_.
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
  void close_if_quiet();
  void close_now();

 private:
  // What an idle connection waits with; most requests fit. A larger one gets a buffer from the
  // thread's stock for as long as it is being read.
  static constexpr std::size_t kSmallBytes = 1024;

  // No request is in flight: a stopping server does not wait for this connection.
  enum class Quiet {
    shaking_hands,
    waiting,  // For the first byte of a request.
    closing,  // The last answer is written. The client shall have it before the connection ends.
  };

  enum class Cut {
    no,
    late,    // The deadline is over: what the coroutine waits for is cancelled.
    closed,  // The server waits for nobody any more.
  };

  // Where the next bytes of a request go.
  struct Space {
    boost::asio::mutable_buffer buffer;  // Empty: the request is refused.
    bool is_in_body = false;             // RequestReader::space(), not the buffer of this session.
  };

  enum class Written { all, part, failed };

  // The coroutines return false when the connection is to be closed.
  Task<> serve();
  Task<> answer_requests();
  Task<bool> write_rest();
  Task<bool> stream_body(Turn& turn);
  Task<> linger();
  Task<> close_tls();

  // Plain functions around the waiting of answer_requests().
  void be_quiet(Quiet quiet, std::chrono::milliseconds no_longer_than);
  bool has_begun_request(boost::system::error_code error, std::size_t bytes);
  Turn& begin_turn();
  bool take_buffered(Turn& turn);  // True when nothing more is to be read.
  Space reading_space(Turn& turn);
  bool take_read(Turn& turn, Space space, boost::system::error_code error, std::size_t bytes);
  Written write_answer(Turn& turn);
  Written write_some();
  void keep_unsent();
  std::array<boost::asio::const_buffer, 2> unsent() const;
  void sent(std::size_t bytes);
  void reset_connection();
  void release_buffer();

  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = thread_.deadline(from_now); }
  void set_no_deadline() { deadline_ = SteadyTime::max(); }
  bool is_closed() const { return cut_ == Cut::closed; }

  IoThread& thread_;
  Stream stream_;
  std::string remote_;

  std::variant<Quiet, Turn> doing_ = Quiet::waiting;
  Cut cut_ = Cut::no;
  SteadyTime deadline_ = SteadyTime::max();

  // What is still to be written, in this order. Points into the thread's scratch or into kept_, and
  // into the turn's exchange.
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
