#include "adapters/cassandra/schema.h"

#include "domain/menu_type.h"
#include "encoding/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <span>

namespace konomi::cassandra {
namespace {

constexpr std::size_t kKeyspaceNameMax = 48;
constexpr std::uint32_t kReplicationMax = 100;
constexpr std::uint32_t kPageSize = 1000;

// Few and short-lived sorted runs against little rewriting; see the tables.
constexpr std::string_view kWriteHeavy = "T4";
constexpr std::string_view kReadHeavy = "L4";

struct Table {
  std::string_view name;
  std::string_view columns;
  std::string_view scaling;
  // Why it is compacted this way, and what else a reader of the schema wonders about.
  std::string_view reason;
};

// How tables change: a migration is added behind the last one, and kSchemaVersion raised. It may
// add tables and columns. It never drops a column whose name is to come back: Cassandra remembers
// the moment of the drop by the clock and hides older cells of that name, and most of ours are
// older, for our timestamps are versions.
struct Migration {
  std::string_view name;
  std::span<const Table> tables;
};

constexpr Table kFirstTables[] = {
    {.name = "raw_orders",
     .columns = "order_date date,\n"
                "  bucket int,\n"
                "  user_id text,\n"
                "  order_id text,\n"
                "  menu_type text,\n"
                "  ordered_at timestamp,\n"
                "  status tinyint,\n"
                "  version bigint,\n"
                "  PRIMARY KEY ((order_date, bucket), user_id, order_id)",
     .scaling = kWriteHeavy,
     .reason =
         "The orders as they were stored. status: 0 placed, 1 cancelled; version: the order's\n"
         "offset in the log, by which a correction wins over what it corrects. Each row is\n"
         "written about once and its partition read a few times, whole: so runs are merged\n"
         "late (tiered), which writes least."},
    {.name = "day_marks",
     .columns = "bucket int,\n"
                "  order_date date,\n"
                "  log_partition int,\n"
                "  log_offset bigint,\n"
                "  PRIMARY KEY ((bucket), order_date, log_partition)",
     .scaling = kReadHeavy,
     .reason = "How far each day of a bucket is stored. Few rows, overwritten by every batch and\n"
               "read by every look for new work: so old versions are merged away early (leveled)."},
    {.name = "watermarks",
     .columns = "log_partition int,\n"
                "  next_offset bigint,\n"
                "  stored_up_to timestamp,\n"
                "  PRIMARY KEY ((log_partition))",
     .scaling = kReadHeavy,
     .reason =
         "How far each partition of the log is stored. The two cells move on their own: each\n"
         "is written with itself as the timestamp. A handful of rows, overwritten and read\n"
         "all the time (leveled)."},
    {.name = "user_order_counts",
     .columns = "user_id text,\n"
                "  order_date date,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((user_id), order_date)",
     .scaling = kReadHeavy,
     .reason =
         "What each user ordered on each day. A recount overwrites one day of a user and then\n"
         "reads all of them: so a user's rows are kept together in few runs (leveled)."},
    {.name = "user_preferences",
     .columns = "menu_type text,\n"
                "  bucket int,\n"
                "  user_id text,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((menu_type, bucket), user_id)",
     .scaling = kReadHeavy,
     .reason =
         "The segments. The one table with deletes: a user who moves leaves the other types'\n"
         "segments. Runs are merged early (leveled), so that readers meet few of those\n"
         "tombstones. gc_grace_seconds keeps them longer than any worker can be late with a\n"
         "row they must hide: do not lower it."},
    {.name = "preference_by_user",
     .columns = "user_id text,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((user_id))",
     .scaling = kReadHeavy,
     .reason = "The same by user; an empty value is no preference. Overwritten by every recount\n"
               "and read before it (leveled)."},
    {.name = "preference_changes",
     .columns = "order_date date,\n"
                "  bucket int,\n"
                "  user_id text,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((order_date, bucket), user_id)",
     .scaling = kWriteHeavy,
     .reason = "Who moved on which day. Written once or a few times and read whole, like the\n"
               "orders (tiered)."},
    {.name = "daily_order_summaries",
     .columns = "bucket int,\n"
                "  order_date date,\n"
                "  summary blob,\n"
                "  counted_up_to blob,\n"
                "  moves blob,\n"
                "  PRIMARY KEY ((bucket), order_date)",
     .scaling = kReadHeavy,
     .reason =
         "The figures of one bucket of a day. Today's is overwritten by every count, and each\n"
         "count reads the marks of all days (leveled). counted_up_to repeats the first part\n"
         "of summary, so that those reads stay small."},
    {.name = "days",
     .columns = "year int,\n"
                "  order_date date,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((year), order_date)",
     .scaling = kReadHeavy,
     .reason = "The figures of a day over all buckets: what pages and clients read (leveled)."},
    {.name = "count_progress",
     .columns = "bucket int,\n"
                "  next_offsets blob,\n"
                "  finished_at timestamp,\n"
                "  duration_ms bigint,\n"
                "  PRIMARY KEY ((bucket))",
     .scaling = kReadHeavy,
     .reason = "How far each bucket is counted. One small row a bucket, overwritten all the time\n"
               "(leveled)."},
    {.name = "menu_types",
     .columns = "catalogue int,\n"
                "  menu_type text,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((catalogue), menu_type)",
     .scaling = kReadHeavy,
     .reason = "The catalogue: one partition, 0, of at most some thousand rows, read as a whole\n"
               "(leveled)."},
    {.name = "settings",
     .columns = "name text,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((name))",
     .scaling = kReadHeavy,
     .reason = "What the data was made with. A handful of rows (leveled)."},
};

constexpr Table kErasureTables[] = {
    {.name = "erasures",
     .columns = "bucket int,\n"
                "  log_partition int,\n"
                "  log_offset bigint,\n"
                "  value blob,\n"
                "  PRIMARY KEY ((bucket), log_partition, log_offset)",
     .scaling = kReadHeavy,
     .reason =
         "Which users were erased, and up to where in the log; the user's id only until that is\n"
         "done, then its SHA-256. Each count reads those of its bucket (leveled). The rows that\n"
         "an erasure deletes in other tables stay hidden by tombstones at their own versions."},
};

constexpr Migration kMigrations[] = {
    {.name = "the first tables", .tables = kFirstTables},
    {.name = "erasures", .tables = kErasureTables},
};
static_assert(std::size(kMigrations) == kSchemaVersion);

// Where the migrations are noted; it comes before all of them.
constexpr Table kMigrationsTable = {
    .name = "schema_migrations",
    .columns =
        "part text,\n"
        "  version int,\n"
        "  name text,\n"
        "  applied_at timestamp,\n"
        "  PRIMARY KEY ((part), version)",
    .scaling = kReadHeavy,
    .reason = "Which of konomi's migrations this keyspace has: rows of the part 'stores'."};
constexpr std::string_view kPart = "stores";

std::string replication_of(const SchemaOptions& options) {
  if (options.replication_by_datacenter.empty())
    return fmt::format("{{'class': 'SimpleStrategy', 'replication_factor': {}}}",
                       options.replication);
  std::string text = "{'class': 'NetworkTopologyStrategy'";
  for (const auto& [datacenter, copies] : options.replication_by_datacenter)
    text += fmt::format(", '{}': {}", datacenter, copies);
  return text + "}";
}

std::string create_keyspace(const SchemaOptions& options) {
  return fmt::format("CREATE KEYSPACE IF NOT EXISTS {}\nWITH replication = {}", options.keyspace,
                     replication_of(options));
}

std::string create_table(const Table& table, std::string_view keyspace) {
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS {}.{} (\n  {})\nWITH compaction = {{'class': "
      "'UnifiedCompactionStrategy', 'scaling_parameters': '{}'}}",
      keyspace, table.name, table.columns, table.scaling);
}

std::string insert_migration(std::string_view keyspace) {
  return fmt::format(
      "INSERT INTO {}.{} (part, version, name, applied_at) VALUES (?, ?, ?, toTimestamp(now()))",
      keyspace, kMigrationsTable.name);
}

std::string insert_menu_type(std::string_view keyspace) {
  return fmt::format(
      "INSERT INTO {}.menu_types (catalogue, menu_type, value) VALUES (0, ?, ?) USING TIMESTAMP {}",
      keyspace, kInitialMenuTypeTimestamp);
}

std::string commented(std::string_view text) {
  std::string comment;
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    comment += fmt::format("--{}{}\n", line.empty() ? "" : " ", line);
    if (end == std::string_view::npos) return comment;
    text.remove_prefix(end + 1);
  }
}

std::string hex(std::string_view bytes) {
  std::string text = "0x";
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

Result<void> check_options(const SchemaOptions& options) {
  KONOMI_CHECK_OK(check_keyspace_name(options.keyspace));
  const auto check_copies = [](std::uint32_t copies) -> Result<void> {
    if (copies >= 1 && copies <= kReplicationMax) return {};
    return fail(ErrorCode::invalid_argument,
                fmt::format("the replication is {}; expected 1 to {} copies of every row", copies,
                            kReplicationMax));
  };
  if (options.replication_by_datacenter.empty()) return check_copies(options.replication);
  for (const auto& [datacenter, copies] : options.replication_by_datacenter) {
    if (datacenter.empty() || datacenter.find('\'') != std::string::npos)
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("\"{}\" is no name of a datacenter; see `nodetool status`", datacenter));
    KONOMI_CHECK_OK(check_copies(copies));
  }
  return {};
}

// What the cluster has of a keyspace.
struct Present {
  bool has_keyspace = false;
  std::set<std::string> tables;
  std::set<int> migrations;
};

Result<std::set<int>> read_migrations(Session& session, std::string_view keyspace) {
  KONOMI_TRY(const Statement statement,
             session.prepare(fmt::format("SELECT version FROM {}.{} WHERE part = ?", keyspace,
                                         kMigrationsTable.name),
                             kPageSize));
  Requests requests;
  requests.add(statement).bytes(kPart);
  std::set<int> versions;
  const auto take = [&](std::size_t /*index*/, RowReader& row) -> Result<void> {
    KONOMI_TRY(const int version, row.integer());
    versions.insert(version);
    return {};
  };
  KONOMI_CHECK_OK(session.read_all(std::move(requests), take));
  return versions;
}

Result<Present> read_present(Session& session, std::string_view keyspace) {
  Present present;
  KONOMI_TRY(const Statement keyspaces,
             session.prepare("SELECT keyspace_name FROM system_schema.keyspaces WHERE "
                             "keyspace_name = ?",
                             kPageSize));
  KONOMI_TRY(const Statement tables,
             session.prepare("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?",
                             kPageSize));
  Requests requests;
  requests.add(keyspaces).bytes(keyspace);
  requests.add(tables).bytes(keyspace);
  const auto take = [&](std::size_t index, RowReader& row) -> Result<void> {
    KONOMI_TRY(const std::string_view name, row.bytes());
    if (index == 0) {
      present.has_keyspace = true;
    } else {
      present.tables.emplace(name);
    }
    return {};
  };
  KONOMI_CHECK_OK(session.read_all(std::move(requests), take));
  if (present.tables.contains(std::string(kMigrationsTable.name))) {
    KONOMI_TRY(present.migrations, read_migrations(session, keyspace));
  }
  return present;
}

Result<void> check_not_later(const Present& present, std::string_view keyspace) {
  if (present.migrations.empty() || *present.migrations.rbegin() <= kSchemaVersion) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("the schema of keyspace \"{}\" has version {}, and this konomi knows {} "
                          "only; run the konomi that made it, or a later one",
                          keyspace, *present.migrations.rbegin(), kSchemaVersion));
}

class Application {
 public:
  Application(Session& session, const SchemaOptions& options, Present present)
      : session_(session), options_(options), present_(std::move(present)) {}

