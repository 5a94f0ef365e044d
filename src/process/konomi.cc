#include "process/konomi.h"

#include "aggregate/retention.h"
#include "api/api.h"
#include "base/assert.h"
#include "base/log.h"
#include "base/mutex.h"
#include "config/environment.h"
#include "consume/consumer.h"
#include "dlq/reprocessing.h"
#include "engine/engine.h"
#include "export/export_handler.h"
#include "http/static_files.h"
#include "http/web_files.h"
#include "ingest/order_handler.h"
#include "operate/backup_handler.h"
#include "process/engine_watch.h"
#include "process/http_metrics.h"
#include "process/openapi.h"
#include "process/options.h"
#include "process/process_handlers.h"
#include "process/process_metrics.h"
#include "process/version.h"
#include "trace/exporter.h"
#include "trace/settings.h"
#include "verify/verification_handler.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <thread>

namespace konomi::process {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::string describe(const DataSettings& settings) {
  return fmt::format("time_zone \"{}\", day_starts_at \"{}\", bucket_count {}, {} log {}",
                     settings.time_zone, day_starts_at_text(settings.day_starts_at),
                     settings.bucket_count.value(), settings.log_partitions,
                     settings.log_partitions == 1 ? "partition" : "partitions");
}

// Figures of differently cut days or buckets must never be mixed (docs/design.md#business-day).
Result<void> check_data_settings(engine::Engine& engine, const config::Config& config) {
  const DataSettings configured{.time_zone = config.time_zone,
                                .day_starts_at = config.day_starts_at,
                                .bucket_count = bucket_count(config),
                                .log_partitions = engine.log_partitions};
  if (config.bucket_count % configured.log_partitions != 0) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("bucket_count is {}, and the log has {} partitions; expected a "
                            "multiple of them, so that a partition feeds whole buckets",
                            config.bucket_count, configured.log_partitions));
  }
  SettingsStore& store = engine.ports.settings_store;
  KONOMI_TRY(std::optional<DataSettings> stored, store.data_settings());
  if (!stored) {
    KONOMI_CHECK_OK(store.put_data_settings(configured));
    // Another process may have been first.
    KONOMI_TRY(stored, store.data_settings());
  }
  if (stored == configured) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("the data in {} was made with {}, and the configuration says {}; start "
                          "with the settings of the data, or rebuild it with other ones in a new "
                          "--data-dir: `konomi migrate` does, from an embedded konomi; of a "
                          "cluster import a `konomi export orders` into a new topic and keyspace",
                          engine::place_of_data(config), stored ? describe(*stored) : "none",
                          describe(configured)));
}

// Takes the rules that the data is counted by, or has it counted by those that are configured.
Result<void> settle_counting_rules(SettingsStore& store, bool min_orders_is_set,
                                   config::Config& config) {
  KONOMI_TRY(std::optional<CountingRules> rules, store.counting_rules());
  if (!config.roles.aggregate || (rules && !min_orders_is_set)) {
    if (rules) config.min_orders = rules->preference.min_orders;
    return {};
  }
  const PreferenceRules configured{.min_orders = config.min_orders};
  // Again when another process was first.
  while (!rules || rules->preference != configured) {
    CountingRules next{.preference = configured};
    if (rules) {
      log_info("min_orders is {} and was {}: everything is counted again", config.min_orders,
               rules->preference.min_orders);
      KONOMI_TRY(next, raised(*rules, configured));
    }
    KONOMI_CHECK_OK(store.put_counting_rules(next));
    KONOMI_TRY(rules, store.counting_rules());
  }
  return {};
}

api::ConsumeStanding standing_of(const consume::ConsumerStatus& status) {
  api::ConsumeStanding standing{.state = std::string(consume::name_of(status.state)), .error = {}};
  if (status.last_error) standing.error = status.last_error->message;
  return standing;
}

}  // namespace

