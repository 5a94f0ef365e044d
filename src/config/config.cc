#include "config/config.h"

namespace konomi::config {

std::string_view name_of(EngineKind kind) {
  return kind == EngineKind::cluster ? "cluster" : "embedded";
}

// A count on a cluster mostly waits for answers of the stores; on one machine it computes.
std::size_t Config::aggregate_threads_or_default() const {
  if (aggregate_threads != 0) return aggregate_threads;
  return engine == EngineKind::cluster ? 8 : 1;
}

}  // namespace konomi::config
