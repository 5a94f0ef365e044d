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
// `erasures` are all of the bucket. First the erasure is stored again with what was found: the
// number of rows to remove, and days whose counts had outlived their orders. Returns the days to be
// counted again: those that lost something, and those on which the user has ordered since.
// Repeating the call after any part of it has the same effect as calling once. Errors are those of
// the ports.
Result<std::set<BusinessDay>> erase_user(OrderStore& orders, PreferenceStore& preferences,
                                         std::vector<Erasure>& erasures, std::size_t index,
                                         Generation generation);

}  // namespace konomi::aggregate
