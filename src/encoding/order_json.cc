#include "encoding/order_json.h"

#include "wire/json_writer.h"
#include "wire/order.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>

namespace konomi::encoding {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kVersionField = "v";

// In the order in which they are written.
constexpr std::array<std::pair<std::string_view, std::optional<std::string_view> OrderFields::*>, 5>
    kFields = {{{"order_id", &OrderFields::order_id},
                {"user_id", &OrderFields::user_id},
                {"ordered_at", &OrderFields::ordered_at},
                {"menu_type", &OrderFields::menu_type},
                {"status", &OrderFields::status}}};

std::unexpected<Error> unreadable_order(std::string_view why) {
  return fail(ErrorCode::corrupted,
              fmt::format("the value is no JSON object of an order: {}", why));
}

std::unexpected<Error> unreadable_order(simdjson::error_code error) {
  std::string_view why = simdjson::error_message(error);
  while (why.ends_with('.')) why.remove_suffix(1);
  return unreadable_order(why);
}

Result<void> check_version(ondemand::value& value) {
  std::int64_t version = 0;
  if (value.get_int64().get(version) != simdjson::SUCCESS || version < wire::kOrderVersion)
    return unreadable_order("\"v\", the version of the schema, is no number from 1 up");
  if (version > wire::kOrderVersion) {
    return fail(ErrorCode::corrupted,
                fmt::format("the order has schema version {}, and this konomi reads up to {}; let "
                            "a newer konomi read it",
                            version, wire::kOrderVersion));
  }
  return {};
}

}  // namespace

void append_order_json(std::string& out, const Order& order) {
  wire::JsonWriter json(std::move(out));
  json.begin_object();
  wire::write_order(json, order);
  out = json.end_object().take();
}

// simdjson's tables, and a copy of the value with the readable bytes after it that it asks for.
struct OrderJsonReader::Scratch {
  ondemand::parser parser;
  std::string bytes;
  std::optional<std::string> wrong_type;  // The first field that is not text.

  Result<void> read_field(ondemand::field& field, std::size_t& likely, OrderFields& fields);
};

OrderJsonReader::OrderJsonReader() : scratch_(std::make_unique<Scratch>()) {}
OrderJsonReader::~OrderJsonReader() = default;

Result<OrderFields> OrderJsonReader::read(std::string_view json) {
  Scratch& scratch = *scratch_;
  scratch.wrong_type.reset();
  // Grows to the largest value, which the topic's max.message.bytes bounds.
  scratch.bytes.reserve(std::bit_ceil(json.size() + simdjson::SIMDJSON_PADDING));
  scratch.bytes.assign(json);
  ondemand::document document;
  if (const auto error =
          scratch.parser
              .iterate(scratch.bytes.data(), scratch.bytes.size(), scratch.bytes.capacity())
              .get(document))
    return unreadable_order(error);
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) return unreadable_order(error);

  OrderFields fields;
  std::size_t likely = 0;
  for (auto result : object) {
    ondemand::field field;
    if (const auto error = std::move(result).get(field)) return unreadable_order(error);
    KONOMI_CHECK_OK(scratch.read_field(field, likely, fields));
  }
  // There is a location only when something is left to read.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return unreadable_order("something follows it");
  if (scratch.wrong_type)
    return fail(ErrorCode::invalid_argument, fmt::format("{}: is no text", *scratch.wrong_type));
  return fields;
}

Result<void> OrderJsonReader::Scratch::read_field(ondemand::field& field, std::size_t& likely,
                                                  OrderFields& fields) {
  std::string_view name;
  if (const auto error = field.unescaped_key().get(name)) return unreadable_order(error);
  // Writers keep their order of fields: the next one is most likely the one after the last.
  for (std::size_t tried = 0; tried < kFields.size(); ++tried, ++likely) {
    if (likely == kFields.size()) likely = 0;
    if (kFields[likely].first != name) continue;
    auto& slot = fields.*(kFields[likely++].second);
    slot.reset();
    std::string_view text;
    const auto error = field.value().get_string().get(text);
    if (error == simdjson::SUCCESS) {
      slot = text;
    } else if (error == simdjson::INCORRECT_TYPE) {
      bool is_null = false;
      if (const auto broken = field.value().is_null().get(is_null)) return unreadable_order(broken);
      if (!is_null && !wrong_type) wrong_type = name;
    } else {
      return unreadable_order(error);
    }
    return {};
  }
  if (name == kVersionField) return check_version(field.value());
  return {};  // Not read: simdjson passes over it.
}

}  // namespace konomi::encoding
