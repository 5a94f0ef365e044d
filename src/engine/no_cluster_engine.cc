// In place of cluster_engine.cc where the build leaves Kafka and Cassandra out.
#include "engine/engine.h"

namespace konomi::engine {
namespace {

std::unexpected<Error> not_in_this_build() {
  return fail(ErrorCode::invalid_argument,
              "engine \"cluster\" (Kafka and Cassandra) is not in this build, which holds only the "
              "embedded one; build with -DKONOMI_CLUSTER=ON, as the preset \"release\" does");
}

}  // namespace

Result<std::unique_ptr<Engine>> open_cluster_engine(const config::Config& /*config*/,
                                                    const Clock& /*clock*/,
                                                    OpenOptions /*options*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> check_topics(const config::Config& /*config*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> apply_topics(const config::Config& /*config*/) {
  return not_in_this_build();
}

Result<std::string> print_schema(const config::Config& /*config*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> apply_schema(const config::Config& /*config*/) {
  return not_in_this_build();
}

}  // namespace konomi::engine
