#include "wire/order.h"

namespace konomi::wire {
namespace {

template <class Writer>
void write_fields(Writer& out, const Order& order) {
  out.key("order_id").text(order.order_id.value());
  out.key("user_id").text(order.user_id.value());
  out.key("ordered_at").instant(order.ordered_at);
  out.key("menu_type").text(order.menu_type.value());
  out.key("status").text(name_of(order.status));
}

}  // namespace

void write_order(JsonWriter& json, const Order& order) {
  json.key("v").integer(kOrderVersion);
  write_fields(json, order);
}

void write_order(CsvWriter& csv, const Order& order) {
  write_fields(csv, order);
  csv.end_row();
}

void write_answered_order(JsonWriter& json, const Order& order, OrderUser user) {
  json.key("order_id").text(order.order_id.value());
  if (user == OrderUser::named) json.key("user_id").text(order.user_id.value());
  json.key("ordered_at").instant(order.ordered_at);
  json.key("menu_type").text_or_null(order.menu_type.value());
  json.key("status").text(name_of(order.status));
}

std::string posted_order_line(const Order& order) {
  JsonWriter json;
  json.begin_object();
  json.key("order_id").text(order.order_id.value());
  json.key("user_id").text(order.user_id.value());
  json.key("ordered_at").instant(order.ordered_at);
  if (!order.menu_type.value().empty()) json.key("menu_type").text(order.menu_type.value());
  if (order.status == OrderStatus::cancelled) json.key("status").text(name_of(order.status));
  return json.end_object().end_line().take();
}

void write_problems(JsonWriter& json, const std::vector<FieldProblem>& problems) {
  json.key("errors").begin_array();
  for (const FieldProblem& problem : problems) {
    json.begin_object();
    json.key("pointer").text(problem.pointer);
    json.key("detail").text(problem.detail);
    json.end_object();
  }
  json.end_array();
}

}  // namespace konomi::wire
