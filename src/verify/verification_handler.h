#pragma once

#include "base/clock.h"
#include "domain/business_day.h"
#include "rest/router.h"
#include "verify/scope.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>

namespace konomi::verify {

// POST /api/v1/verifications?from=&to=&repair=: verifies, and on request repairs, while the answer
// goes out: lines of JSON that say how far it is, and a report. One at a time; it ends when its
// client goes away. Outlives the server whose router it fills.
class VerificationHandler {
 public:
  // How long a repair waits until what it has withdrawn is counted again.
  static constexpr std::chrono::minutes kCountWait{10};

  // Everything passed in outlives the object. `calendar` is that of the stored data.
  VerificationHandler(const VerifyPorts& ports, const VerifyOptions& options,
                      const BusinessCalendar& calendar, const Clock& clock)
      : ports_(ports), options_(options), calendar_(calendar), clock_(clock) {}

  void register_routes(rest::Router& router);

  // Ends the one that runs, soon, and refuses others. Any thread.
  void stop() { stop_.request_stop(); }

 private:
  class Run;

  Result<rest::Answer> start(const http::Request& request);

  const VerifyPorts ports_;
  const VerifyOptions options_;
  const BusinessCalendar& calendar_;
  const Clock& clock_;
  std::stop_source stop_;
  // Shared with the answer that is going out.
  const std::shared_ptr<std::atomic<bool>> busy_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace konomi::verify
