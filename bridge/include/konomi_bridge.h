#pragma once

// The scylla driver (a client of Apache Cassandra, written in Rust) behind a few C functions. It
// knows CQL, and nothing of konomi: tables and their meaning are the caller's.
//
// Threads. Every function may be called from every thread. A callback is called exactly once, on a
// thread of its session, or on the calling thread when the call is refused at once. It must be
// quick, must not block or throw, and must not close its session.
//
// Memory. What is handed in is copied before the function returns. What a callback is handed as a
// pointer to a struct lives until the callback returns; handles are its receiver's to free.
//
// Values travel as CQL's own protocol writes them, in both directions: four bytes of length, signed
// and big-endian, then so many bytes; the length -1 is null. A bigint is 8 bytes big-endian, an int
// 4, a tinyint 1, a timestamp a bigint of milliseconds since 1970, a date 4 bytes of days since
// 1970 plus 2^31, text its UTF-8, a blob its bytes.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A session: connections to all nodes of a cluster, and the threads that serve them.
typedef struct konomi_bridge_session konomi_bridge_session;
// A prepared statement. The driver prepares it again by itself on nodes that have forgotten it.
typedef struct konomi_bridge_statement konomi_bridge_statement;
// What one konomi_bridge_run() has read.
typedef struct konomi_bridge_results konomi_bridge_results;

// `size` bytes, no zero at their end. `data` may be null when `size` is 0.
typedef struct konomi_bridge_bytes {
  const uint8_t* data;
  size_t size;
} konomi_bridge_bytes;

enum {
  KONOMI_BRIDGE_OK = 0,
  KONOMI_BRIDGE_INVALID_ARGUMENT = 1,  // It will fail again: wrong options, values, CQL or rights.
  KONOMI_BRIDGE_UNAVAILABLE = 2,       // No node, or too few replicas. Try again later.
  KONOMI_BRIDGE_TIMED_OUT = 3,         // No answer in time. Try again later.
  KONOMI_BRIDGE_OVERLOADED = 4,        // The cluster or a connection takes no more for now.
  KONOMI_BRIDGE_INTERNAL = 5,          // A mistake of ours, of the driver's or of the server's.
};

typedef struct konomi_bridge_outcome {
  int32_t code;
  // Not 0: a part of what was asked for, or all of it, may have taken effect in spite of the error.
  uint8_t may_have_happened;
  konomi_bridge_bytes message;  // UTF-8; empty when `code` is KONOMI_BRIDGE_OK.
} konomi_bridge_outcome;

// The crate's version and the driver's: "0.1.0 (scylla 1)". Lives as long as the process.
konomi_bridge_bytes konomi_bridge_version(void);

// --- Sessions ------------------------------------------------------------------------------------

// Where there is a number, 0 stands for the driver's default, and so does an empty text.
typedef struct konomi_bridge_options {
  konomi_bridge_bytes contact_points;    // "host[:port]", separated by commas; the port is 9042.
  konomi_bridge_bytes keyspace;          // Whose replication is read for routing. Need not be there
                                         // yet; no statement is in it, all name theirs.
  konomi_bridge_bytes local_datacenter;  // Only its nodes are asked. Empty: all nodes are.
  konomi_bridge_bytes consistency;       // "LOCAL_QUORUM", …
  konomi_bridge_bytes compression;       // "", "lz4" or "snappy".
  konomi_bridge_bytes user;              // Empty: no authentication.
  konomi_bridge_bytes password;
  uint8_t use_tls;
  // Not 0: any certificate will do. Otherwise a node's must be signed by `tls_ca_file` (empty: what
  // the system trusts) and name the node's IP address.
  uint8_t tls_trust_anybody;
  konomi_bridge_bytes tls_ca_file;           // PEM.
  konomi_bridge_bytes tls_certificate_file;  // PEM, the client's chain; empty: none.
  konomi_bridge_bytes tls_key_file;          // PEM.
  uint32_t connect_timeout_ms;               // Until a session is there, or a connection again.
  uint32_t request_timeout_ms;               // Of each request, retries on other nodes included.
  // After so long without an answer another node is asked as well; only for statements said to be
  // idempotent. 0: never.
  uint32_t speculative_delay_ms;
  uint32_t speculative_requests_max;
  uint32_t connections_per_node;
  uint32_t threads;  // 0: 2.
} konomi_bridge_options;

