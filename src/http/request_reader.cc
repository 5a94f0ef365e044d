#include "http/request_reader.h"

#include "base/assert.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace konomi::http {
namespace {

namespace beast_http = boost::beast::http;

// Bodies up to this size are part of what a connection costs and are not accounted for one by one.
constexpr std::size_t kUnaccountedBytes = 16 * 1024;
// The first step of a body's memory. Growing with the bytes that came, not with those announced,
// keeps a liar cheap.
constexpr std::size_t kFirstBytes = 4 * 1024;

constexpr std::string_view kBodyTooLarge = "the body is larger than this server accepts";

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::get;
    case beast_http::verb::head:
      return Method::head;
    case beast_http::verb::post:
      return Method::post;
    case beast_http::verb::put:
      return Method::put;
    case beast_http::verb::delete_:
      return Method::del;
    case beast_http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

// The name under which handlers find a header that is only handed on; empty: it is not, or means
// something to the reader.
std::string_view kept_name(beast_http::field field) {
  switch (field) {
    case beast_http::field::accept:
      return "accept";
    case beast_http::field::accept_encoding:
      return "accept-encoding";
    case beast_http::field::access_control_request_method:
      return "access-control-request-method";
    case beast_http::field::authorization:
      return "authorization";
    case beast_http::field::content_type:
      return "content-type";
    case beast_http::field::cookie:
      return "cookie";
    case beast_http::field::if_none_match:
      return "if-none-match";
    case beast_http::field::origin:
      return "origin";
    default:
      return {};
  }
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return boost::beast::iequals(a, b);
}

}  // namespace

class RequestReader::Gunzip {
 public:
  enum class Outcome { ok, broken, refused };

  Gunzip() {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Calls `store(piece)` with what comes out; `refused` when it returns false.
  template <class Store>
  Outcome take(std::string_view piece, Store store) {
    std::array<char, 16 * 1024> out;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): zlib reads it only.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    for (;;) {
      if (at_end_ && stream_.avail_in > 0) {
        // A gzip file may be several members one after the other.
        if (inflateReset(&stream_) != Z_OK) return Outcome::broken;
        at_end_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = static_cast<uInt>(out.size());
      const int status = inflate(&stream_, Z_NO_FLUSH);
      const bool stuck = status == Z_BUF_ERROR && stream_.avail_in > 0;
      if (stuck || (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)) {
        return Outcome::broken;
      }
      if (!store(std::string_view(out.data(), out.size() - stream_.avail_out))) {
        return Outcome::refused;
      }
      at_end_ = status == Z_STREAM_END;
      if (stream_.avail_in == 0 && (at_end_ || stream_.avail_out > 0)) return Outcome::ok;
    }
  }

  bool complete() const { return at_end_; }

 private:
  z_stream stream_{};
  bool at_end_ = false;
};

void RequestReader::Parser::on_request_impl(beast_http::verb method, Text, Text target, int version,
                                            ErrorCode&) {
  reader_.http_1_0_ = version < 11;
  reader_.request_->method = method_of(method);
  if (const auto set = set_target(*reader_.request_, target); !set) {
    reader_.refuse(400,
                   "expected a path that starts with \"/\" and escapes of two hexadecimal "
                   "digits after every %");
  }
}

void RequestReader::Parser::on_field_impl(beast_http::field field, Text name, Text value,
                                          ErrorCode&) {
  // What follows the last chunk of a body, the trailer, says nothing that konomi uses.
  if (reader_.state_ == State::head) reader_.take_field(field, name, value);
}

std::size_t RequestReader::Parser::on_chunk_body_impl(std::uint64_t, Text piece, ErrorCode& error) {
  if (!reader_.take_body(piece)) error = beast_http::error::body_limit;
  return piece.size();
}

RequestReader::RequestReader(const ServerLimits& limits, std::atomic<std::size_t>& bodies_bytes)
    : limits_(limits), bodies_bytes_(bodies_bytes) {}

RequestReader::~RequestReader() {
  end();
}

void RequestReader::begin(Request& request, std::string& body) {
  request_ = &request;
  body_ = &body;
  request.path.clear();
  request.params.clear();
  request.query.clear();
  request.headers.clear();
  request.body = {};
  request.caller.reset();
  body.clear();
  state_ = State::head;
  parser_.emplace(*this);
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes_max));
  parser_->body_limit(boost::none);
  started_ = keep_alive_ = http_1_0_ = host_seen_ = chunked_ = gzip_ = expects_continue_ = false;
  head_bytes_ = received_ = filled_ = 0;
  remaining_ = 0;
  reserved_ = kFirstBytes;
  body_bytes_max_ = limits_.body_bytes_max;
}

