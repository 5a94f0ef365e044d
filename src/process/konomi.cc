#include "process/konomi.h"

#include "process/aggregate_role.h"
#include "process/api_role.h"
#include "process/consume_role.h"
#include "process/ingest_role.h"
#include "process/openapi.h"
#include "process/operator_role.h"
#include "process/process_metrics.h"
#include "process/version.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace konomi::process {
namespace {

api::ConsumeStanding standing_of(const consume::ConsumerStatus& status) {
  api::ConsumeStanding standing{.state = std::string(consume::name_of(status.state)), .error = {}};
  if (status.last_error) standing.error = status.last_error->message;
  return standing;
}

// Ingest answers from the log alone: an outage of the stores must not take it out of service, for
// that is what the log is for.
EngineWatch::Options watch_options(const config::Roles& roles) {
  return {.needs_log = roles.ingest || roles.consume,
          .needs_stores = roles.consume || roles.aggregate || roles.api,
          .dead_letters = roles.api};
}

}  // namespace

Result<std::unique_ptr<Konomi>> Konomi::open(const config::LoadedConfig& config,
                                             const Clock& clock) {
  KONOMI_TRY(auto telemetry, Telemetry::open());
  KONOMI_TRY(auto shop, Shop::open(config, clock, {.traces = telemetry->traces()}));
  std::unique_ptr<Konomi> konomi(new Konomi(std::move(shop), std::move(telemetry)));
  KONOMI_CHECK_OK(konomi->make_roles());
  return konomi;
}

Konomi::Konomi(std::unique_ptr<Shop> shop, std::unique_ptr<Telemetry> telemetry)
    : telemetry_(std::move(telemetry)),
      shop_(std::move(shop)),
      handlers_(telemetry_->metrics(), [this] { return checks(); }, std::string(openapi_json())) {
  telemetry_->metrics().collect_from([this](Samples& samples) { collect(samples); });
}

Konomi::~Konomi() {
  stop();
}

Result<void> Konomi::make_roles() {
  const config::Roles& wanted = shop_->config.roles;
  api::AskConsume ask_consume;
  if (wanted.ingest) {
    KONOMI_TRY(auto ingest, IngestRole::open(*shop_, *telemetry_));
    roles_.push_back(std::move(ingest));
  }
  if (wanted.consume) {
    KONOMI_TRY(auto consume, ConsumeRole::open(*shop_, *telemetry_));
    ask_consume = [&consumer = consume->consumer()] { return standing_of(consumer.status()); };
    roles_.push_back(std::move(consume));
  }
  if (wanted.aggregate) roles_.push_back(std::make_unique<AggregateRole>(*shop_, *telemetry_));
  if (wanted.api) {
    roles_.push_back(std::make_unique<ApiRole>(*shop_, *telemetry_, std::move(ask_consume)));
    roles_.push_back(std::make_unique<OperatorRole>(*shop_));
  }
  return {};
}

void Konomi::register_routes(rest::Router& router) {
  handlers_.register_routes(router);
  for (const auto& role : roles_) role->register_routes(router);
}

std::vector<Check> Konomi::checks() const {
  std::vector<Check> checks;
  if (watch_) checks = watch_->checks();
  for (const auto& role : roles_) {
    if (const StepThread* const thread = role->thread())
      checks.push_back(
          {.name = thread->name(), .outcome = thread->works(shop_->config.role_silence_max)});
  }
  Result<void> stays;
  if (stopping_) stays = fail(ErrorCode::unavailable, "this process stops");
  checks.push_back({.name = "stopping", .outcome = std::move(stays)});
  return checks;
}

Result<void> Konomi::alive() const {
  for (const auto& role : roles_) {
    const StepThread* const thread = role->thread();
    if (thread == nullptr) continue;
    if (const auto steps = thread->makes_steps_or_ended(shop_->config.role_silence_max); !steps)
      return fail(steps.error().code, fmt::format("{} {}", thread->name(), steps.error().message));
  }
  return {};
}

void Konomi::collect(Samples& samples) {
  const config::Config& config = shop_->config;
  samples.gauge(
      "konomi_build_info", "1; what this konomi is", 1,
      {{"version", std::string(kVersion)}, {"engine", std::string(name_of(config.engine))}});
  samples.gauge("konomi_ready", "Whether /readyz answers 200", all_ok(checks()) ? 1 : 0);
  collect_process(samples);
  if (config.engine == config::EngineKind::embedded) collect_disk(samples, config.data_dir);
  shop_->engine->collect(samples);
  if (watch_) watch_->collect(samples);
}

// --- The order of starting and stopping ----------------------------------------------------------

void Konomi::start() {
  watch_ = std::make_unique<EngineWatch>(
      shop_->engine->ports.order_log, shop_->engine->ports.order_store,
      shop_->engine->ports.dead_letters, shop_->clock, watch_options(shop_->config.roles));
  for (const auto& role : roles_) role->start();
}

void Konomi::end_long_answers() {
  for (const auto& role : roles_) role->end_long_answers();
}

// Requests that were taken are answered while the log still runs; then the log is made durable to
// its end; only then do its readers end.
void Konomi::stop() {
  stopping_ = true;
  end_long_answers();
  for (const auto& role : roles_) role->finish_orders();
  if (watch_) watch_->stop();
  shop_->engine->close();
  for (const auto& role : roles_) role->stop();
  telemetry_->stop();
}

}  // namespace konomi::process
