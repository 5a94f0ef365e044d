#include "verify/findings.h"

#include <algorithm>
#include <utility>

namespace konomi::verify {
namespace {

constexpr std::size_t kNotesMax = 10'000;  // For each bucket; a repair leaves out the rest.

}  // namespace

void Notes::add(Difference difference, std::vector<BusinessDay> days, Mend mend) {
  if (notes_.size() == kNotesMax) {
    ++beyond_;
    return;
  }
  difference.bucket = bucket_;
  notes_.push_back({std::move(difference), std::move(days), std::move(mend)});
}

void Notes::move_to(BucketFindings& findings, const std::function<bool(BusinessDay)>& is_settled,
                    std::size_t differences_max) {
  for (Note& note : notes_) {
    const auto unsettled = std::ranges::find_if_not(note.days, is_settled);
    if (unsettled != note.days.end()) {
      findings.not_counted_yet.insert(*unsettled);
      continue;
    }
    if (note.mend) note.mend(findings.plan);
    ++findings.differences_total;
    findings.differences.push_back(std::move(note.difference));
  }
  findings.differences_total += beyond_;
  std::ranges::sort(findings.differences);
  if (findings.differences.size() > differences_max) findings.differences.resize(differences_max);
  notes_.clear();
}

}  // namespace konomi::verify
