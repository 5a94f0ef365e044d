#include "export/export_handler.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace konomi::exporting {

void ExportHandler::register_routes(rest::Router& router) const {
  router.add(http::Method::get, "/api/v1/export/{kind}", rest::Scope::exports,
             [this](const http::Request& request) { return start(request); });
}

Result<rest::Answer> ExportHandler::start(const http::Request& request) const {
  const std::string& kind = request.params.at(0);
  const std::string_view format = request.query_value("format").value_or("ndjson");
  KONOMI_TRY(auto wanted,
             parse_request(kind, format, request.query_value("from"), request.query_value("to")));
  const bool csv = wanted.format == Format::csv;
  auto rows = std::make_unique<Export>(ports_, bucket_count_, std::move(wanted));
  // The first piece is made here, so that stores that do not answer are an error answer.
  http::Response response{.content_type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson"};
  KONOMI_TRY(const bool more, rows->next(response.body));
  response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}.{}\"",
                                                                   kind, csv ? "csv" : "ndjson"));
  if (!more) return response;
  response.stream = [rows = std::move(rows)](std::string& chunk) { return rows->next(chunk); };
  return response;
}

}  // namespace konomi::exporting
