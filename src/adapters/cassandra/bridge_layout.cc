// bridge/src/ffi.rs declares the structs of konomi_bridge.h once more, and asserts the same
// numbers.
#include <konomi_bridge.h>

#include <cstddef>

#define KONOMI_SIZE(type, size) static_assert(sizeof(konomi_bridge_##type) == (size))
#define KONOMI_FIELD(type, field, offset) \
  static_assert(offsetof(konomi_bridge_##type, field) == (offset))

KONOMI_SIZE(bytes, 16);
KONOMI_FIELD(bytes, data, 0);
KONOMI_FIELD(bytes, size, 8);

KONOMI_SIZE(outcome, 24);
KONOMI_FIELD(outcome, code, 0);
KONOMI_FIELD(outcome, may_have_happened, 4);
KONOMI_FIELD(outcome, message, 8);

KONOMI_SIZE(options, 192);
KONOMI_FIELD(options, contact_points, 0);
KONOMI_FIELD(options, keyspace, 16);
KONOMI_FIELD(options, local_datacenter, 32);
KONOMI_FIELD(options, consistency, 48);
KONOMI_FIELD(options, compression, 64);
KONOMI_FIELD(options, user, 80);
KONOMI_FIELD(options, password, 96);
KONOMI_FIELD(options, use_tls, 112);
KONOMI_FIELD(options, tls_trust_anybody, 113);
KONOMI_FIELD(options, tls_ca_file, 120);
KONOMI_FIELD(options, tls_certificate_file, 136);
KONOMI_FIELD(options, tls_key_file, 152);
KONOMI_FIELD(options, connect_timeout_ms, 168);
KONOMI_FIELD(options, request_timeout_ms, 172);
KONOMI_FIELD(options, speculative_delay_ms, 176);
KONOMI_FIELD(options, speculative_requests_max, 180);
KONOMI_FIELD(options, connections_per_node, 184);
KONOMI_FIELD(options, threads, 188);

KONOMI_SIZE(counts, 64);
KONOMI_FIELD(counts, requests, 0);
KONOMI_FIELD(counts, errors, 8);
KONOMI_FIELD(counts, retries, 16);
KONOMI_FIELD(counts, request_timeouts, 24);
KONOMI_FIELD(counts, connection_timeouts, 32);
KONOMI_FIELD(counts, connections, 40);
KONOMI_FIELD(counts, latency_p50_ms, 48);
KONOMI_FIELD(counts, latency_p99_ms, 56);

KONOMI_SIZE(statement_options, 8);
KONOMI_FIELD(statement_options, page_size, 0);
KONOMI_FIELD(statement_options, idempotent, 4);

KONOMI_SIZE(request, 40);
KONOMI_FIELD(request, statement, 0);
KONOMI_FIELD(request, values_size, 8);
KONOMI_FIELD(request, joins_previous, 16);
KONOMI_FIELD(request, paging_state, 24);

KONOMI_SIZE(page, 48);
KONOMI_FIELD(page, row_count, 0);
KONOMI_FIELD(page, column_count, 8);
KONOMI_FIELD(page, cells, 16);
KONOMI_FIELD(page, paging_state, 32);
