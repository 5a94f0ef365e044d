#include "tests/contract/cassandra_proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace konomi::contract {
namespace {

constexpr std::size_t kHeldBytesMax = std::size_t{1} << 20;

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    throw std::runtime_error(fmt::format("{} is no IPv4 address", host));
  return address;
}

bool is_only_busy() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == EINPROGRESS;
}

}  // namespace

CassandraProxy::CassandraProxy(const std::string& host, std::uint16_t port)
    : server_host_(host),
      server_port_(port),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      wake_up_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  const sockaddr_in address = address_of("127.0.0.1", 0);
  if (listener_ < 0 || wake_up_ < 0 ||
      bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener_, SOMAXCONN) != 0)
    throw std::runtime_error("the proxy has no port to listen on");
  thread_ = std::jthread([this] { run(); });
}

CassandraProxy::~CassandraProxy() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_up_, 1);
  thread_.join();
  for (Connection& connection : connections_) close(connection);
  ::close(listener_);
  ::close(wake_up_);
}

std::string CassandraProxy::address() const {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

void CassandraProxy::cut() {
  set_mode(Mode::cut);
}
void CassandraProxy::freeze() {
  set_mode(Mode::frozen);
}
void CassandraProxy::heal() {
  set_mode(Mode::forwarding);
}

// Returns when the thread acts on it: a test must not race with its own fault.
void CassandraProxy::set_mode(Mode mode) {
  const MutexLock lock(mutex_);
  mode_ = mode;
  eventfd_write(wake_up_, 1);
  while (seen_mode_ != mode) changed_.wait(mutex_);
}

void CassandraProxy::run() {
  while (true) {
    Mode mode = Mode::forwarding;
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      mode = mode_;
      if (mode == Mode::cut) {
        for (Connection& connection : connections_) close(connection);
        connections_.clear();
      }
      seen_mode_ = mode;
      changed_.notify_all();
    }
    std::vector<pollfd> polled = {{wake_up_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [client, server] : connections_) {
      const bool passes = mode == Mode::forwarding;
      const auto events = [&](const Side& from, const Side& to) {
        const bool reads = passes && from.to_send.size() < kHeldBytesMax;
        const bool writes = passes && !to.to_send.empty();
        return static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      };
      polled.push_back({passes ? client.socket : -1, events(client, server), 0});
      polled.push_back({passes ? server.socket : -1, events(server, client), 0});
    }
    poll(polled.data(), polled.size(), -1);
    eventfd_t ignored = 0;
    eventfd_read(wake_up_, &ignored);

    constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
    std::vector<Connection> alive;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& connection = connections_[i];
      const short at_client = polled[2 + 2 * i].revents;
      const short at_server = polled[3 + 2 * i].revents;
      if (pass_on(connection.client, connection.server, (at_client & kReadable) != 0,
                  (at_server & POLLOUT) != 0) &&
          pass_on(connection.server, connection.client, (at_server & kReadable) != 0,
                  (at_client & POLLOUT) != 0)) {
        alive.push_back(std::move(connection));
      } else {
        close(connection);
      }
    }
    connections_ = std::move(alive);
    if ((polled[1].revents & POLLIN) != 0) accept_one(mode);
  }
}

void CassandraProxy::accept_one(Mode mode) {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  Connection connection{.client = {.socket = client, .to_send = {}}, .server = {}};
  if (mode != Mode::cut) {
    const sockaddr_in server = address_of(server_host_, server_port_);
    connection.server.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // On loopback this is answered at once, whatever the server's threads do.
    if (connect(connection.server.socket, reinterpret_cast<const sockaddr*>(&server),
                sizeof(server)) == 0) {
      connections_.push_back(std::move(connection));
      return;
    }
  }
  close(connection);
}

bool CassandraProxy::pass_on(Side& from, Side& to, bool from_readable, bool to_writable) {
  if (from_readable) {
    std::array<char, 65536> bytes{};
    const ssize_t size = recv(from.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size == 0 || (size < 0 && !is_only_busy())) return false;
    if (size > 0) from.to_send.append(bytes.data(), static_cast<std::size_t>(size));
  }
  if ((from_readable || to_writable) && !from.to_send.empty()) {
    const ssize_t size =
        send(to.socket, from.to_send.data(), from.to_send.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && !is_only_busy()) return false;
    if (size > 0) from.to_send.erase(0, static_cast<std::size_t>(size));
  }
  return true;
}

void CassandraProxy::close(Connection& connection) {
  for (Side* side : {&connection.client, &connection.server}) {
    if (side->socket >= 0) ::close(side->socket);
    side->socket = -1;
  }
}

}  // namespace konomi::contract
