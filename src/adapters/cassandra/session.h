#pragma once

#include "adapters/cassandra/requests.h"
#include "adapters/cassandra/rows.h"
#include "base/metrics.h"
#include "base/result.h"

#include <konomi_bridge.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace konomi::cassandra {

// How to reach a cluster, and how much to ask of it at once.
struct SessionOptions {
  std::string contact_points = "127.0.0.1";  // "host[:port]", separated by commas; 9042.
  std::string local_datacenter;              // Only its nodes are asked. Empty: all nodes are.
  // Of all reads and writes; those of one must meet those of the other, as in a quorum.
  std::string consistency = "LOCAL_QUORUM";
  std::string compression;  // Of the connections: "", "lz4" or "snappy".
  std::string user;         // Empty: no authentication.
  std::string password;

  bool use_tls = false;
  bool tls_verify = true;            // A node's certificate must name its IP address.
  std::string tls_ca_file;           // PEM. Empty: what the system trusts.
  std::string tls_certificate_file;  // PEM, the client's chain. Empty: none.
  std::string tls_key_file;          // PEM.

  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{10'000};
  // After so long another node is asked as well, for every statement may be repeated. 0: never.
  std::chrono::milliseconds speculative_delay{0};
  std::uint32_t speculative_requests_max = 1;
  std::uint32_t connections_per_node = 1;
  std::uint32_t threads = 2;

  // At once, of one call: statements, each of a batch counted, but so many batches in any case.
  std::uint32_t statements_in_flight_max = 256;
  std::uint32_t batches_in_flight = 16;
};

// A reading that is under way. Its destructor waits for it.
class PendingRead {
 public:
  PendingRead(PendingRead&&) noexcept;
  PendingRead& operator=(PendingRead&&) = delete;
  ~PendingRead();

  // Waits for what Session::read() answers; once.
  Result<Answers> wait();

 private:
  friend class Session;
  struct Call;
  explicit PendingRead(std::unique_ptr<Call> call);

  std::unique_ptr<Call> call_;
};

// Connections to a cluster, and blocking calls over them. Safe from every thread.
//
// A call ends at most a request timeout after its first failure. `unavailable`, `timed_out`,
// `overloaded`: call again; connections mend themselves. `invalid_argument`, `internal`: the
// message says what the server or the driver did not like.
class Session {
 public:
  // `keyspace` is that of the statements to come; it need not be there yet. Errors:
  // `invalid_argument` for wrong options or refused credentials, `unavailable` and `timed_out` when
  // no contact point answers.
  static Result<std::unique_ptr<Session>> connect(const SessionOptions& options,
                                                  std::string_view keyspace);

  // A statement that may be executed twice. With a page size it reads rows, and names its columns.
  // `invalid_argument` also when a table is missing.
  Result<Statement> prepare(std::string_view cql, std::uint32_t page_size = 0);

  // The first page of each request.
  Result<Answers> read(const Requests& requests) { return begin_read(requests).wait(); }
  // The same without waiting for it. The session outlives what this returns.
  PendingRead begin_read(const Requests& requests);

  // may_have_happened of an error: a part of it, or all, may be written.
  Result<void> write(const Requests& requests);

  // What the driver has counted. Asks no server.
  void collect(Samples& samples) const;

  // Every row of every request, page by page; `take` is told the request's index and reads the
  // cells. One request's rows come in their order. Stops at the first error of `take`.
  using TakeRow = std::function<Result<void>(std::size_t index, RowReader& row)>;
  Result<void> read_all(Requests requests, const TakeRow& take);

 private:
  using Handle = std::unique_ptr<konomi_bridge_session, decltype(&konomi_bridge_close)>;

  explicit Session(const SessionOptions& options)
      : statements_in_flight_max_(options.statements_in_flight_max),
        batches_in_flight_(options.batches_in_flight),
        handle_(nullptr, &konomi_bridge_close) {}
  std::uint32_t in_flight_max(const Requests& requests) const;
  void run(const Requests& requests, PendingRead::Call& call);

  const std::uint32_t statements_in_flight_max_;
  const std::uint32_t batches_in_flight_;
  Handle handle_;
};

}  // namespace konomi::cassandra
