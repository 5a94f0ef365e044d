#include "rest/media_type.h"

#include "base/ascii.h"

namespace konomi::rest {

bool is_media_type(std::string_view content_type, std::string_view name) {
  std::string_view own = content_type.substr(0, content_type.find(';'));
  while (own.ends_with(' ') || own.ends_with('\t')) own.remove_suffix(1);
  while (own.starts_with(' ') || own.starts_with('\t')) own.remove_prefix(1);
  return equal_ignoring_case(own, name);
}

}  // namespace konomi::rest