  Result<std::vector<std::string>> run() {
    if (!present_.has_keyspace) {
      KONOMI_CHECK_OK(execute(create_keyspace(options_)));
      note("created keyspace {} with replication {}", options_.keyspace, replication_of(options_));
    }
    KONOMI_CHECK_OK(make(kMigrationsTable));
    for (int version = 1; version <= kSchemaVersion; ++version) {
      const Migration& migration = kMigrations[version - 1];
      // Also what was applied: a table that somebody dropped comes back empty.
      for (const Table& table : migration.tables) KONOMI_CHECK_OK(make(table));
      if (present_.migrations.contains(version)) continue;
      KONOMI_CHECK_OK(put_migration(version, migration.name));
      note("applied migration {}: {}", version, migration.name);
    }
    // Every time: it loses against whatever is there.
    KONOMI_CHECK_OK(put_initial_menu_types());
    return std::move(done_);
  }

 private:
  template <class... T>
  void note(fmt::format_string<T...> format, T&&... arguments) {
    done_.push_back(fmt::format(format, std::forward<T>(arguments)...));
  }

  Result<void> execute(const std::string& cql) {
    KONOMI_TRY(const Statement statement, session_.prepare(cql));
    Requests requests;
    requests.add(statement);
    return session_.write(requests);
  }

