#pragma once

#include "adapters/cassandra/session.h"
#include "base/result.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace konomi::cassandra {

// A row of a store's table of statements. `Statements` is a struct of Statement members.
template <class Statements>
struct StatementRow {
  Statement Statements::* member;
  std::string_view cql;         // {} stands for the keyspace.
  std::uint32_t page_size = 0;  // Rows; 0 for a statement that reads none.
};

// Prepares each statement of the table, which has a row for each member. Errors: as
// Session::prepare().
template <class Statements, std::size_t kRows>
Result<Statements> prepare_all(Session& session, std::string_view keyspace,
                               const StatementRow<Statements> (&table)[kRows]) {
  static_assert(sizeof(Statements) == kRows * sizeof(Statement), "a row for each member");
  Statements statements;
  for (const StatementRow<Statements>& row : table) {
    KONOMI_TRY(statements.*row.member,
               session.prepare(fmt::format(fmt::runtime(row.cql), keyspace), row.page_size));
  }
  return statements;
}

}  // namespace konomi::cassandra