// Each role is there when the configuration names it. In the order in which they are made; each
// uses only what stands above it.
struct Konomi::Parts {
  Parts(const config::Config& configured, const Clock& process_clock,
        BusinessCalendar made_calendar, std::unique_ptr<engine::Engine> opened)
      : config(configured),
        clock(process_clock),
        calendar(std::move(made_calendar)),
        buckets(process::bucket_count(config)),
        http_metrics(metrics),
        engine(std::move(opened)),
        order_ids(random_seed(), random_seed()),
        process(metrics, [this] { return checks(); }, std::string(openapi_json())) {}

  Result<void> make_tracer(trace::ExportSettings settings);
  Result<void> make_ingest();
  Result<void> make_consumer();
  void make_aggregator();
  void make_api();
  verify::VerifyPorts verify_ports() const;
  verify::VerifyOptions verify_options() const;
  exporting::ExportPorts export_ports() const;

  // One of the roles that run on a thread of their own.
  struct Role {
    Role(const char* role_name, const Heartbeat& role_heartbeat)
        : name(role_name), heartbeat(role_heartbeat) {}

    const char* const name;
    const Heartbeat& heartbeat;
    mutable Mutex mutex;
    std::optional<Error> ended KONOMI_GUARDED_BY(mutex);  // By itself; an operator must act.
  };

  void watch_engine();
  std::vector<Check> checks() const;
  Result<void> alive() const;
  Result<void> outcome_of(const Role& role) const;
  Result<void> step_of(const Role& role) const;
  void collect(Samples& samples) const;

  // Runs on a thread of its own. Whatever escapes a role is our own mistake; the process stays, so
  // that orders are still taken, and says that it is not ready.
  void run_role(Role& role, const std::function<Result<void>()>& run);

  const config::Config config;
  const Clock& clock;
  const BusinessCalendar calendar;
  const BucketCount buckets;
  Metrics metrics;
  HttpMetrics http_metrics;
  std::unique_ptr<trace::Exporter> exporter;
  std::unique_ptr<Tracer> tracer = std::make_unique<Tracer>();
  std::unique_ptr<engine::Engine> engine;
  ingest::OrderIds order_ids;
  std::unique_ptr<ingest::MenuTypeGate> gate;
  std::unique_ptr<ingest::OrderHandler> order_handler;
  std::unique_ptr<OrderLogReader> reader;
  std::unique_ptr<consume::Consumer> consumer;
  std::unique_ptr<aggregate::Retention> retention;
  std::unique_ptr<aggregate::Aggregator> aggregator;
  std::unique_ptr<dlq::Reprocessing> reprocessing;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<verify::VerificationHandler> verifications;
  std::unique_ptr<exporting::ExportHandler> exports;
  std::unique_ptr<operate::BackupHandler> backups;
  std::unique_ptr<http::StaticFiles> page;
  ProcessHandlers process;

  std::atomic<bool> stopping = false;
  std::optional<Role> consume_role;    // Since start().
  std::optional<Role> aggregate_role;  // Likewise.
  std::jthread consume_thread;
  std::jthread aggregate_thread;
  std::unique_ptr<EngineWatch> watch;  // Since start().
};

Result<void> Konomi::Parts::make_tracer(trace::ExportSettings settings) {
  const Sampling sampling = settings.sampling;
  log_info("traces go to {}{}", settings.server, settings.path);
  KONOMI_TRY(exporter, trace::Exporter::open(std::move(settings), metrics));
  tracer = std::make_unique<Tracer>(*exporter, sampling, random_seed());
  return {};
}

Result<void> Konomi::Parts::make_ingest() {
  KONOMI_TRY(gate,
             ingest::MenuTypeGate::open(engine->ports.settings_store, gate_rules(config), metrics));
  order_handler = std::make_unique<ingest::OrderHandler>(
      engine->ports.order_log, *gate, order_ids, clock, metrics, order_handler_options(config));
  return {};
}

Result<void> Konomi::Parts::make_consumer() {
  KONOMI_TRY(reader, engine->open_reader());
  consumer = std::make_unique<consume::Consumer>(
      consume::ConsumerPorts{.reader = *reader,
                             .orders = engine->ports.order_store,
                             .dead_letters = engine->ports.dead_letters,
                             .settings = engine->ports.settings_store},
      calendar, buckets, metrics, clock, consumer_options(config, random_seed(), *tracer));
  return {};
}