  Result<void> make(const Table& table) {
    if (present_.tables.contains(std::string(table.name))) return {};
    KONOMI_CHECK_OK(execute(create_table(table, options_.keyspace)));
    note("created table {}.{}", options_.keyspace, table.name);
    return {};
  }

  Result<void> put_migration(int version, std::string_view name) {
    KONOMI_TRY(const Statement statement, session_.prepare(insert_migration(options_.keyspace)));
    Requests requests;
    requests.add(statement).bytes(kPart).integer(version).bytes(name);
    return session_.write(requests);
  }

  Result<void> put_initial_menu_types() {
    KONOMI_TRY(const Statement statement, session_.prepare(insert_menu_type(options_.keyspace)));
    Requests requests;
    for (const MenuTypeEntry& entry : initial_menu_types())
      requests.add(statement).bytes(entry.id.value()).bytes(encoding::encode_menu_type(entry));
    return session_.write(requests);
  }

  Session& session_;
  const SchemaOptions& options_;
  const Present present_;
  std::vector<std::string> done_;
};

}  // namespace

Result<void> check_keyspace_name(std::string_view keyspace) {
  const auto is_small_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_rest = [&](char c) {
    return is_small_letter(c) || (c >= '0' && c <= '9') || c == '_';
  };
  if (!keyspace.empty() && keyspace.size() <= kKeyspaceNameMax && is_small_letter(keyspace[0]) &&
      std::ranges::all_of(keyspace, is_rest))
    return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" is no keyspace's name; expected a small letter, then small "
                          "letters, digits and \"_\", at most {} characters",
                          keyspace, kKeyspaceNameMax));
}

