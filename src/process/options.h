#pragma once

#include "aggregate/aggregator.h"
#include "aggregate/retention.h"
#include "api/api.h"
#include "base/trace.h"
#include "config/config.h"
#include "consume/consumer.h"
#include "dlq/reprocessing.h"
#include "http/server.h"
#include "ingest/menu_type_gate.h"
#include "ingest/order_handler.h"
#include "verify/scope.h"

#include <cstdint>

namespace konomi::process {

// The settings as the rooms take them: each room has options of its own and knows no Config.
// Options without a setting keep the room's default. A tracer outlives what is made with it.

BucketCount bucket_count(const config::Config& config);

ingest::MenuTypeGate::Rules gate_rules(const config::Config& config);
ingest::OrderHandler::Options order_handler_options(const config::Config& config);
consume::ConsumerOptions consumer_options(const config::Config& config, std::uint64_t retry_seed,
                                          Tracer& tracer);
aggregate::AggregatorOptions aggregator_options(const config::Config& config,
                                                std::uint32_t log_partitions, Tracer& tracer);
aggregate::RetentionOptions retention_options(const config::Config& config);
// `calendar` is the one that `config` describes.
api::ApiSettings api_settings(const config::Config& config, const BusinessCalendar& calendar);
dlq::ReprocessingRules reprocessing_rules(const config::Config& config);
verify::VerifyOptions verify_options(const config::Config& config, std::uint32_t log_partitions);
// Without the gate, the certificate and those who look on.
http::ServerOptions server_options(const config::Config& config);

}  // namespace konomi::process
