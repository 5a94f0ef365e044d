#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "config/load.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "engine/engine.h"
#include "export/export.h"
#include "verify/scope.h"

#include <memory>

namespace konomi::process {

// One restaurant's data, opened: what roles and commands work on.
struct Shop {
  // Opens the engine, and checks that its data was made with the same time zone, start of day and
  // bucket count as `config` has. Errors: those of open_engine(), and `invalid_argument` for other
  // settings; each message names the remedy. `clock` outlives the shop.
  static Result<std::unique_ptr<Shop>> open(const config::LoadedConfig& config, const Clock& clock,
                                            engine::OpenOptions options = {});

  exporting::ExportPorts export_ports() const;
  verify::VerifyPorts verify_ports() const;
  verify::VerifyOptions verify_options() const;

  const config::Config config;  // With the min_orders that the data is counted by.
  const Clock& clock;
  const BusinessCalendar calendar;
  const BucketCount bucket_count;
  const std::unique_ptr<engine::Engine> engine;
};

}  // namespace konomi::process