Result<void> parse_replication(std::string_view text, SchemaOptions& options) {
  const auto parse_copies = [&](std::string_view number) -> Result<std::uint32_t> {
    std::uint32_t copies = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), copies);
    if (error == std::errc() && end == number.data() + number.size()) return copies;
    return fail(ErrorCode::invalid_argument,
                fmt::format("the replication is \"{}\"; expected a number of copies, as in \"3\", "
                            "or one for each datacenter, as in \"tokyo:3,osaka:2\"",
                            text));
  };
  options.replication_by_datacenter.clear();
  if (text.find(':') == std::string_view::npos) {
    KONOMI_TRY(options.replication, parse_copies(text));
    return check_options(options);
  }
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::size_t colon = std::min(part.find(':'), part.size());
    KONOMI_TRY(const std::uint32_t copies,
               parse_copies(part.substr(std::min(part.size(), colon + 1))));
    options.replication_by_datacenter[std::string(part.substr(0, colon))] = copies;
    if (comma == std::string_view::npos) return check_options(options);
    rest.remove_prefix(comma + 1);
  }
}

Result<std::string> schema_print(const SchemaOptions& options) {
  KONOMI_CHECK_OK(check_options(options));
  std::string cql = commented(fmt::format(
      "konomi's tables for Apache Cassandra 5, version {}. `konomi schema apply` runs this.\n\n"
      "The timestamps of all writes are versions: a log offset, or a sum of such with a\n"
      "generation in the upper bits. They order the writes to a row as the orders were logged,\n"
      "whatever the clocks say. They are no microseconds: far below those of now, and beyond the\n"
      "year 3000 from generation 1 on, so leave the guardrails for timestamps off. That rules\n"
      "TimeWindowCompactionStrategy out, which sorts by them. A row's derived content is one blob\n"
      "(docs/formats.md), replaced as a whole.",
      kSchemaVersion));
  cql += fmt::format("\n{};\n", create_keyspace(options));
  const auto append_table = [&](const Table& table) {
    cql += fmt::format("\n{}{};\n", commented(table.reason), create_table(table, options.keyspace));
  };
  append_table(kMigrationsTable);
  for (int version = 1; version <= kSchemaVersion; ++version) {
    const Migration& migration = kMigrations[version - 1];
    cql +=
        fmt::format("\n{}", commented(fmt::format("Migration {}: {}.", version, migration.name)));
    for (const Table& table : migration.tables) append_table(table);
    cql += fmt::format(
        "\nINSERT INTO {}.{} (part, version, name, applied_at)\nVALUES ('{}', {}, '{}', "
        "toTimestamp(now()));\n",
        options.keyspace, kMigrationsTable.name, kPart, version, migration.name);
  }
  cql += "\n" + commented("What every catalogue starts with; edits have higher timestamps.");
  for (const MenuTypeEntry& entry : initial_menu_types())
    cql += fmt::format(
        "INSERT INTO {}.menu_types (catalogue, menu_type, value)\nVALUES (0, '{}', {}) USING "
        "TIMESTAMP {};\n",
        options.keyspace, entry.id.value(), hex(encoding::encode_menu_type(entry)),
        kInitialMenuTypeTimestamp);
  return cql;
}