typedef void (*konomi_bridge_done)(void* context, const konomi_bridge_outcome* outcome);

// Connects. The session is returned at once, is never null, and may be used when `done` was called
// with success. After an error only konomi_bridge_close() is left.
//   invalid_argument  wrong options, refused credentials
//   unavailable, timed_out  no contact point answered; connect again later
konomi_bridge_session* konomi_bridge_connect(const konomi_bridge_options* options,
                                             konomi_bridge_done done, void* context);

// Ends the session: callbacks that are still to come are called with `unavailable`, then its
// threads end. Blocks meanwhile. The session must not be used by anybody any more.
void konomi_bridge_close(konomi_bridge_session* session);

// What the driver has counted since the session was made; all 0 before it is connected. Reads
// counters, asks no server.
typedef struct konomi_bridge_counts {
  uint64_t requests;
  uint64_t errors;
  uint64_t retries;
  uint64_t request_timeouts;
  uint64_t connection_timeouts;
  uint64_t connections;     // Open now.
  uint64_t latency_p50_ms;  // Of all requests so far; 0: none.
  uint64_t latency_p99_ms;
} konomi_bridge_counts;

konomi_bridge_counts konomi_bridge_counts_of(const konomi_bridge_session* session);

// --- Statements ----------------------------------------------------------------------------------

typedef struct konomi_bridge_statement_options {
  uint32_t page_size;  // Rows; 0: all rows come at once.
  // Not 0: executing it twice is the same as once, so the driver may.
  uint8_t idempotent;
} konomi_bridge_statement_options;

typedef void (*konomi_bridge_prepared)(void* context, const konomi_bridge_outcome* outcome,
                                       konomi_bridge_statement* statement);

// Prepares CQL, on every node that can be reached. A SELECT must name its columns: `*` would be
// read as what it was when it was prepared. Statements that change the schema may be prepared too,
// and executing one waits until the nodes agree. `statement` is null unless it succeeded.
//   invalid_argument  the CQL is wrong, or names a table that is not there
void konomi_bridge_prepare(konomi_bridge_session* session, konomi_bridge_bytes cql,
                           const konomi_bridge_statement_options* options,
                           konomi_bridge_prepared done, void* context);

// May be called at any time: runs that use the statement keep it.
void konomi_bridge_statement_free(konomi_bridge_statement* statement);

// --- Running -------------------------------------------------------------------------------------

typedef struct konomi_bridge_request {
  const konomi_bridge_statement* statement;
  size_t values_size;  // How many bytes of `values` are this request's, behind those before it.
  // Not 0: it goes into one unlogged batch with the request before it. All statements of a batch
  // write one partition; a SELECT cannot be among them.
  uint8_t joins_previous;
  konomi_bridge_bytes paging_state;  // Empty: from the first page on.
} konomi_bridge_request;

typedef void (*konomi_bridge_ran)(void* context, const konomi_bridge_outcome* outcome,
                                  konomi_bridge_results* results);

// Executes many requests at once, at most `in_flight_max` at a time and in no order. After the
// first error nothing more is begun; `done` is called when nothing is under way any more, so at the
// latest about a request timeout after that. `results` is null unless all succeeded.
//   invalid_argument  values do not fit a statement, or the server refused one
//   unavailable, timed_out, overloaded  a part may have been done; run it again
void konomi_bridge_run(konomi_bridge_session* session, const konomi_bridge_request* requests,
                       size_t request_count, konomi_bridge_bytes values, uint32_t in_flight_max,
                       konomi_bridge_ran done, void* context);

// What one request has read. Its memory is the results'.
typedef struct konomi_bridge_page {
  size_t row_count;
  size_t column_count;
  konomi_bridge_bytes cells;         // row_count × column_count values, row by row.
  konomi_bridge_bytes paging_state;  // For the next page; empty: this was the last one.
} konomi_bridge_page;

// One for each request that does not join the one before it, in the order of the requests.
size_t konomi_bridge_results_count(const konomi_bridge_results* results);
// `index` is below the count. No rows for what is no SELECT.
konomi_bridge_page konomi_bridge_results_page(const konomi_bridge_results* results, size_t index);
void konomi_bridge_results_free(konomi_bridge_results* results);

#ifdef __cplusplus
}
#endif
