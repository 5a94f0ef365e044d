#pragma once

#include "base/result.h"

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string_view>

namespace konomi::kafka {

// The room that librdkafka is given to write why something failed.
inline constexpr std::size_t kErrorTextBytes = 512;

// What an error of librdkafka or of a broker means to konomi; `what` begins the message, and
// `detail` is what librdkafka adds to the error's name, if anything.
//   timed_out         no answer in time
//   invalid_argument  a setting, a topic or a request that Kafka never accepts as it is
//   corrupted         bytes that are not what was written
//   cancelled         the client is closing
//   unavailable       everything else: no connection, no leader, too few replicas, a missing topic
//                     or grant; it may mend itself, or by what the message names
Error error_of(rd_kafka_resp_err_t code, std::string_view what, std::string_view detail = {});

// Whether the group only changes hands: what was asked for is void, and nothing is wrong.
bool is_rebalance(rd_kafka_resp_err_t code);

}  // namespace konomi::kafka
