#include "base/wait.h"
#include "cli/command.h"
#include "config/units.h"
#include "engine/engine.h"
#include "http/server.h"
#include "process/access_control.h"
#include "process/http_metrics.h"
#include "process/konomi.h"
#include "process/options.h"
#include "process/stop_signals.h"
#include "process/supervisor.h"
#include "process/version.h"
#include "rest/router.h"

#include <fmt/format.h>

#include <chrono>
#include <string>

namespace konomi::cli {
namespace {

// A connection is a file, and the engine has some hundreds open.
void check_open_files(const config::Config& config) {
  constexpr std::uint64_t kForTheEngine = 1'000;
  const std::uint64_t files = process::raise_open_files_limit();
  if (files < config.http_connections_max + kForTheEngine) {
    log_warning(
        "the system allows {} open files, too few for http_connections_max = {}; raise "
        "`ulimit -n` to {} or lower the setting",
        files, config.http_connections_max, config.http_connections_max + kForTheEngine);
  }
}

// That its event loops come round, and its roles make steps.
Result<void> alive(const process::Konomi& konomi, const http::Server& server,
                   std::chrono::milliseconds silence_max) {
  if (server.silence() > silence_max)
    return fail(ErrorCode::timed_out,
                fmt::format("an HTTP thread hangs: it has not come round for {:.0f} s",
                            std::chrono::duration<double>(server.silence()).count()));
  return konomi.alive();
}

std::string status_line(const process::Konomi& konomi, std::string_view url) {
  const Result<void> ready = process::all_ok(konomi.checks());
  return ready ? fmt::format("Serves {}", url)
               : fmt::format("Not ready on {}: {}", url, ready.error().message);
}

// Not ready any more, but still serving, until whoever sends requests had time to notice. A second
// signal ends the process from here, too.
void wait_for_balancers(std::chrono::milliseconds delay) {
  if (delay.count() == 0) return;
  log_info("stopping: not ready any more; requests are still answered for {}",
           config::duration_text(delay));
  wait_or_stop({}, delay);
}

int serve(const config::LoadedConfig& loaded, const Process& process) {
  const config::Config& config = loaded.values;
  configure_log(config.log_level, config.log_format);
  const process::StopSignals signals;
  check_open_files(config);
  auto konomi = process::Konomi::open(loaded, process.clock);
  if (!konomi) return failed(process, konomi.error());
  const auto access =
      process::AccessControl::open(config, (*konomi)->telemetry().metrics(), process.clock);
  if (!access) return failed(process, access.error());
  rest::Router router(&(*access)->gate());
  (*konomi)->register_routes(router);
  (*access)->register_routes(router);
  http::ServerOptions options = process::server_options(config);
  options.gate = &(*access)->gate();
  options.certificate = (*access)->certificate();
  options.tracer = &(*konomi)->telemetry().tracer();
  process::HttpMetrics http_metrics((*konomi)->telemetry().metrics());
  options.observer = &http_metrics;
  http::Server server(std::move(options), router.table());
  http_metrics.watch_connections([&server] { return server.connections(); });
  (*konomi)->start();
  if (const auto started = server.start(); !started) return failed(process, started.error());
  config::ListenAddress address = config.listen;
  address.port = server.port();
  const std::string url =
      fmt::format("{}://{}", (*access)->certificate() ? "https" : "http", to_string(address));
  log_info("konomi {} listens on {} (engine {}, data in {}, days of {} starting at {})",
           process::kVersion, url, name_of(config.engine), engine::place_of_data(config),
           config.time_zone, day_starts_at_text(config.day_starts_at));
  process::Supervisor supervisor;
  supervisor.serving([&] { return alive(**konomi, server, config.role_silence_max); },
                     [&] { return status_line(**konomi, url); });
  signals.wait();
  (*konomi)->announce_stop();
  supervisor.stopping();
  wait_for_balancers(config.shutdown_delay);
  log_info("stopping: requests are finished and the log is made durable; once more to end at once");
  (*konomi)->end_long_answers();
  server.stop();
  (*konomi)->stop();
  konomi->reset();
  log_info("stopped");
  return kOk;
}

}  // namespace

void add_serve_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "serve", "Take orders, store and count them, and answer: all of konomi in one process");
  const auto flags = SettingFlags::add(*command, every_setting);
  command->footer(R"(SIGTERM or Ctrl-C stops in order, exit code 0; a second one ends at once.

Examples:
  konomi serve
  konomi serve --listen 127.0.0.1:9000 --data-dir /var/lib/konomi --day-starts-at 05:00
  KONOMI_LOG_FORMAT=json konomi serve --config konomi.toml)");
  command->callback([&process, &chosen, flags] {
    chosen = [&process, flags]() -> int {
      const auto config = flags->load(process);
      return config ? serve(*config, process) : kUsage;
    };
  });
}

}  // namespace konomi::cli
