#include "process/telemetry.h"

#include "base/log.h"
#include "config/environment.h"
#include "process/random_seed.h"
#include "trace/settings.h"

#include <utility>

namespace konomi::process {

Result<std::unique_ptr<Telemetry>> Telemetry::open() {
  std::unique_ptr<Telemetry> telemetry(new Telemetry);
  KONOMI_TRY(auto settings, trace::read_settings(config::environment_variable));
  if (!settings) return telemetry;
  const Sampling sampling = settings->sampling;
  log_info("traces go to {}{}", settings->server, settings->path);
  KONOMI_TRY(telemetry->exporter_,
             trace::Exporter::open(*std::move(settings), telemetry->metrics_));
  telemetry->tracer_ = std::make_unique<Tracer>(*telemetry->exporter_, sampling, random_seed());
  return telemetry;
}

void Telemetry::stop() {
  if (exporter_) exporter_->stop();
}

}  // namespace konomi::process