void Konomi::Parts::make_aggregator() {
  if (config.aggregate_shard.index == 0) {
    retention = std::make_unique<aggregate::Retention>(
        engine->ports.dead_letters,
        [has = engine->maintenance](Timestamp before) {
          return has != nullptr ? has->trim_log(before) : std::uint64_t{0};
        },
        metrics, clock, retention_options(config));
  }
  std::function<Result<void>()> purge;
  if (engine->maintenance != nullptr) purge = [this] { return engine->maintenance->purge(); };
  aggregator = std::make_unique<aggregate::Aggregator>(
      aggregate::AggregatePorts{.orders = engine->ports.order_store,
                                .summaries = engine->ports.summary_store,
                                .preferences = engine->ports.preference_store,
                                .settings = engine->ports.settings_store,
                                .purge = std::move(purge),
                                .after_tick =
                                    [this] {
                                      if (retention) retention->tick();
                                    }},
      calendar, buckets, metrics, clock,
      aggregator_options(config, engine->log_partitions, *tracer));
}

void Konomi::Parts::make_api() {
  reprocessing = std::make_unique<dlq::Reprocessing>(
      dlq::ReprocessingPorts{.dead_letters = engine->ports.dead_letters,
                             .order_log = engine->ports.order_log,
                             .settings = engine->ports.settings_store},
      calendar, metrics, clock, reprocessing_rules(config));
  api::AskConsume ask_consume;
  if (consumer) ask_consume = [this] { return standing_of(consumer->status()); };
  api = std::make_unique<api::Api>(api::Sources{.log = engine->ports.order_log,
                                                .orders = engine->ports.order_store,
                                                .summaries = engine->ports.summary_store,
                                                .preferences = engine->ports.preference_store,
                                                .settings = engine->ports.settings_store,
                                                .dead_letters = engine->ports.dead_letters,
                                                .reprocessing = *reprocessing,
                                                .clock = clock,
                                                .consume = std::move(ask_consume)},
                                   api_settings(config, calendar));
  verifications = std::make_unique<verify::VerificationHandler>(verify_ports(), verify_options(),
                                                                calendar, clock);
  exports = std::make_unique<exporting::ExportHandler>(export_ports(), buckets);
  std::unique_ptr<operate::Backups> backups_made_here;
  if (!config.backup_dir.empty())
    backups_made_here =
        std::make_unique<operate::Backups>(engine->maintenance, clock, config.backup_dir);
  backups = std::make_unique<operate::BackupHandler>(std::move(backups_made_here));
  page = std::make_unique<http::StaticFiles>(
      http::web_files(), std::vector<std::string>{"daily", "segments", "users"});
}

verify::VerifyPorts Konomi::Parts::verify_ports() const {
  return {.orders = engine->ports.order_store,
          .summaries = engine->ports.summary_store,
          .preferences = engine->ports.preference_store,
          .settings = engine->ports.settings_store};
}

exporting::ExportPorts Konomi::Parts::export_ports() const {
  return {.orders = engine->ports.order_store,
          .summaries = engine->ports.summary_store,
          .preferences = engine->ports.preference_store,
          .settings = engine->ports.settings_store};
}

verify::VerifyOptions Konomi::Parts::verify_options() const {
  return process::verify_options(config, engine->log_partitions);
}

// Ingest answers from the log alone: an outage of the stores must not take it out of service, for
// that is what the log is for.
void Konomi::Parts::watch_engine() {
  const config::Roles& roles = config.roles;
  watch = std::make_unique<EngineWatch>(
      engine->ports.order_log, engine->ports.order_store, engine->ports.dead_letters, clock,
      EngineWatch::Options{.needs_log = roles.ingest || roles.consume,
                           .needs_stores = roles.consume || roles.aggregate || roles.api,
                           .dead_letters = roles.api});
}

