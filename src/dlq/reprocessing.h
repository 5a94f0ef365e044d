#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "dlq/fix.h"
#include "dlq/letter_filter.h"
#include "domain/business_day.h"
#include "domain/menu_type.h"
#include "domain/order.h"
#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/settings_store.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::dlq {

// Where letters are kept, and where they go: everything outlives the object.
struct ReprocessingPorts {
  DeadLetters& dead_letters;
  OrderLog& order_log;
  SettingsStore& settings;
};

// An order that is replayed passes the checks that a posted one passes.
struct ReprocessingRules {
  OrderLimits limits;
  UnknownMenuTypes unknown_menu_types = UnknownMenuTypes::accept;
  std::size_t menu_types_max = kMenuTypesMaxDefault;
  std::size_t letters_max = 500;         // Replayed, discarded or listed in one call.
  std::size_t letters_read_max = 5'000;  // Read in one call to find them.
};

// The letters a call is about: those that are named, or those that wait and match.
struct Selection {
  std::vector<LogPosition> letters;
  LetterFilter filter;               // When none is named.
  std::optional<LogPosition> after;  // With a filter: where the call before ended.
};

// What became of one letter, or would.
struct Outcome {
  enum class Kind {
    replayed,
    failed_again,  // It waits on, with the new reason.
    discarded,
    skipped,    // It does not wait any more; the message says what became of it.
    not_found,  // The letter does not exist.
  };
  LogPosition letter;
  Kind kind = Kind::skipped;
  std::optional<Order> order;           // As it is in the log now, or would be.
  std::vector<FieldChange> changes;     // By the fix.
  std::optional<LogPosition> position;  // Where the order lies; nothing for a dry run.
  std::string reason;                   // Why it failed.
  std::string message;
};

std::string_view name_of(Outcome::Kind kind);  // "replayed", "failed_again", …

struct Report {
  std::vector<Outcome> outcomes;
  std::optional<LogPosition> next_after;  // With a filter, when there may be more: call again.
};

struct LetterPage {
  std::vector<DeadLetter> letters;
  std::optional<LogPosition> next_after;
};

// What people do with dead letters. Blocking; safe from every thread.
//
// replay():  letter → fix → checks → OrderLog::replay → event in the letter's history
// An end between the last two leaves a letter waiting whose order is in the log; replaying it again
// is harmless, for the order keeps the version of its first position.
class Reprocessing {
 public:
  Reprocessing(ReprocessingPorts ports, BusinessCalendar calendar, Metrics& metrics,
               const Clock& clock, ReprocessingRules rules);

  // A page of letters of one state, or of any, that match.
  Result<LetterPage> list(const LetterFilter& filter, std::optional<LetterState> state,
                          const std::optional<LogPosition>& after, std::size_t letters_max);

  // `not_found` names the letter.
  Result<DeadLetter> show(const LogPosition& letter);

  // At most letters_max of the selection. A fix that edits is for one letter that is named, else
  // `invalid_argument`. Other errors are those of the ports: call again, which changes nothing that
  // was done. A letter that was discarded is replayed when it is named.
  Result<Report> replay(const Selection& selection, const Fix& fix, bool dry_run);

  // `why` is kept in each letter's history.
  Result<Report> discard(const Selection& selection, std::string_view why, bool dry_run);

 private:
  struct Selected;

  Result<Selected> select(const Selection& selection);
  Outcome judge(const DeadLetter& letter, const Fix& fix, KnownMenuTypes& known, Timestamp now);
  std::optional<LogPosition> original_of(const DeadLetter& letter, const Order& fixed) const;
  Result<void> append(std::vector<Outcome*> outcomes, const std::vector<ReplayedOrder>& orders);
  Result<void> note(const std::vector<Outcome>& outcomes, std::string_view why, Timestamp now);

  ReprocessingPorts ports_;
  const BusinessCalendar calendar_;
  Metrics& metrics_;
  const Clock& clock_;
  const ReprocessingRules rules_;
};

}  // namespace konomi::dlq
