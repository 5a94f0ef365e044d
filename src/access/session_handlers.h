#pragma once

#include "access/audit_log.h"
#include "access/keys.h"
#include "base/clock.h"
#include "http/message.h"
#include "rest/caller.h"
#include "rest/router.h"

namespace konomi::access {

// How the page signs in: POST /api/v1/session with {"key":"konomi_…"} gives a cookie that no script
// can read, DELETE takes it away, GET says who is signed in.
class SessionHandlers {
 public:
  // `keys` may be null: then nobody has to sign in. All outlive this object and the server.
  SessionHandlers(const Keys* keys, const AuditLog& audit, const Clock& clock)
      : keys_(keys), audit_(audit), clock_(clock) {}

  void register_routes(rest::Router& router) const;

 private:
  http::Response show(const http::Request& request) const;
  Result<rest::Answer> sign_in(const http::Request& request) const;
  http::Response sign_out(const http::Request& request) const;

  const Keys* const keys_;
  const AuditLog& audit_;
  const Clock& clock_;
};

}  // namespace konomi::access
