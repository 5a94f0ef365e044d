#include "import/order_line.h"

#include "base/json.h"
#include "domain/timestamp.h"
#include "http/message.h"

namespace konomi::import {

std::string order_line(const Order& order) {
  std::string out = R"({"order_id":)";
  append_json_string(out, order.order_id.value());
  out += R"(,"user_id":)";
  append_json_string(out, order.user_id.value());
  out += R"(,"ordered_at":")";
  out += to_rfc3339(order.ordered_at);
  out += '"';
  if (!order.menu_type.value().empty()) {
    out += R"(,"menu_type":)";
    append_json_string(out, order.menu_type.value());
  }
  if (order.status == OrderStatus::cancelled) out += R"(,"status":"cancelled")";
  out += "}\n";
  return out;
}

}  // namespace konomi::import
