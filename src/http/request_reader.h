#pragma once

#include "http/limits.h"
#include "http/message.h"

#include <boost/beast/http/basic_parser.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace konomi::http {

// The request cannot be served; the connection is closed after this answer.
struct Refusal {
  unsigned status = 400;
  std::string_view message;  // A literal.
};

// Turns the bytes of a connection into one request: parses, decodes chunks and gzip, enforces the
// limits. Does no I/O. One thread.
class RequestReader {
 public:
  enum class State { head, body, complete, refused };

  // `limits` and `bodies_bytes`, the sum over all readers, outlive this object.
  RequestReader(const ServerLimits& limits, std::atomic<std::size_t>& bodies_bytes);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Starts on the next request, which goes into `request` and `body`; both stay until end().
  void begin(Request& request, std::string& body);

  // Gives back the memory accounted for, when the request has been answered.
  void end();

  // Takes bytes from the front and says how many. Fewer than all in state head or body means: call
  // again with these and more behind them. In state complete the rest belongs to the next request.
  std::size_t take(std::string_view bytes);

  // Where the next bytes of the connection may be read to directly, without take(); empty when they
  // have to go through it. Only in state body, with all bytes before taken.
  std::span<char> space();
  void read_into_space(std::size_t bytes);

  State state() const { return state_; }
  bool started() const { return started_; }  // Some byte of the request has been seen.
  const Refusal& refusal() const { return refusal_; }

  // Lowers the bound of this request's body; beyond it: 413. Only in state body.
  void bound_body(std::size_t bytes_max);
  // The request is answered before its body came; the connection cannot be used again. Only in
  // state body.
  void abandon() { refuse(0, {}); }

  // No place is left to read to although the reader needs more: refuses.
  void overflow();
  // The rest did not come in time: refuses.
  void time_out() { refuse(408, "the request did not arrive in time"); }

  // True once, when the client waits for "100 Continue" before it sends the body.
  bool take_expectation();

  // What the head says; valid from state body on. keep_alive is false after a refusal.
  bool keep_alive() const { return keep_alive_; }
  bool http_1_0() const { return http_1_0_; }

 private:
  // Hands the head's fields and the chunks' bytes to the reader.
  class Parser final : public boost::beast::http::basic_parser<true> {
   public:
    explicit Parser(RequestReader& reader) : reader_(reader) {}

   private:
    using Text = boost::beast::string_view;
    using ErrorCode = boost::beast::error_code;

    void on_request_impl(boost::beast::http::verb method, Text method_name, Text target,
                         int version, ErrorCode& error) override;
    void on_response_impl(int, Text, int, ErrorCode&) override {}
    void on_field_impl(boost::beast::http::field field, Text name, Text value,
                       ErrorCode& error) override;
    void on_header_impl(ErrorCode&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, ErrorCode&) override {}
    std::size_t on_body_impl(Text, ErrorCode&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t remaining, Text piece, ErrorCode& error) override;
    void on_finish_impl(ErrorCode&) override {}

    RequestReader& reader_;
  };
  class Gunzip;

  void refuse(unsigned status, std::string_view message);
  void take_field(boost::beast::http::field field, std::string_view name, std::string_view value);
  void finish_head();
  void finish_body();
  std::size_t take_head(std::string_view bytes);
  std::size_t take_chunked(std::string_view bytes);
  bool take_body(std::string_view piece);
  bool store(std::string_view piece);
  bool reserve(std::size_t bytes);

  const ServerLimits& limits_;
  std::atomic<std::size_t>& bodies_bytes_;

  Request* request_ = nullptr;
  std::string* body_ = nullptr;
  State state_ = State::complete;
  Refusal refusal_;
  std::optional<Parser> parser_;
  std::unique_ptr<Gunzip> gunzip_;

  bool started_ = false;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool host_seen_ = false;
  bool chunked_ = false;
  bool gzip_ = false;
  bool expects_continue_ = false;
  std::size_t head_bytes_ = 0;
  std::size_t received_ = 0;     // Bytes of the body, as sent.
  std::size_t filled_ = 0;       // Bytes used in *body_.
  std::uint64_t remaining_ = 0;  // Bytes to come of a body with Content-Length.
  std::size_t body_bytes_max_ = 0;
  std::size_t reserved_ = 0;   // Bytes reserved in *body_.
  std::size_t accounted_ = 0;  // In bodies_bytes_.
};

}  // namespace konomi::http
