#pragma once

#include "adapters/cassandra/session.h"
#include "base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::cassandra {

struct SchemaOptions {
  std::string keyspace = "konomi";  // A small letter, then small letters, digits and "_"; up to 48.
  // Copies of every row in each datacenter, for NetworkTopologyStrategy. Empty: SimpleStrategy with
  // `replication`, for a cluster of one datacenter.
  std::map<std::string, std::uint32_t> replication_by_datacenter;
  std::uint32_t replication = 3;
};

// Reads replication as a configuration writes it: "3", or "tokyo:3,osaka:2".
Result<void> parse_replication(std::string_view text, SchemaOptions& options);

// The schema as CQL that cqlsh runs, with the reasons of each table's settings; what schema_apply()
// does to an empty cluster. `invalid_argument` for a keyspace or a replication that is none.
Result<std::string> schema_print(const SchemaOptions& options);

// Makes what is missing: the keyspace, the migrations that were not applied yet, and the menu types
// that every catalogue starts with. Answers a line for each thing done, none when all was there;
// may be repeated, also after it failed in the middle. The replication of a keyspace that is there
// stays as it is. Not to be run by two at a time: nodes that are told of one table twice at the
// same moment can disagree about it. `invalid_argument` also for a schema that a later konomi has
// made.
Result<std::vector<std::string>> schema_apply(Session& session, const SchemaOptions& options);

// Whether the keyspace has the schema of this version: `invalid_argument` says what is there
// instead and names `konomi schema apply`.
Result<void> check_schema(Session& session, std::string_view keyspace);

// `invalid_argument` when `keyspace` is no name for one.
Result<void> check_keyspace_name(std::string_view keyspace);

inline constexpr int kSchemaVersion = 2;

// The writes that nothing automatic can take away again count from here: see settings_store.h.
inline constexpr std::int64_t kAddedMenuTypeTimestamp = 0;
inline constexpr std::int64_t kInitialMenuTypeTimestamp = 1;

}  // namespace konomi::cassandra
