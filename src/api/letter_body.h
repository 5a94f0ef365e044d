#pragma once

#include "dlq/fix.h"
#include "dlq/reprocessing.h"
#include "domain/order.h"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::api {

enum class LetterAction { replay, discard };

// What is asked for about dead letters.
struct LetterRequest {
  dlq::Selection selection;
  dlq::Fix fix;     // Only for a replay.
  std::string why;  // Required for a discard.
  bool dry_run = false;
};

// Reads {"letters":["3-41",…]} or {"filter":{"reason"?,"since"?,"until"?,"menu_type"?},"after"?},
// with "dry_run"? and, for a replay, "fix":{"order"?:{"menu_type":…,…},"rename_menu_types"?:{…}},
// for a discard "why". An empty filter is every waiting letter. Else every problem found, each with
// the JSON pointer of its place ("" is the whole body). A field that is not known is a problem: a
// misspelt "dry_run" must not replay everything.
std::expected<LetterRequest, std::vector<FieldProblem>> parse_letter_request(std::string_view body,
                                                                             LetterAction action);

}  // namespace konomi::api
