#include "dlq/reprocessing.h"

#include "base/log.h"
#include "domain/timestamp.h"
#include "encoding/order_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace konomi::dlq {
namespace {

constexpr std::size_t kLettersPerRead = 500;

std::string what_became_of(const DeadLetter& letter) {
  const LetterEvent& last = letter.history.back();
  const std::string when = fmt::format("{} {}", name_of(last.kind), to_rfc3339(last.at));
  return last.position ? fmt::format("{} to {}: {}", when, position_text(*last.position), last.text)
                       : fmt::format("{}: {}", when, last.text);
}

Error not_found(const LogPosition& letter) {
  return {.code = ErrorCode::not_found,
          .message = fmt::format("there is no dead letter {}; GET /api/v1/dead_letters or `konomi "
                                 "dlq list` names those that wait",
                                 position_text(letter))};
}

std::optional<OrderRefusal> refusal_of(const Order& order, const KnownMenuTypes& known) {
  if (order.status != OrderStatus::placed || known.types.contains(order.menu_type))
    return std::nullopt;
  return konomi::refusal_of(order.menu_type, known);
}

}  // namespace

std::string_view name_of(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::replayed:
      return "replayed";
    case Outcome::Kind::failed_again:
      return "failed_again";
    case Outcome::Kind::discarded:
      return "discarded";
    case Outcome::Kind::skipped:
      return "skipped";
    case Outcome::Kind::not_found:
      return "not_found";
  }
  return "skipped";
}

Reprocessing::Reprocessing(ReprocessingPorts ports, BusinessCalendar calendar, Metrics& metrics,
                           const Clock& clock, ReprocessingRules rules)
    : ports_(ports),
      calendar_(std::move(calendar)),
      metrics_(metrics),
      clock_(clock),
      rules_(rules) {}

Result<LetterPage> Reprocessing::list(const LetterFilter& filter, std::optional<LetterState> state,
                                      const std::optional<LogPosition>& after,
                                      std::size_t letters_max) {
  LetterPage page;
  std::optional<LogPosition> at = after;
  for (std::size_t read = 0; read < rules_.letters_read_max; read += kLettersPerRead) {
    KONOMI_TRY(auto letters, ports_.dead_letters.list(at ? &*at : nullptr, kLettersPerRead, state));
    for (DeadLetter& letter : letters) {
      at = letter.position;
      if (!matches(filter, letter)) continue;
      page.letters.push_back(std::move(letter));
      if (page.letters.size() < letters_max) continue;
      page.next_after = at;
      return page;
    }
    if (letters.size() < kLettersPerRead) return page;
  }
  page.next_after = at;
  return page;
}

Result<DeadLetter> Reprocessing::show(const LogPosition& letter) {
  KONOMI_TRY(auto found, ports_.dead_letters.find(letter));
  if (!found) return std::unexpected(not_found(letter));
  return *std::move(found);
}

struct Reprocessing::Selected {
  std::vector<DeadLetter> letters;
  std::vector<Outcome> others;  // Named, and there is nothing to do about them.
  std::optional<LogPosition> next_after;
};

Result<Reprocessing::Selected> Reprocessing::select(const Selection& selection) {
  Selected selected;
  if (selection.letters.empty()) {
    KONOMI_TRY(LetterPage page,
               list(selection.filter, LetterState::waiting, selection.after, rules_.letters_max));
    selected.letters = std::move(page.letters);
    selected.next_after = page.next_after;
    return selected;
  }
  if (selection.letters.size() > rules_.letters_max) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} letters are named; expected at most {} at a time",
                            selection.letters.size(), rules_.letters_max));
  }
  for (const LogPosition& position : selection.letters) {
    KONOMI_TRY(auto letter, ports_.dead_letters.find(position));
    if (letter) {
      selected.letters.push_back(*std::move(letter));
    } else {
      selected.others.push_back({.letter = position,
                                 .kind = Outcome::Kind::not_found,
                                 .message = not_found(position).message});
    }
  }
  return selected;
}

Result<Report> Reprocessing::replay(const Selection& selection, const Fix& fix, bool dry_run) {
  if (fix.edits() && selection.letters.size() != 1) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("fields are edited for {} letters; expected exactly one that is named, "
                            "or a rule such as rename_menu_types for many",
                            selection.letters.size()));
  }
  KONOMI_TRY(Selected selected, select(selection));
  KONOMI_TRY(const auto entries, ports_.settings.menu_types());
  KnownMenuTypes known{
      .types = {}, .unknown = rules_.unknown_menu_types, .types_max = rules_.menu_types_max};
  for (const MenuTypeEntry& entry : entries) known.types.insert(entry.id);

  const Timestamp now = clock_.now();
  Report report{.outcomes = std::move(selected.others), .next_after = selected.next_after};
  for (const DeadLetter& letter : selected.letters)
    report.outcomes.push_back(judge(letter, fix, known, now));
  if (dry_run) return report;

  std::map<LogPosition, const DeadLetter*> letters;
  for (const DeadLetter& letter : selected.letters) letters.emplace(letter.position, &letter);
  std::vector<Outcome*> replayed;
  std::vector<ReplayedOrder> orders;
  for (Outcome& outcome : report.outcomes) {
    if (outcome.kind != Outcome::Kind::replayed) continue;
    replayed.push_back(&outcome);
    orders.push_back({.order = *outcome.order,
                      .original = original_of(*letters.at(outcome.letter), *outcome.order)});
  }
  KONOMI_CHECK_OK(append(std::move(replayed), orders));
  KONOMI_CHECK_OK(note(report.outcomes, {}, now));
  return report;
}