std::vector<Check> Konomi::Parts::checks() const {
  std::vector<Check> checks;
  if (watch) checks = watch->checks();
  for (const auto* const role : {&consume_role, &aggregate_role}) {
    if (*role) checks.push_back({.name = (*role)->name, .outcome = outcome_of(**role)});
  }
  Result<void> stays;
  if (stopping) stays = fail(ErrorCode::unavailable, "this process stops");
  checks.push_back({.name = "stopping", .outcome = std::move(stays)});
  return checks;
}

Result<void> Konomi::Parts::alive() const {
  for (const auto* const role : {&consume_role, &aggregate_role}) {
    if (!*role) continue;
    if (const auto step = step_of(**role); !step)
      return fail(step.error().code, fmt::format("{} {}", (*role)->name, step.error().message));
  }
  return {};
}

void Konomi::Parts::collect(Samples& samples) const {
  samples.gauge(
      "konomi_build_info", "1; what this konomi is", 1,
      {{"version", std::string(kVersion)}, {"engine", std::string(name_of(config.engine))}});
  samples.gauge("konomi_ready", "Whether /readyz answers 200", all_ok(checks()) ? 1 : 0);
  collect_process(samples);
  if (config.engine == config::EngineKind::embedded) collect_disk(samples, config.data_dir);
  engine->collect(samples);
  if (watch) watch->collect(samples);
}

Result<void> Konomi::Parts::outcome_of(const Role& role) const {
  {
    const MutexLock lock(role.mutex);
    if (role.ended) return std::unexpected(*role.ended);
  }
  return step_of(role);
}

Result<void> Konomi::Parts::step_of(const Role& role) const {
  {
    const MutexLock lock(role.mutex);
    if (role.ended) return {};
  }
  const auto silence = role.heartbeat.silence();
  if (silence <= config.role_silence_max) return {};
  return fail(ErrorCode::timed_out, fmt::format("hangs: no step for {:.0f} s",
                                                std::chrono::duration<double>(silence).count()));
}

void Konomi::Parts::run_role(Role& role, const std::function<Result<void>()>& run) {
  ::pthread_setname_np(::pthread_self(), role.name);
  Result<void> ended;
  try {
    ended = run();
  } catch (const std::exception& error) {
    ended = fail(ErrorCode::internal, error.what());
  }
  if (ended) return;
  log_error(
      "{} has stopped: {}; orders are still taken and wait in the log; mend the cause and "
      "start konomi again",
      role.name, ended.error().message);
  const MutexLock lock(role.mutex);
  role.ended = std::move(ended).error();
  role.ended->message = fmt::format("has stopped: {}", role.ended->message);
}

