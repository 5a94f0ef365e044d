#include "engine/engine.h"

#include "adapters/rocks/backup.h"
#include "adapters/rocks/engine.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

namespace konomi::engine {
namespace {

class EmbeddedEngine final : public Engine {
 public:
  explicit EmbeddedEngine(std::unique_ptr<rocks::RocksEngine> rocks) : rocks_(std::move(rocks)) {}

  OrderLog& order_log() override { return rocks_->order_log(); }
  OrderStore& order_store() override { return rocks_->order_store(); }
  SummaryStore& summary_store() override { return rocks_->summary_store(); }
  PreferenceStore& preference_store() override { return rocks_->preference_store(); }
  SettingsStore& settings_store() override { return rocks_->settings_store(); }
  DeadLetters& dead_letters() override { return rocks_->dead_letters(); }
  Result<std::unique_ptr<OrderLogReader>> open_reader() override { return rocks_->open_reader(); }
  std::uint32_t log_partitions() const override { return 1; }
  Result<BackupFacts> back_up(const std::filesystem::path& directory) override {
    return rocks_->back_up(directory);
  }
  void collect(Samples& samples) const override { rocks_->collect(samples); }
  Result<void> purge() override { return rocks_->purge(); }
  Result<std::uint64_t> trim_log(Timestamp before) override { return rocks_->trim_log(before); }
  void close() override { rocks_->close(); }

 private:
  std::unique_ptr<rocks::RocksEngine> rocks_;
};

}  // namespace

Result<std::unique_ptr<Engine>> open_engine(const config::Config& config, const Clock& clock,
                                            OpenOptions options) {
  if (config.engine == config::EngineKind::cluster)
    return open_cluster_engine(config, clock, options);
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

}  // namespace konomi::engine
