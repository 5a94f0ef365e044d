#include "wire/json_reader.h"

namespace konomi::wire {

std::string text_at(const simdjson::dom::element& json, std::string_view name) {
  std::string_view text;
  return json[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::uint64_t number_at(const simdjson::dom::element& json, std::string_view name) {
  std::uint64_t number = 0;
  return json[name].get_uint64().get(number) == simdjson::SUCCESS ? number : 0;
}

}  // namespace konomi::wire