void RequestReader::end() {
  if (accounted_ > 0) bodies_bytes_.fetch_sub(std::exchange(accounted_, 0));
  gunzip_.reset();
}

void RequestReader::refuse(unsigned status, std::string_view message) {
  if (state_ == State::refused) return;
  state_ = State::refused;
  refusal_ = {.status = status, .message = message};
  keep_alive_ = false;
  expects_continue_ = false;
}

void RequestReader::bound_body(std::size_t bytes_max) {
  body_bytes_max_ = std::min(body_bytes_max_, bytes_max);
  // A chunked body announces no size: it is checked against the bound as it arrives.
  if (received_ + remaining_ > body_bytes_max_ || filled_ > body_bytes_max_)
    refuse(413, kBodyTooLarge);
}

void RequestReader::overflow() {
  if (state_ == State::head) {
    refuse(431, "the request line and headers are larger than this server accepts");
  } else {
    refuse(400, "a chunk's size or the trailer is larger than this server accepts");
  }
}

bool RequestReader::take_expectation() {
  return std::exchange(expects_continue_, false);
}

std::size_t RequestReader::take(std::string_view bytes) {
  std::size_t taken = 0;
  if (state_ == State::head) taken = take_head(bytes);
  if (state_ != State::body) return taken;
  bytes.remove_prefix(taken);
  if (chunked_) return taken + take_chunked(bytes);
  const std::size_t piece = std::min<std::uint64_t>(bytes.size(), remaining_);
  if (!take_body(bytes.substr(0, piece))) return taken;
  remaining_ -= piece;
  if (remaining_ == 0) finish_body();
  return taken + piece;
}

std::size_t RequestReader::take_head(std::string_view bytes) {
  std::size_t skipped = 0;
  if (!started_) {
    // Old clients end a body with an extra line break.
    while (skipped < bytes.size() && (bytes[skipped] == '\r' || bytes[skipped] == '\n')) ++skipped;
    bytes.remove_prefix(skipped);
    if (bytes.empty()) return skipped;
    started_ = true;
  }
  boost::beast::error_code error;
  const std::size_t taken = parser_->put(boost::asio::buffer(bytes), error);
  head_bytes_ += taken;
  const bool incomplete = error == beast_http::error::need_more;
  if (state_ == State::refused) return skipped + taken;
  if (error == beast_http::error::header_limit ||
      head_bytes_ + (incomplete ? bytes.size() - taken : 0) > limits_.header_bytes_max) {
    overflow();
  } else if (error && !incomplete) {
    refuse(400, "the request line or a header is not valid HTTP/1.0 or HTTP/1.1");
  } else if (parser_->is_header_done()) {
    finish_head();
  }
  return skipped + taken;
}

void RequestReader::take_field(beast_http::field field, std::string_view name,
                               std::string_view value) {
  auto& headers = request_->headers;
  if (const std::string_view kept = kept_name(field); !kept.empty()) {
    headers.emplace_back(kept, value);
    return;
  }
  switch (field) {
    case beast_http::field::content_encoding:
      if (equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip")) {
        if (gzip_) refuse(415, "a body that is compressed twice is not supported");
        gzip_ = true;
      } else if (!value.empty() && !equals_ignoring_case(value, "identity")) {
        refuse(415, "the body's Content-Encoding must be gzip or absent");
      }
      return;
    case beast_http::field::transfer_encoding:
      if (!equals_ignoring_case(value, "chunked")) {
        refuse(501, "the only supported Transfer-Encoding is chunked");
      }
      chunked_ = true;
      return;
    case beast_http::field::expect:
      if (!equals_ignoring_case(value, "100-continue")) {
        refuse(417, "the only supported expectation is 100-continue");
      }
      expects_continue_ = true;
      return;
    case beast_http::field::host:
      if (host_seen_) refuse(400, "expected one Host header");
      host_seen_ = true;
      headers.emplace_back("host", value);
      return;
    case beast_http::field::unknown:
      if (equals_ignoring_case(name, "idempotency-key")) {
        headers.emplace_back("idempotency-key", value);
      } else if (equals_ignoring_case(name, "traceparent")) {
        headers.emplace_back("traceparent", value);
      }
      return;
    default:
      return;
  }
}

