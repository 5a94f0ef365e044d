#pragma once

#include "adapters/kafka/handles.h"
#include "base/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace konomi::kafka {

// The pieces of a Kafka message as C++ values.

// The header of a replayed order: the position of the record that it was, "3-1234".
inline constexpr const char* kOriginalPosition = "konomi-original-position";
// The header of a record that is no order, and its one value: the erasure of the user in the key.
inline constexpr const char* kRecordType = "konomi-record-type";
inline constexpr std::string_view kErasureRecord = "erasure";
// The headers of every order that konomi writes: its media type, and when it was taken, in
// milliseconds since 1970.
inline constexpr const char* kContentType = "content-type";
inline constexpr const char* kReceivedAt = "received-at";
inline constexpr const char* kTraceparent = "traceparent";

std::string_view bytes_in(const void* bytes, std::size_t size);  // Nothing there: empty.

// Every header in its order, repeated names and all.
std::vector<std::pair<std::string, std::string>> headers_of(const rd_kafka_message_t& message);

void add_header(const HeadersHandle& headers, std::string_view name, std::string_view value);

// The value of the last header of that name.
std::optional<std::string_view> header_of(const rd_kafka_message_t& message, const char* name);

// A decimal number and nothing else.
std::optional<std::int64_t> number_in(std::string_view text);

// A call of rd_kafka_produceva(). Of several messages with one another's arguments, only key, value
// and headers are given anew.
class ProduceCall {
 public:
  // `opaque` comes back in the delivery reports. The partition follows from the key.
  ProduceCall(rd_kafka_topic_t* topic, Timestamp timestamp, void* opaque);

  void to_partition(std::int32_t partition);

  // Copies key (empty: none) and value, and takes `headers` when it succeeds. Nothing: success.
  ErrorHandle send(rd_kafka_t* client, std::string_view key, std::string_view value,
                   HeadersHandle& headers);

 private:
  enum Argument : std::size_t {
    topic_argument,
    flags_argument,
    time_argument,
    opaque_argument,
    partition_argument,
    key_argument,
    value_argument,
    headers_argument,
    argument_count
  };

  std::array<rd_kafka_vu_t, argument_count> arguments_{};
};

}  // namespace konomi::kafka
