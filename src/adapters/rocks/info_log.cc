#include "adapters/rocks/info_log.h"

#include "base/log.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string>

namespace konomi::rocks {
namespace {

constexpr std::size_t kLineBytesMax = 1'000;

class InfoLog final : public rocksdb::Logger {
 public:
  // Errors reach whoever called or the listener (see Database); RocksDB repeats them here for as
  // long as a disk is full.
  InfoLog() : Logger(rocksdb::FATAL_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::string line(kLineBytesMax, '\0');
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (length < 0) return;
    line.resize(std::min(static_cast<std::size_t>(length), line.size() - 1));
    while (line.ends_with('\n')) line.pop_back();
    log_error("rocksdb: {}", line);
  }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_info_log() {
  return std::make_shared<InfoLog>();
}

}  // namespace konomi::rocks
