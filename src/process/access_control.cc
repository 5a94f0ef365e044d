#include "process/access_control.h"

#include "access/key_file.h"
#include "base/log.h"
#include "base/wait.h"
#include "domain/timestamp.h"

#include <utility>

namespace konomi::process {
namespace {

constexpr std::chrono::milliseconds kLookEvery{1'000};
constexpr std::chrono::hours kExpiresSoon{14 * 24};

void warn_of(const config::Config& config, const http::TlsCertificate* certificate, Timestamp now) {
  if (!config::is_loopback(config.listen) && !certificate) {
    log_warning(
        "keys and orders cross the network unencrypted: set tls_cert_file and tls_key_file, unless "
        "a proxy before this process speaks TLS");
  }
  if (!config.keys_file.empty() && access::key_file_is_exposed(config.keys_file.string())) {
    log_warning(
        "every user of this machine can read the key file {}, and who reads it can sign in; run "
        "chmod o-r {}",
        config.keys_file.string(), config.keys_file.string());
  }
  if (certificate && certificate->not_after() < now + kExpiresSoon)
    log_warning("the TLS certificate expires at {}", to_rfc3339(certificate->not_after()));
}

// Says a problem when it is a new one.
void report(std::string& problem, const Result<bool>& reloaded) {
  if (reloaded) {
    problem.clear();
  } else if (problem != reloaded.error().message) {
    problem = reloaded.error().message;
    log_error("{}; what was read before stays in force", problem);
  }
}

}  // namespace

Result<std::unique_ptr<AccessControl>> AccessControl::open(const config::Config& config,
                                                           Metrics& metrics, const Clock& clock) {
  std::unique_ptr<access::Keys> keys;
  if (!config.keys_file.empty()) {
    KONOMI_TRY(keys, access::Keys::open(config.keys_file.string()));
  }
  std::unique_ptr<http::TlsCertificate> certificate;
  if (!config.tls_cert_file.empty()) {
    KONOMI_TRY(certificate,
               http::TlsCertificate::load({.certificate = config.tls_cert_file.string(),
                                           .key = config.tls_key_file.string()}));
  }
  warn_of(config, certificate.get(), clock.now());
  return std::unique_ptr<AccessControl>(
      new AccessControl(config, metrics, clock, std::move(keys), std::move(certificate)));
}

AccessControl::AccessControl(const config::Config& config, Metrics& metrics, const Clock& clock,
                             std::unique_ptr<access::Keys> keys,
                             std::unique_ptr<http::TlsCertificate> certificate)
    : keys_(std::move(keys)),
      certificate_(std::move(certificate)),
      audit_(config.audit_file.string(), clock),
      gate_(keys_.get(), audit_, metrics, clock,
            {.cors_origins = config.cors_origins,
             .allowed_hosts = config.allowed_hosts,
             .requests_per_second_max = config.requests_per_second_max}),
      sessions_(keys_.get(), audit_, clock),
      certificate_expiry_(metrics.gauge("konomi_tls_certificate_expiry_timestamp_seconds",
                                        "When the TLS certificate expires; 0 without TLS")),
      reload_failures_(metrics.counter("konomi_access_reload_failures_total",
                                       "Times that a changed key file or certificate could not be "
                                       "read")) {
  if (certificate_) show_expiry();
  if (keys_ || certificate_)
    watcher_ = std::jthread([this](std::stop_token stop) { watch(std::move(stop)); });
}

void AccessControl::watch(std::stop_token stop) {
  std::string keys_problem;
  std::string certificate_problem;
  while (!wait_or_stop(stop, kLookEvery)) {
    reload_keys(keys_problem);
    reload_certificate(certificate_problem);
  }
}

void AccessControl::reload_keys(std::string& problem) {
  if (!keys_) return;
  const Result<bool> reloaded = keys_->reload_if_changed();
  report(problem, reloaded);
  if (!reloaded) {
    reload_failures_.Increment();
  } else if (*reloaded) {
    log_info("the key file has changed: {} keys", keys_->size());
  }
}

void AccessControl::reload_certificate(std::string& problem) {
  if (!certificate_) return;
  const Result<bool> reloaded = certificate_->reload_if_changed();
  report(problem, reloaded);
  if (!reloaded) {
    reload_failures_.Increment();
    return;
  }
  if (!*reloaded) return;
  log_info("the TLS certificate has been renewed; it expires at {}",
           to_rfc3339(certificate_->not_after()));
  show_expiry();
}

void AccessControl::show_expiry() {
  const std::chrono::duration<double> since_1970 = certificate_->not_after().time_since_epoch();
  certificate_expiry_.Set(since_1970.count());
}

}  // namespace konomi::process
