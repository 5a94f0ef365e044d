#pragma once

#include "base/result.h"
#include "base/trace.h"
#include "http/gate.h"
#include "http/limits.h"
#include "http/observer.h"
#include "http/router.h"
#include "http/tls.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace konomi::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // An IP address; "::" and "0.0.0.0" are every interface.
  std::uint16_t port = 8080;          // 0: a free one, see Server::port().
  std::size_t threads = 2;  // Each with its own acceptor and its own share of connections.
  ServerLimits limits;
  Gate* gate = nullptr;                         // Null: every caller may do everything.
  const TlsCertificate* certificate = nullptr;  // Null: no TLS.
  Observer* observer = nullptr;                 // Null: nobody looks on.
  Tracer* tracer = nullptr;  // Makes a span for each request; null: none. Outlives stop().
};

// An HTTP/1.1 server. Handlers of the router may be called from all its threads at once, and
// whatever they refer to must outlive stop(), as must the gate and the certificate.
class Server {
 public:
  Server(ServerOptions options, Router router);
  ~Server();  // Stops.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and answers from now on. Fails without side effects: invalid_argument for an address
  // that is none, unavailable when it is taken or not allowed. Call once.
  Result<void> start();

  // Where it listens; valid after start().
  std::uint16_t port() const;

  // The number of open connections, as of a moment ago.
  std::size_t connections() const;

  // How long ago the slowest of its threads last completed a turn of its loop. A healthy thread
  // does so twice a second. Call after start() and before stop().
  std::chrono::milliseconds silence() const;

  // Stops accepting, closes idle connections, lets requests in flight finish within
  // limits.stop_grace, closes the rest, waits for handlers on worker threads that are running and
  // joins every thread. Afterwards nothing of the server calls anything, and a Reply still held
  // elsewhere may be called without effect. Blocks; not from a handler. Again: does nothing.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace konomi::http
