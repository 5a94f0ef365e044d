#pragma once

#include "domain/order.h"

#include <string>

namespace konomi::import {

// The order as a line of NDJSON in the shape of POST /api/v1/orders, with its line feed.
std::string order_line(const Order& order);

}  // namespace konomi::import
