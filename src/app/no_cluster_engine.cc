// In place of cluster_engine.cc where the build leaves Kafka and Cassandra out.
#include "app/engine.h"

namespace konomi::app {
namespace {

std::unexpected<Error> not_in_this_build() {
  return fail(ErrorCode::invalid_argument,
              "engine \"cluster\" (Kafka and Cassandra) is not in this build, which holds only the "
              "embedded one; build with -DKONOMI_CLUSTER=ON, as the preset \"release\" does");
}

}  // namespace

Result<std::unique_ptr<Engine>> open_cluster_engine(const Config& /*config*/,
                                                    const Clock& /*clock*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> check_topics(const Config& /*config*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> apply_topics(const Config& /*config*/) {
  return not_in_this_build();
}

Result<std::string> print_schema(const Config& /*config*/) {
  return not_in_this_build();
}

Result<std::vector<std::string>> apply_schema(const Config& /*config*/) {
  return not_in_this_build();
}

}  // namespace konomi::app
