#pragma once

#include "adapters/rocks/database.h"
#include "adapters/rocks/order_log.h"
#include "ports/order_log.h"

namespace konomi::rocks {

// Reads what RocksOrderLog has acknowledged, never more.
class RocksOrderLogReader final : public OrderLogReader {
 public:
  // Both outlive the reader. Begins at `start`.
  RocksOrderLogReader(Database& database, const RocksOrderLog& log, LogOffset start)
      : database_(database), log_(log), next_offset_(start) {}

  Result<std::vector<LogRecord>> poll(std::size_t records_max, std::chrono::milliseconds wait,
                                      std::stop_token stop) override;
  Result<RawRecord> raw(const LogPosition& position) override;
  Result<std::map<LogPartition, LogOffset>> read_to_end() override;
  Result<void> commit(const std::map<LogPartition, LogOffset>& next_offsets) override;

 private:
  Database& database_;
  const RocksOrderLog& log_;
  LogOffset next_offset_;
};

}  // namespace konomi::rocks
