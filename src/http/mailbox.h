#pragma once

#include "base/mutex.h"
#include "base/result.h"
#include "base/trace.h"
#include "http/message.h"
#include "http/router.h"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace konomi::http {

class Mailbox;

// One request and its answer. Who owns it, step by step:
//
//   1. The session takes it from its thread's stock, reads a request into it and makes a Reply,
//      which holds a second reference. The session goes to sleep: `resume` is set.
//   2. The holder of the Reply owes the answer and may read `request`. No one else touches the
//      exchange; the session reads nothing of it while it sleeps.
//   3. The Reply is called (or destroyed: then it answers 500). It writes `response` and moves its
//      reference into the mailbox. The mailbox's mutex makes the response visible to the session's
//      thread. From here on the Reply is empty and calling it again does nothing.
//   4. The session's thread drains the mailbox, drops that reference and resumes the session, which
//      writes the answer and puts the exchange, now its alone again, back into the stock.
//
// A Reply called on the session's own thread before the handler has returned skips the mailbox: the
// session finds `answered` set and never sleeps. When the session is gone before step 4 (the server
// stopped without waiting any longer), it has taken its `resume` with it, and the reply is dropped
// in the drain, or by the closed mailbox. Pulling a chunk of a streamed body goes the same way,
// with a worker's job in place of the Reply.
struct Exchange {
  std::shared_ptr<Mailbox> mailbox;
  Request request;
  std::string body;                   // What request.body points to.
  std::optional<TraceContext> trace;  // That the handler works in.

  Response response;          // Written by the Reply,
  bool dropped = false;       // which was destroyed instead.
  std::string chunk;          // Written by response.stream,
  Result<bool> more = false;  // and what it returned.

  // Touched on the session's thread only.
  bool in_handler = false;
  bool answered = false;
  std::move_only_function<void()> resume;
};

// Brings finished exchanges back to the thread of their session. A burst of them costs one wake-up.
class Mailbox {
 public:
  explicit Mailbox(boost::asio::io_context& io) : io_(&io) {}

  // Called on the thread that runs the io_context, before anything can be pushed.
  void open() { thread_ = std::this_thread::get_id(); }
  bool on_own_thread() const { return thread_ == std::this_thread::get_id(); }

  // Any thread. Destroys the exchange when closed.
  static void push(std::shared_ptr<Exchange> exchange);

  // From now on pushes do nothing. Called before the io_context goes away, when it no longer runs.
  void close();

 private:
  static void drain(const std::shared_ptr<Mailbox>& self);

  std::thread::id thread_;

  Mutex mutex_;
  boost::asio::io_context* io_ KONOMI_GUARDED_BY(mutex_);  // Null: closed.
  std::vector<std::shared_ptr<Exchange>> finished_ KONOMI_GUARDED_BY(mutex_);

  std::vector<std::shared_ptr<Exchange>> draining_;  // Touched by the own thread only.
};

// The Reply that answers `exchange`.
Reply make_reply(std::shared_ptr<Exchange> exchange);

}  // namespace konomi::http