void RequestReader::finish_head() {
  if (!http_1_0_ && !host_seen_) return refuse(400, "HTTP/1.1 requires a Host header");
  if (http_1_0_ && chunked_) return refuse(400, "HTTP/1.0 has no chunked bodies");
  keep_alive_ = parser_->keep_alive();
  if (http_1_0_) expects_continue_ = false;
  if (!chunked_) {
    remaining_ = parser_->content_length().value_or(0);
    if (remaining_ > body_bytes_max_) {
      return refuse(413, kBodyTooLarge);
    }
    if (remaining_ == 0) {
      expects_continue_ = false;
      state_ = State::complete;
      return;
    }
  }
  parser_->eager(true);
  if (gzip_) gunzip_ = std::make_unique<Gunzip>();
  state_ = State::body;
}

std::size_t RequestReader::take_chunked(std::string_view bytes) {
  // At least five bytes are always still to come, for the shortest end is "0", CRLF, CRLF. Beast's
  // parser, given fewer of them, fails an assertion of its own.
  if (bytes.size() < 5) return 0;
  boost::beast::error_code error;
  const std::size_t taken = parser_->put(boost::asio::buffer(bytes), error);
  if (taken > 0) expects_continue_ = false;
  if (state_ == State::refused) return taken;
  if (error && error != beast_http::error::need_more) {
    refuse(400, "the body is not in valid chunks");
  } else if (parser_->is_done()) {
    finish_body();
  }
  return taken;
}

bool RequestReader::take_body(std::string_view piece) {
  if (piece.empty()) return true;
  expects_continue_ = false;
  received_ += piece.size();
  if (received_ > body_bytes_max_) {
    refuse(413, kBodyTooLarge);
    return false;
  }
  if (!gunzip_) return store(piece);
  switch (gunzip_->take(piece, [this](std::string_view out) { return store(out); })) {
    case Gunzip::Outcome::ok:
      return true;
    case Gunzip::Outcome::broken:
      refuse(400, "the body is not valid gzip");
      return false;
    case Gunzip::Outcome::refused:
      return false;
  }
  return false;
}

void RequestReader::finish_body() {
  if (gunzip_ && !gunzip_->complete()) return refuse(400, "the gzip body ends too early");
  body_->resize(filled_);
  request_->body = *body_;
  state_ = State::complete;
}

bool RequestReader::store(std::string_view piece) {
  if (piece.empty()) return true;
  if (!reserve(filled_ + piece.size())) return false;
  body_->resize(filled_);  // Drops space that was handed out and not used.
  body_->append(piece);
  filled_ += piece.size();
  return true;
}

bool RequestReader::reserve(std::size_t bytes) {
  if (bytes > body_bytes_max_) {
    refuse(413,
           gunzip_ ? "the body is larger than this server accepts after gunzip" : kBodyTooLarge);
    return false;
  }
  if (bytes <= reserved_) return true;
  const std::size_t wanted = std::max(bytes, std::min(2 * reserved_, body_bytes_max_));
  if (wanted > kUnaccountedBytes) {
    const std::size_t more = wanted - accounted_;
    if (bodies_bytes_.fetch_add(more) + more > limits_.bodies_bytes_max) {
      bodies_bytes_.fetch_sub(more);
      refuse(503, "the bodies being received fill this server's memory; try again");
      return false;
    }
    accounted_ = wanted;
  }
  reserved_ = wanted;
  body_->reserve(reserved_);
  return true;
}

std::span<char> RequestReader::space() {
  if (state_ != State::body || chunked_ || gunzip_) return {};
  if (filled_ == body_->size()) {
    if (!reserve(filled_ + 1)) return {};
    body_->resize(std::min<std::uint64_t>(reserved_, filled_ + remaining_));
  }
  return std::span(*body_).subspan(filled_);
}

void RequestReader::read_into_space(std::size_t bytes) {
  KONOMI_ASSERT(bytes <= remaining_, "no more was read than the body lacks");
  filled_ += bytes;
  received_ += bytes;
  remaining_ -= bytes;
  if (remaining_ == 0) finish_body();
}

}  // namespace konomi::http
