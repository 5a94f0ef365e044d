#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace konomi::http {

// An answer as it came over the wire.
struct RawAnswer {
  unsigned status = 0;
  std::multimap<std::string, std::string> headers;  // Names as sent.
  std::string body;                                 // Without its chunks.
  bool complete = false;  // False: the connection ended before the answer did.

  std::string header(const std::string& name) const;
};

// For tests: a plain socket that writes exactly the bytes it is told to. Waits at most 20 s for
// anything; a failed call fails the test.
class RawConnection {
 public:
  // A small receive buffer makes a slow reader.
  explicit RawConnection(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection& operator=(RawConnection&&) = delete;

  // False when the other side has closed.
  bool write(std::string_view bytes);
  void finish_writing();
  // Up to `max` bytes, as they come; empty at the end of the connection, however it came.
  std::string read_some(std::size_t max = 64 * 1024);
  bool was_reset() const { return was_reset_; }
  // Whether something can be read at this moment, or within the wait.
  bool readable(int wait_milliseconds) const;

  // The next answer; `without_body` for HEAD.
  RawAnswer read_answer(bool without_body = false);
  RawAnswer ask(std::string_view bytes);
  // True when the server closes without sending anything more.
  bool ends();

 private:
  bool fill();
  std::string read_line();
  bool read_bytes(std::size_t count, std::string& out);

  int socket_ = -1;
  bool was_reset_ = false;
  std::string buffered_;
};

}  // namespace konomi::http
