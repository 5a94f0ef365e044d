#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace konomi::rest {

// What the audit log says of one answer besides who asked for what: a name, which is a literal, and
// its value.
struct AuditDetail {
  std::string_view name;
  std::variant<std::string, std::uint64_t> value;
};
using AuditDetails = std::vector<AuditDetail>;

}  // namespace konomi::rest
