#pragma once

#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/day_summary.h"
#include "verify/scope.h"

#include <map>
#include <optional>

namespace konomi::verify {

// How far a bucket was stored and counted at one moment.
class BucketMoment {
 public:
  static Result<BucketMoment> read(const VerifyPorts& ports, const VerifyOptions& options,
                                   Bucket bucket);

  const std::map<BusinessDay, Marks>& stored() const { return stored_; }
  const std::map<BusinessDay, CountedMarks>& counted() const { return counted_; }
  const CountingRules& rules() const { return rules_; }

  // Whether the day is still to be counted, or counted again: its orders are newer than what the
  // last whole pass says it has seen, or no pass has gone through since a generation was raised. A
  // day that is not counted although a pass says so is no such day; its figures are lost.
  bool awaits_count(BusinessDay day) const;

  // Whether an order with this offset may have come after the last whole pass.
  bool is_after_last_pass(Version order) const;

  // Whether nothing happened to the day in between.
  bool agrees_with(const BucketMoment& other, BusinessDay day) const;

 private:
  bool is_after_last_pass(LogPosition position) const;

  LogPartition partition_;  // The one that feeds the bucket.
  CountingRules rules_;
  std::optional<CountProgress> progress_;
  std::map<BusinessDay, CountedMarks> counted_;
  std::map<BusinessDay, Marks> stored_;
};

}  // namespace konomi::verify
