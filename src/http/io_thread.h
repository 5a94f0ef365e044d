#pragma once

#include "base/heartbeat.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/trace.h"
#include "http/completion.h"
#include "http/gate.h"
#include "http/limits.h"
#include "http/mailbox.h"
#include "http/observer.h"
#include "http/request_reader.h"
#include "http/router.h"
#include "http/stream.h"
#include "http/tls.h"
#include "http/worker_pool.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace konomi::http {

using SteadyTime = std::chrono::steady_clock::time_point;

// How many connections the server has. Safe from every thread.
class ConnectionCount {
 public:
  explicit ConnectionCount(std::size_t max) : max_(max) {}

  bool try_open();  // False when there are as many as allowed.
  void close();
  std::size_t open() const;
  // False when some were left at `until`.
  bool wait_for_none(SteadyTime until);

 private:
  const std::size_t max_;

  mutable Mutex mutex_;
  ConditionVariable none_;
  std::size_t open_ KONOMI_GUARDED_BY(mutex_) = 0;
};

// What the threads of a server share. Outlives them.
struct ServerShared {
  ServerShared(const ServerLimits& server_limits, Router server_router, Gate* server_gate,
               const TlsCertificate* server_certificate, Observer* looks_on, Tracer* traces)
      : limits(server_limits),
        observer(looks_on),
        tracer(traces),
        router(std::move(server_router)),
        gate(server_gate),
        certificate(server_certificate),
        connections(limits.connections_max),
        workers(limits.worker_threads, limits.worker_queue_max) {}

  const ServerLimits limits;
  Observer* const observer;  // Null: nobody.
  Tracer* const tracer;      // Null: no traces.
  const Router router;
  Gate* const gate;                         // Null: every caller may do everything.
  const TlsCertificate* const certificate;  // Null: no TLS.
  ConnectionCount connections;
  std::atomic<std::size_t> bodies_bytes = 0;
  WorkerPool workers;
};

class Session;
struct SessionHook : boost::intrusive::list_base_hook<> {};

// One thread of the server: its io_context, its acceptor, its sessions and what they reuse.
class IoThread {
 public:
  explicit IoThread(ServerShared& shared);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  // Binds and listens. Before start().
  Result<void> listen(const boost::asio::ip::tcp::endpoint& endpoint);
  boost::asio::ip::tcp::endpoint local_endpoint() const;

  void start();

  // Beats with every tick of the thread's event loop; safe from every thread.
  const Heartbeat& heartbeat() const { return heartbeat_; }

  // The three steps of stopping, from outside. First no new connections, and the idle ones closed;
  void begin_stop();
  // then the sockets of the rest closed and nobody waited for;
  void close_all();
  // then, when no connection is left, the end of the thread.
  void join();

  // The rest is for this thread's sessions.
  ServerShared& shared() { return shared_; }
  Executor executor() { return io_.get_executor(); }
  // Never early, for the time of the last sweep is up to a tick old.
  SteadyTime deadline(std::chrono::milliseconds from_now) const { return now_ + tick_ + from_now; }
  bool stopping() const { return stopping_; }

  void enter(Session& session);
  void leave(Session& session);

  // Things that one request needs and an idle connection does not: few of them serve many
  // connections, and stay in the cache.
  std::shared_ptr<Exchange> take_exchange();
  void give_back(std::shared_ptr<Exchange> exchange);
  std::unique_ptr<RequestReader> take_reader();
  void give_back(std::unique_ptr<RequestReader> reader);
  std::unique_ptr<char[]> take_buffer();
  void give_back(std::unique_ptr<char[]> buffer);
  std::size_t buffer_bytes() const { return shared_.limits.header_bytes_max + 1024; }

  // Where an answer is put together. Nobody keeps anything in it over a co_await.
  std::string& scratch() { return scratch_; }

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
  using Timer = boost::asio::basic_waitable_timer<
      std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  void run();
  Task<> accept_connections();
  Task<> sweep();
  void take_connection(Socket socket);

  ServerShared& shared_;
  const std::chrono::milliseconds tick_;
  Heartbeat heartbeat_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  bool stopping_ = false;  // No new requests.
  bool ended_ = false;     // No connection is left.
  boost::intrusive::list<SessionHook, boost::intrusive::constant_time_size<false>> sessions_;
  std::vector<std::shared_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<RequestReader>> readers_;
  std::vector<std::unique_ptr<char[]>> buffers_;
  std::string scratch_;

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<Executor> work_;
  Acceptor acceptor_;
  Timer sweep_timer_;
  Timer accept_timer_;
  const std::shared_ptr<Mailbox> mailbox_;

  std::jthread thread_;
};

}  // namespace konomi::http
