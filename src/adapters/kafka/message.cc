#include "adapters/kafka/message.h"

#include "base/assert.h"

#include <charconv>

namespace konomi::kafka {

std::string_view bytes_in(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::string_view()
                          : std::string_view(static_cast<const char*>(bytes), size);
}

std::vector<std::pair<std::string, std::string>> headers_of(const rd_kafka_message_t& message) {
  std::vector<std::pair<std::string, std::string>> headers;
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(&message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    headers.emplace_back(name, bytes_in(value, size));
  return headers;
}

std::optional<std::string_view> header_of(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  return bytes_in(value, size);
}

void add_header(const HeadersHandle& headers, std::string_view name, std::string_view value) {
  const rd_kafka_resp_err_t code =
      rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()),
                          value.data(), static_cast<ssize_t>(value.size()));
  KONOMI_ASSERT(code == RD_KAFKA_RESP_ERR_NO_ERROR, "headers that were not sent can be added to");
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

ProduceCall::ProduceCall(rd_kafka_topic_t* topic, Timestamp timestamp, void* opaque) {
  arguments_[topic_argument] = {.vtype = RD_KAFKA_VTYPE_RKT, .u = {.rkt = topic}};
  arguments_[flags_argument] = {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = {.i = RD_KAFKA_MSG_F_COPY}};
  arguments_[time_argument] = {.vtype = RD_KAFKA_VTYPE_TIMESTAMP,
                               .u = {.i64 = timestamp.time_since_epoch().count()}};
  arguments_[opaque_argument] = {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u = {.ptr = opaque}};
  to_partition(RD_KAFKA_PARTITION_UA);
}

void ProduceCall::to_partition(std::int32_t partition) {
  arguments_[partition_argument] = {.vtype = RD_KAFKA_VTYPE_PARTITION, .u = {.i32 = partition}};
}

ErrorHandle ProduceCall::send(rd_kafka_t* client, std::string_view key, std::string_view value,
                              HeadersHandle& headers) {
  const auto bytes = [](rd_kafka_vtype_t type, std::string_view text) {
    // librdkafka copies from it; its interface has no const.
    return rd_kafka_vu_t{
        .vtype = type,
        .u = {.mem = {.ptr = const_cast<char*>(text.data()),  // NOLINT(*-const-cast): see above.
                      .size = text.size()}}};
  };
  arguments_[key_argument] = bytes(RD_KAFKA_VTYPE_KEY, key.empty() ? std::string_view() : key);
  arguments_[value_argument] = bytes(RD_KAFKA_VTYPE_VALUE, value);
  arguments_[headers_argument] = {.vtype = RD_KAFKA_VTYPE_HEADERS, .u = {.headers = headers.get()}};
  ErrorHandle error(rd_kafka_produceva(client, arguments_.data(), arguments_.size()));
  if (!error) (void)headers.release();
  return error;
}

}  // namespace konomi::kafka
