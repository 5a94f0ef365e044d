#pragma once

#include "adapters/kafka/client_statistics.h"
#include "adapters/kafka/handles.h"
#include "adapters/kafka/log_lines.h"
#include "adapters/kafka/options.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

namespace konomi::kafka {

// What a librdkafka client is for; it decides which settings it gets.
enum class ClientKind {
  producer,
  reader,     // A member of the consumer group.
  inspector,  // Asks for offsets and settings, reads topics without a group.
};

// librdkafka's configuration for one kind of client: konomi's defaults, then the operator's
// settings, then what konomi's promises rest on. `invalid_argument` names the setting that is
// unknown, malformed, or not the operator's to choose, and the file that cannot be read.
Result<ConfHandle> make_conf(const KafkaOptions& options, ClientKind kind);

// A librdkafka client with its own log lines. What librdkafka calls back with (the conf's opaque)
// is this object; `owner` is for the callbacks of whoever made it.
class Client {
 public:
  // Starts the client's threads; it connects by itself. `invalid_argument` when librdkafka refuses
  // how settings go together, or a certificate. `owner` outlives the client. `statistics`: where it
  // tells what it counts, or nothing.
  static Result<std::unique_ptr<Client>> open(ConfHandle conf, ClientKind kind,
                                              std::shared_ptr<ClientStatistics> statistics = {},
                                              void* owner = nullptr);

  rd_kafka_t* handle() const { return handle_.get(); }
  void* owner() const { return owner_; }
  LogLines& lines() { return lines_; }

  // Whoever enables events gets them as those, and hands them on with this.
  void take_statistics(std::string_view json) {
    if (statistics_) statistics_->take(name_, json);
  }

 private:
  Client(std::string name, std::shared_ptr<ClientStatistics> statistics, void* owner)
      : name_(name), statistics_(std::move(statistics)), owner_(owner), lines_(std::move(name)) {}

  static void on_log(const rd_kafka_t* handle, int level, const char* kind, const char* text);

  static int on_statistics(rd_kafka_t* handle, char* json, std::size_t bytes, void* opaque);

  const std::string name_;
  const std::shared_ptr<ClientStatistics> statistics_;
  void* const owner_;
  LogLines lines_;
  ClientHandle handle_;  // Last: its threads write lines until it is gone.
};

}  // namespace konomi::kafka
