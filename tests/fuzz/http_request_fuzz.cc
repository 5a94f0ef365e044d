#include "base/assert.h"
#include "http/request_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using konomi::http::Request;
using konomi::http::RequestReader;
using konomi::http::ServerLimits;
using State = RequestReader::State;

ServerLimits small_limits() {
  ServerLimits limits;
  limits.header_bytes_max = 1024;
  limits.body_bytes_max = 32 * 1024;
  limits.bodies_bytes_max = 64 * 1024;
  return limits;
}

// What one request of a connection came to.
struct Read {
  State state = State::head;
  unsigned status = 0;
  std::string body;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;
  bool keep_alive = false;

  bool operator==(const Read&) const = default;
};

// Reads one request as a session does, from a connection that brings `step` bytes at a time; takes
// what was used from the front of `bytes`.
Read read_one(RequestReader& reader, std::string_view& bytes, std::size_t step) {
  Request request;
  std::string body;
  std::string buffered;
  std::string_view rest = bytes;
  std::size_t used = 0;
  reader.begin(request, body);
  const auto is_over = [&] {
    return reader.state() == State::complete || reader.state() == State::refused;
  };
  while (!is_over() && !rest.empty()) {
    const std::size_t piece = std::min(step, rest.size());
    const auto space = buffered.empty() ? reader.space() : std::span<char>();
    if (!space.empty()) {
      const std::size_t direct = std::min(piece, space.size());
      std::memcpy(space.data(), rest.data(), direct);
      reader.read_into_space(direct);
      rest.remove_prefix(direct);
      used += direct;
      continue;
    }
    if (is_over()) break;  // space() may refuse.
    buffered += rest.substr(0, piece);
    rest.remove_prefix(piece);
    const std::size_t taken = reader.take(buffered);
    KONOMI_ASSERT(taken <= buffered.size(), "no more is taken than there is");
    used += taken;
    buffered.erase(0, taken);
  }
  Read read{.state = reader.state()};
  if (read.state == State::refused) {
    read.status = reader.refusal().status;
    KONOMI_ASSERT(read.status >= 400 && read.status <= 599, "a refusal is an error");
    KONOMI_ASSERT(!reader.keep_alive(), "a refused connection is closed");
  } else if (read.state == State::complete) {
    read.body = std::string(request.body);
    read.path = request.path;
    read.query = request.query;
    read.headers = request.headers;
    read.keep_alive = reader.keep_alive();
    KONOMI_ASSERT(read.path.starts_with('/'), "a path begins with a slash");
    KONOMI_ASSERT(read.body.size() <= 32 * 1024, "a body is within its bound");
  }
  bytes.remove_prefix(used);
  reader.end();
  return read;
}

std::vector<Read> read_all(std::string_view bytes, std::size_t step) {
  static const ServerLimits limits = small_limits();
  std::atomic<std::size_t> bodies_bytes = 0;
  std::vector<Read> requests;
  {
    RequestReader reader(limits, bodies_bytes);
    do {
      requests.push_back(read_one(reader, bytes, step));
    } while (requests.back().state == State::complete && requests.back().keep_alive &&
             !bytes.empty());
  }
  KONOMI_ASSERT(bodies_bytes == 0, "all memory is given back");
  return requests;
}

}  // namespace

// The first byte says how many bytes come at a time; the rest is what a connection brings. However
// it is split, the same requests come out: where one ends must not depend on the network.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] + std::size_t{1};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = read_all(bytes, bytes.size() + 1);
  const auto split = read_all(bytes, step);
  // How soon something wrong is seen, and which of several errors first, may depend on the pieces:
  // then there is a refusal, or the rest is waited for. No request may come out of it.
  KONOMI_ASSERT(whole.size() == split.size(), "as many requests");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i].state != State::complete && split[i].state != State::complete) continue;
    KONOMI_ASSERT(whole[i] == split[i], "the same request");
  }
  return 0;
}
