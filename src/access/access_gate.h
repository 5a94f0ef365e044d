#pragma once

#include "access/audit_log.h"
#include "access/keys.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "http/gate.h"
#include "rest/router.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::access {

inline constexpr std::string_view kSessionCookie = "konomi_session";

struct GateOptions {
  // Pages of these origins ("https://shop.example") may call this server; nobody else's.
  std::vector<std::string> cors_origins;
  // Without keys: the names, besides those of this machine, under which a proxy brings requests.
  std::vector<std::string> allowed_hosts;
  std::uint64_t requests_per_second_max = 0;  // For keys without a bound of their own; 0: none.
};

// Decides who may do what. Without `keys` every caller on this machine may do everything; then a
// page of another site must not be able to make a browser on this machine do it.
class AccessGate final : public http::Gate, public rest::Auditor {
 public:
  // `keys` may be null. Everything passed in outlives this object.
  AccessGate(const Keys* keys, const AuditLog& audit, Metrics& metrics, const Clock& clock,
             GateOptions options);

  Verdict judge(http::Request& request, const http::Route* route) override;
  Result<void> answered(const http::Request& request, const rest::Endpoint& endpoint,
                        const rest::Answer& answer) override;
  void decorate(const http::Request& request, http::Response& response) override;

 private:
  struct Refusal {
    unsigned status;
    std::string message;
    std::chrono::nanoseconds retry_after{0};
  };

  std::optional<Refusal> refusal_of(http::Request& request, const rest::Endpoint& endpoint);
  std::optional<Refusal> check_origin(const http::Request& request) const;
  std::optional<Refusal> check_host(const http::Request& request) const;
  std::optional<Refusal> check_key(http::Request& request, const rest::Endpoint& endpoint);
  bool is_allowed_origin(std::string_view origin) const;

  const Keys* const keys_;
  const AuditLog& audit_;
  const Clock& clock_;
  const GateOptions options_;
  prometheus::Counter& unauthorized_;
  prometheus::Counter& forbidden_;
  prometheus::Counter& too_many_;
};

}  // namespace konomi::access
