#include "engine/engine.h"

#include "adapters/rocks/backup.h"
#include "adapters/rocks/engine.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace konomi::engine {
namespace {

Ports ports_of(rocks::RocksEngine& rocks) {
  return {.order_log = rocks.order_log(),
          .order_store = rocks.order_store(),
          .summary_store = rocks.summary_store(),
          .preference_store = rocks.preference_store(),
          .settings_store = rocks.settings_store(),
          .dead_letters = rocks.dead_letters()};
}

class EmbeddedEngine final : public Engine {
 public:
  explicit EmbeddedEngine(std::unique_ptr<rocks::RocksEngine> rocks)
      : Engine(ports_of(*rocks), rocks.get(), 1), rocks_(std::move(rocks)) {}

  Result<std::unique_ptr<OrderLogReader>> open_reader() override { return rocks_->open_reader(); }
  void collect(Samples& samples) const override { rocks_->collect(samples); }
  void close() override { rocks_->close(); }

 private:
  const std::unique_ptr<rocks::RocksEngine> rocks_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_engine(const config::Config& config, const Clock& clock,
                                            OpenOptions options) {
  if (config.engine == config::EngineKind::cluster) {
    KONOMI_TRY(const Cluster of_cluster, cluster());
    return of_cluster.open(config, clock, options);
  }
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) {
    return fail(ErrorCode::unavailable,
                fmt::format("the data directory {} cannot be made: {}; name another with "
                            "--data-dir",
                            config.data_dir.string(), error.message()));
  }
  rocks::RocksOptions rocks_options;
  rocks_options.log_limits.orders_in_flight_max = config.orders_in_flight_max;
  KONOMI_TRY(auto rocks, rocks::RocksEngine::open(config.data_dir, clock, rocks_options));
  return std::make_unique<EmbeddedEngine>(std::move(rocks));
}

Result<BackupFacts> check_backup(const std::filesystem::path& backup) {
  return rocks::check_backup(backup);
}

Result<void> copy_backup(const std::filesystem::path& backup, const std::filesystem::path& to) {
  return rocks::copy_backup(backup, to);
}

std::string place_of_data(const config::Config& config) {
  if (config.engine == config::EngineKind::embedded) return config.data_dir.string();
  return fmt::format("keyspace {} of {}", config.cassandra_keyspace,
                     config.cassandra_contact_points);
}

#ifndef KONOMI_CLUSTER
// The other one is in cluster_engine.cc.
Result<Cluster> cluster() {
  return fail(ErrorCode::invalid_argument,
              "engine \"cluster\" (Kafka and Cassandra) is not in this build, which holds only the "
              "embedded one; build with -DKONOMI_CLUSTER=ON, as the preset \"release\" does");
}
#endif

}  // namespace konomi::engine