Result<std::vector<std::string>> schema_apply(Session& session, const SchemaOptions& options) {
  KONOMI_CHECK_OK(check_options(options));
  KONOMI_TRY(Present present, read_present(session, options.keyspace));
  KONOMI_CHECK_OK(check_not_later(present, options.keyspace));
  return Application(session, options, std::move(present)).run();
}

Result<void> check_schema(Session& session, std::string_view keyspace) {
  KONOMI_CHECK_OK(check_keyspace_name(keyspace));
  KONOMI_TRY(const Present present, read_present(session, keyspace));
  const auto missing = [&](std::string what) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}; run `konomi schema apply` once, with the same contact points and "
                            "keyspace",
                            what));
  };
  if (!present.has_keyspace)
    return missing(fmt::format("Cassandra has no keyspace \"{}\"", keyspace));
  if (present.migrations.empty())
    return missing(fmt::format("the keyspace \"{}\" has no tables of konomi", keyspace));
  KONOMI_CHECK_OK(check_not_later(present, keyspace));
  for (int version = 1; version <= kSchemaVersion; ++version) {
    if (!present.migrations.contains(version))
      return missing(
          fmt::format("the schema of keyspace \"{}\" has version {}, and this konomi "
                      "needs {}",
                      keyspace, version - 1, kSchemaVersion));
    for (const Table& table : kMigrations[version - 1].tables) {
      if (!present.tables.contains(std::string(table.name)))
        return missing(fmt::format("the table {}.{} is missing", keyspace, table.name));
    }
  }
  return {};
}

}  // namespace konomi::cassandra
