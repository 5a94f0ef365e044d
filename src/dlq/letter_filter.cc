#include "dlq/letter_filter.h"

#include "dlq/letter_order.h"

namespace konomi::dlq {

bool matches(const LetterFilter& filter, const DeadLetter& letter) {
  if (filter.reason && last_failure(letter).reason != *filter.reason) return false;
  if (filter.since && letter.failed_at < *filter.since) return false;
  if (filter.until && letter.failed_at >= *filter.until) return false;
  if (!filter.menu_type) return true;
  const auto order = read_letter(letter);
  return order && order->menu_type == filter.menu_type->value();
}

}  // namespace konomi::dlq
