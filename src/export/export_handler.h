#pragma once

#include "export/export.h"
#include "rest/router.h"

namespace konomi::exporting {

// GET /api/v1/export/{kind}?from=&to=&format=: an export as the answer, while it is made. Outlives
// the server whose router it fills.
class ExportHandler {
 public:
  // All of it outlives the handler. `bucket_count` is the stored data's.
  ExportHandler(const ExportPorts& ports, BucketCount bucket_count)
      : ports_(ports), bucket_count_(bucket_count) {}

  void register_routes(rest::Router& router) const;

 private:
  // Guests' data leaves konomi here, and nowhere else in this room: the route has the scope
  // "export", and whoever audits exports needs this one route.
  Result<rest::Answer> start(const http::Request& request) const;

  const ExportPorts ports_;
  const BucketCount bucket_count_;
};

}  // namespace konomi::exporting
