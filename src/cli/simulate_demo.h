#pragma once

#include "base/result.h"
#include "client/server.h"
#include "domain/business_day.h"

namespace konomi::cli {

// Gives the demonstration's menu types labels in the catalogue of `server`, and returns the
// business day from which the demonstration is to be sent: `days` days before `today`, or the last
// day since then that has orders. Errors: those of asking the server, and `invalid_argument` when
// it refuses.
Result<BusinessDay> prepare_demo(client::Server& server, BusinessDay today, int days);

}  // namespace konomi::cli
