#pragma once

#include "base/result.h"
#include "domain/business_day.h"
#include "domain/erasure.h"
#include "domain/version.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"

#include <cstddef>
#include <set>
#include <vector>

namespace konomi::aggregate {

// Removes what was counted from the orders of the user of `erasures[index]`, whose orders are gone;
// `erasures` are all of the bucket. The erasure is stored again before that, with what was found:
// how many rows go, and days whose counts had outlived their orders. Which days are to be counted
// anew: those that lost something, and those on which the user ordered since. Doing it again, after
// any part of it, is the same as once. Errors are those of the ports.
Result<std::set<BusinessDay>> erase_user(OrderStore& orders, PreferenceStore& preferences,
                                         std::vector<Erasure>& erasures, std::size_t index,
                                         Generation generation);

}  // namespace konomi::aggregate
