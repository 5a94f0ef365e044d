#pragma once

#include "domain/order.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"

#include <string>
#include <vector>

namespace konomi::wire {

// An order as the members of a record of the log and of a row of an export, which name the version
// of their schema:
//   "v":1,"order_id":"A7","user_id":"tky1","ordered_at":"2025-05-31T00:00:00.000Z",
//   "menu_type":"washoku","status":"placed"
inline constexpr int kOrderVersion = 1;
void write_order(JsonWriter& json, const Order& order);

// The same as a row of CSV, without the version.
void write_order(CsvWriter& csv, const Order& order);

// The order of an answer: without a version, and with null for the menu type that a cancelled order
// need not have. `known`: the answer is about one user's orders and does not repeat the user.
enum class OrderUser { named, known };
void write_answered_order(JsonWriter& json, const Order& order, OrderUser user);

// A line of NDJSON for POST /api/v1/orders, with its line feed. An empty menu type and the status
// "placed" are left out: they say nothing.
std::string posted_order_line(const Order& order);

// What is wrong with a body, as a member of an answer: "errors":[{"pointer":…,"detail":…},…].
void write_problems(JsonWriter& json, const std::vector<FieldProblem>& problems);

}  // namespace konomi::wire
