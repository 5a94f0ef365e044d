#pragma once

#include "access/access_gate.h"
#include "access/audit_log.h"
#include "access/keys.h"
#include "access/session_handlers.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "config/config.h"
#include "http/tls.h"
#include "rest/router.h"

#include <memory>
#include <stop_token>
#include <thread>

namespace konomi::process {

// Keys, audit log and certificate of a serving process, as the configuration names them. Files that
// change are read again within a second or so; what cannot be read is said once, and what was read
// before stays in force. Outlives the HTTP server.
class AccessControl {
 public:
  // Errors are those of Keys::open() and TlsCertificate::load(). `metrics` and `clock` outlive it.
  static Result<std::unique_ptr<AccessControl>> open(const config::Config& config, Metrics& metrics,
                                                     const Clock& clock);
  AccessControl(const AccessControl&) = delete;
  AccessControl& operator=(const AccessControl&) = delete;

  void register_routes(rest::Router& router) const { sessions_.register_routes(router); }
  access::AccessGate& gate() { return gate_; }
  const http::TlsCertificate* certificate() const { return certificate_.get(); }  // Or null.

 private:
  AccessControl(const config::Config& config, Metrics& metrics, const Clock& clock,
                std::unique_ptr<access::Keys> keys,
                std::unique_ptr<http::TlsCertificate> certificate);

  void watch(std::stop_token stop);
  void reload_keys(std::string& problem);
  void reload_certificate(std::string& problem);
  void show_expiry();

  const std::unique_ptr<access::Keys> keys_;                 // Null: no keys.
  const std::unique_ptr<http::TlsCertificate> certificate_;  // Null: no TLS.
  const access::AuditLog audit_;
  access::AccessGate gate_;
  const access::SessionHandlers sessions_;
  prometheus::Gauge& certificate_expiry_;
  prometheus::Counter& reload_failures_;

  std::jthread watcher_;
};

}  // namespace konomi::process