Konomi::Konomi(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Konomi::~Konomi() {
  stop();
}

Result<std::unique_ptr<Konomi>> Konomi::open(const config::LoadedConfig& loaded,
                                             const Clock& clock) {
  config::Config config = loaded.values;
  KONOMI_TRY(BusinessCalendar calendar,
             BusinessCalendar::make(config.time_zone, config.day_starts_at));
  KONOMI_TRY(auto traces, trace::read_settings(config::environment_variable));
  KONOMI_TRY(auto engine, engine::open_engine(config, clock, {.traces = traces.has_value()}));
  KONOMI_CHECK_OK(check_data_settings(*engine, config));
  KONOMI_CHECK_OK(
      settle_counting_rules(engine->ports.settings_store, loaded.is_set("min_orders"), config));
  auto parts = std::make_unique<Parts>(config, clock, std::move(calendar), std::move(engine));
  if (traces) KONOMI_CHECK_OK(parts->make_tracer(*std::move(traces)));
  if (config.roles.ingest) KONOMI_CHECK_OK(parts->make_ingest());
  if (config.roles.consume) KONOMI_CHECK_OK(parts->make_consumer());
  if (config.roles.aggregate) parts->make_aggregator();
  if (config.roles.api) parts->make_api();
  parts->metrics.collect_from([parts = parts.get()](Samples& samples) { parts->collect(samples); });
  return std::unique_ptr<Konomi>(new Konomi(std::move(parts)));
}

void Konomi::start() {
  Parts& parts = *parts_;
  if (parts.gate) parts.gate->start();
  parts.watch_engine();
  if (parts.consumer) {
    parts.consume_role.emplace("consume", parts.consumer->heartbeat());
    parts.consume_thread = std::jthread([&parts](std::stop_token stop) {
      parts.run_role(*parts.consume_role, [&] { return parts.consumer->run(stop); });
    });
  }
  if (parts.aggregator) {
    parts.aggregate_role.emplace("aggregate", parts.aggregator->heartbeat());
    parts.aggregate_thread = std::jthread([&parts](std::stop_token stop) {
      parts.run_role(*parts.aggregate_role, [&]() -> Result<void> {
        parts.aggregator->run(stop);
        return {};
      });
    });
  }
}

http::Observer& Konomi::http_observer() {
  return parts_->http_metrics;
}

Tracer& Konomi::tracer() {
  return *parts_->tracer;
}

void Konomi::watch_connections(std::function<std::size_t()> count) {
  parts_->metrics.collect_from([count = std::move(count)](Samples& samples) {
    samples.gauge("konomi_http_connections", "Open connections", static_cast<double>(count()));
  });
}

void Konomi::register_routes(http::Router& router) {
  parts_->process.register_routes(router);
  if (parts_->order_handler) parts_->order_handler->register_routes(router);
  if (!parts_->api) return;
  parts_->api->register_routes(router);
  parts_->verifications->register_routes(router);
  parts_->exports->register_routes(router);
  parts_->backups->register_routes(router);
  router.set_fallback(
      [page = parts_->page.get()](const http::Request& request) { return page->serve(request); });
}

Metrics& Konomi::metrics() {
  return parts_->metrics;
}

std::vector<Check> Konomi::checks() const {
  return parts_->checks();
}

Result<void> Konomi::alive() const {
  return parts_->alive();
}

Result<std::uint64_t> Konomi::store_waiting(std::stop_token stop) {
  KONOMI_ASSERT(parts_->consumer, "storing is the role consume");
  std::uint64_t stored = 0;
  while (true) {
    KONOMI_TRY(const std::size_t records, parts_->consumer->step(stop));
    stored += records;
    KONOMI_TRY(const auto ends, parts_->engine->ports.order_log.ends());
    KONOMI_TRY(const auto watermarks, parts_->engine->ports.order_store.watermarks());
    bool all = true;
    for (const auto& [partition, end] : ends) {
      const auto at = watermarks.find(partition);
      all = all && (at == watermarks.end() ? end == LogOffset(0) : at->second.next_offset >= end);
    }
    if (all) return stored;
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
  }
}

aggregate::Aggregator& Konomi::aggregator() {
  KONOMI_ASSERT(parts_->aggregator, "counting is the role aggregate");
  return *parts_->aggregator;
}

verify::VerifyPorts Konomi::verify_ports() {
  return parts_->verify_ports();
}

verify::VerifyOptions Konomi::verify_options() const {
  return parts_->verify_options();
}

const Ports& Konomi::ports() const {
  return parts_->engine->ports;
}

exporting::ExportPorts Konomi::export_ports() {
  return parts_->export_ports();
}

BucketCount Konomi::bucket_count() const {
  return parts_->buckets;
}

const BusinessCalendar& Konomi::calendar() const {
  return parts_->calendar;
}

void Konomi::announce_stop() {
  parts_->stopping = true;
}

void Konomi::stop_long_answers() {
  if (parts_->verifications) parts_->verifications->stop();
}

void Konomi::stop() {
  Parts& parts = *parts_;
  parts.stopping = true;
  stop_long_answers();
  // Requests that were taken are answered while the log still runs; then the log is made durable to
  // its end; only then do its readers end.
  if (parts.order_handler) parts.order_handler->stop();
  if (parts.gate) parts.gate->stop();
  if (parts.watch) parts.watch->stop();
  parts.engine->close();
  for (std::jthread* const thread : {&parts.consume_thread, &parts.aggregate_thread}) {
    if (!thread->joinable()) continue;
    thread->request_stop();
    thread->join();
  }
  if (parts.exporter) parts.exporter->stop();
}

}  // namespace konomi::process
