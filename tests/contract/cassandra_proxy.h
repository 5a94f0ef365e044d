#pragma once

#include "base/mutex.h"

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace konomi::contract {

// Stands between a client and one server on loopback, and fails as networks and servers do. Safe
// from every thread.
class CassandraProxy {
 public:
  // Forwards to `host`:`port`, an IPv4 address. Throws when there is no port to listen on.
  CassandraProxy(const std::string& host, std::uint16_t port);
  ~CassandraProxy();
  CassandraProxy(const CassandraProxy&) = delete;
  CassandraProxy& operator=(const CassandraProxy&) = delete;

  // "127.0.0.1:port", where it listens. The same all its life.
  std::string address() const;

  // Ends every connection, and ends new ones at once: the server is gone.
  void cut();
  // Keeps every connection, and passes nothing on: the server hangs.
  void freeze();
  // Passes on what waits, and takes new connections again.
  void heal();

 private:
  enum class Mode { forwarding, cut, frozen };
  // Bytes that one side sent and the other has not taken yet.
  struct Side {
    int socket = -1;
    std::string to_send;
  };
  struct Connection {
    Side client;
    Side server;
  };

  void set_mode(Mode mode);
  void run();
  void accept_one(Mode mode);
  // False when the connection has ended.
  static bool pass_on(Side& from, Side& to, bool from_readable, bool to_writable);
  static void close(Connection& connection);

  const std::string server_host_;
  const std::uint16_t server_port_;
  int listener_ = -1;
  int wake_up_ = -1;

  Mutex mutex_;
  ConditionVariable changed_;
  Mode mode_ KONOMI_GUARDED_BY(mutex_) = Mode::forwarding;
  Mode seen_mode_ KONOMI_GUARDED_BY(mutex_) = Mode::forwarding;
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;

  std::vector<Connection> connections_;  // Of the thread.
  std::jthread thread_;
};

}  // namespace konomi::contract