// By the same checks as an order that is posted, and with the id that the consumer gave or would
// have given the record.
Outcome Reprocessing::judge(const DeadLetter& letter, const Fix& fix, KnownMenuTypes& known,
                            Timestamp now) {
  Outcome outcome{.letter = letter.position};
  if (state_of(letter.history) == LetterState::replayed) {
    outcome.message = what_became_of(letter);
    return outcome;
  }
  const auto fail_again = [&](OrderRefusal why) {
    outcome.kind = Outcome::Kind::failed_again;
    outcome.reason = std::move(why.reason);
    outcome.message = std::move(why.message);
    return outcome;
  };
  auto texts = read_letter(letter);
  if (!texts && !fix.edits()) return fail_again(std::move(texts).error());
  OrderTexts fixed = texts ? *texts : OrderTexts{};
  outcome.changes = apply(fix, fixed);
  auto order = check_order(fixed.view(), now, rules_.limits);
  if (!order) return fail_again({std::string(encoding::kInvalidOrder), to_string(order.error())});
  if (auto refusal = refusal_of(*order, known)) return fail_again(*std::move(refusal));
  if (order->order_id.value().empty()) order->order_id = encoding::order_id_of(letter.position);
  if (order->status == OrderStatus::placed) known.types.insert(order->menu_type);
  outcome.kind = Outcome::Kind::replayed;
  outcome.message = in_words(outcome.changes);
  outcome.order = *std::move(order);
  return outcome;
}

// An order of another user or day is another order: it begins where it stands now. What the letter
// does not say has not changed.
std::optional<LogPosition> Reprocessing::original_of(const DeadLetter& letter,
                                                     const Order& fixed) const {
  const auto texts = read_letter(letter);
  if (!texts) return letter.position;
  if (texts->user_id && *texts->user_id != fixed.user_id.value()) return std::nullopt;
  const auto ordered_at = parse_rfc3339(texts->ordered_at.value_or(""));
  if (ordered_at && calendar_.day_of(*ordered_at) != calendar_.day_of(fixed.ordered_at))
    return std::nullopt;
  return letter.position;
}

Result<void> Reprocessing::append(std::vector<Outcome*> outcomes,
                                  const std::vector<ReplayedOrder>& orders) {
  if (orders.empty()) return {};
  KONOMI_TRY(const auto positions, ports_.order_log.replay(orders));
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i]->position = positions[i];
  return {};
}

Result<void> Reprocessing::note(const std::vector<Outcome>& outcomes, std::string_view why,
                                Timestamp now) {
  std::vector<LetterEvent> events;
  for (const Outcome& outcome : outcomes) {
    LetterEvent event{.letter = outcome.letter, .at = now, .position = outcome.position};
    if (outcome.kind == Outcome::Kind::replayed) {
      event.kind = LetterEvent::Kind::replayed;
      event.text = outcome.message;
    } else if (outcome.kind == Outcome::Kind::failed_again) {
      event.kind = LetterEvent::Kind::failed_again;
      event.reason = outcome.reason;
      event.text = outcome.message;
    } else if (outcome.kind == Outcome::Kind::discarded) {
      event.kind = LetterEvent::Kind::discarded;
      event.text = why;
    } else {
      continue;
    }
    events.push_back(std::move(event));
  }
  if (events.empty()) return {};
  if (auto noted = ports_.dead_letters.add(events); !noted) {
    Error error = std::move(noted).error();
    error.message +=
        "; what was replayed is in the log, and its letters still wait: replay them "
        "again, which counts nothing twice";
    return std::unexpected(std::move(error));
  }
  for (const LetterEvent& event : events) {
    metrics_
        .counter("konomi_dlq_letters_total", "Dead letters that somebody dealt with",
                 {{"outcome", std::string(konomi::name_of(event.kind))}})
        .Increment();
  }
  log_info("dlq: {} dead letters were dealt with", events.size());
  return {};
}

Result<Report> Reprocessing::discard(const Selection& selection, std::string_view why,
                                     bool dry_run) {
  KONOMI_TRY(Selected selected, select(selection));
  Report report{.outcomes = std::move(selected.others), .next_after = selected.next_after};
  for (const DeadLetter& letter : selected.letters) {
    const bool waits = state_of(letter.history) == LetterState::waiting;
    report.outcomes.push_back({.letter = letter.position,
                               .kind = waits ? Outcome::Kind::discarded : Outcome::Kind::skipped,
                               .message = waits ? std::string(why) : what_became_of(letter)});
  }
  if (!dry_run) KONOMI_CHECK_OK(note(report.outcomes, why, clock_.now()));
  return report;
}

}  // namespace konomi::dlq
