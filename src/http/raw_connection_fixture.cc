#include "http/raw_connection_fixture.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

namespace konomi::http {

std::string RawAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

RawConnection::RawConnection(std::uint16_t port, int receive_buffer_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
  }
  const timeval patience{.tv_sec = 20};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(std::exchange(socket_, -1));
  }
}

RawConnection::~RawConnection() {
  if (socket_ >= 0) ::close(socket_);
}

RawConnection::RawConnection(RawConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      was_reset_(other.was_reset_),
      buffered_(std::move(other.buffered_)) {}

bool RawConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawConnection::finish_writing() {
  ::shutdown(socket_, SHUT_WR);
}

std::string RawConnection::read_some(std::size_t max) {
  if (!buffered_.empty()) {
    std::string taken = buffered_.substr(0, max);
    buffered_.erase(0, taken.size());
    return taken;
  }
  std::string bytes(max, '\0');
  const ssize_t came = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (came < 0) {
    EXPECT_NE(errno, EAGAIN) << "nothing came within 20 s";
    was_reset_ = errno == ECONNRESET;
  }
  bytes.resize(came > 0 ? static_cast<std::size_t>(came) : 0);
  return bytes;
}

bool RawConnection::readable(int wait_milliseconds) const {
  pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
  return !buffered_.empty() || ::poll(&poll, 1, wait_milliseconds) == 1;
}

bool RawConnection::fill() {
  std::string kept = std::exchange(buffered_, {});
  const std::string more = read_some();
  buffered_ = std::move(kept) + more;
  return !more.empty();
}

std::string RawConnection::read_line() {
  std::size_t end = 0;
  while ((end = buffered_.find("\r\n")) == std::string::npos) {
    if (!fill()) return "";
  }
  std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 2);
  return line;
}

bool RawConnection::read_bytes(std::size_t count, std::string& out) {
  while (buffered_.size() < count) {
    if (!fill()) return false;
  }
  out += buffered_.substr(0, count);
  buffered_.erase(0, count);
  return true;
}

RawAnswer RawConnection::read_answer(bool without_body) {
  RawAnswer answer;
  const std::string status_line = read_line();
  if (!status_line.starts_with("HTTP/1.1 ")) return answer;
  std::from_chars(status_line.data() + 9, status_line.data() + 12, answer.status);
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const std::size_t colon = line.find(": ");
    EXPECT_NE(colon, std::string::npos) << line;
    if (colon == std::string::npos) return answer;
    answer.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  const bool bodiless = answer.status == 204 || answer.status == 304 || answer.status == 100;
  if (without_body || bodiless) {
    answer.complete = true;
  } else if (answer.header("Transfer-Encoding") == "chunked") {
    for (;;) {
      const std::string line = read_line();
      std::size_t size = 0;
      if (line.empty()) return answer;
      std::from_chars(line.data(), line.data() + line.size(), size, 16);
      std::string end;
      if (!read_bytes(size, answer.body) || !read_bytes(2, end)) return answer;
      if (size == 0) break;
    }
    answer.complete = true;
  } else if (const std::string length = answer.header("Content-Length"); !length.empty()) {
    answer.complete = read_bytes(std::stoul(length), answer.body);
  } else {
    for (std::string piece = read_some(); !piece.empty(); piece = read_some()) answer.body += piece;
    answer.complete = !was_reset_;
  }
  return answer;
}

RawAnswer RawConnection::ask(std::string_view bytes) {
  if (!write(bytes)) return {};
  return read_answer();
}

bool RawConnection::ends() {
  return read_some().empty();
}

}  // namespace konomi::http
