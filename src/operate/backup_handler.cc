#include "operate/backup_handler.h"

#include "config/units.h"

#include <cstdint>
#include <optional>

namespace konomi::operate {

void BackupHandler::register_routes(rest::Router& router) const {
  router.add(http::Method::post, "/api/v1/backups", rest::Scope::admin,
             [this](const http::Request& request) { return start(request); });
}

Result<rest::Answer> BackupHandler::start(const http::Request& request) const {
  if (backups_ == nullptr) {
    return rest::problem_response(
        409, "this konomi has no directory for backups; set backup_dir and start it again");
  }
  std::optional<std::size_t> keep;
  if (const auto text = request.query_value("keep")) {
    const auto number = config::parse_count(*text, 1, 10'000);
    if (!number) return rest::problem_response(400, "keep: " + number.error().message);
    keep = *number;
  }
  KONOMI_TRY(const auto made, backups_->make(keep));
  return http::Response{.status = 201, .body = to_json(made)};
}

}  // namespace konomi::operate
