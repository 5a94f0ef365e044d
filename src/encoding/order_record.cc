#include "encoding/order_record.h"

#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace konomi::encoding {
namespace {

std::unexpected<RecordProblem> problem(std::string_view reason, std::string message) {
  return std::unexpected(
      RecordProblem{.reason = std::string(reason), .message = std::move(message)});
}

std::string_view without_line_break(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::expected<OrderFields, RecordProblem> fields_of_line(std::string_view line) {
  line = without_line_break(line);
  const auto commas = std::ranges::count(line, ',');
  if (commas != 2) {
    return problem(kUnreadable,
                   fmt::format("expected a JSON object, or user_id,time,menu_type in three fields; "
                               "came {} in {} field{}",
                               quote(line), commas + 1, commas == 0 ? "" : "s"));
  }
  const std::size_t first = line.find(',');
  const std::size_t second = line.find(',', first + 1);
  OrderFields fields;
  fields.user_id = line.substr(0, first);
  fields.ordered_at = line.substr(first + 1, second - first - 1);
  fields.menu_type = line.substr(second + 1);
  return fields;
}

}  // namespace

OrderId order_id_of(const LogPosition& position) {
  return OrderId(fmt::format("p{}-o{}", position.partition.value(), position.offset.value()));
}

std::expected<Order, RecordProblem> OrderRecordReader::read(const RecordBytes& record) {
  if (!record.value)
    return problem(kUnreadable, "expected an order, came a record without a value");
  const auto fields = fields_of(*record.value);
  if (!fields) return std::unexpected(fields.error());

  auto order = check_order(*fields, record.logged_at, limits_);
  if (!order && record.received_at) {
    // An order that konomi took was judged by the clock of that moment, which may be ahead of the
    // broker's: it was acknowledged, and nothing may refuse it now.
    const auto received_at = record.received_at();
    if (received_at && *received_at > record.logged_at)
      order = check_order(*fields, *received_at, limits_);
  }
  if (!order) return problem(kInvalidOrder, to_string(order.error()));
  if (order->order_id.value().empty()) order->order_id = order_id_of(record.position);
  return *std::move(order);
}

std::expected<OrderFields, RecordProblem> OrderRecordReader::fields_of(std::string_view value) {
  if (!value.starts_with('{')) return fields_of_line(value);
  auto fields = json_.read(value);
  if (fields) return *fields;
  const bool is_broken = fields.error().code == ErrorCode::corrupted;
  return problem(is_broken ? kUnreadable : kInvalidOrder, std::move(fields).error().message);
}

}  // namespace konomi::encoding
