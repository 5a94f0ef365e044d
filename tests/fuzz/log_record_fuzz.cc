#include "adapters/rocks/log_record.h"
#include "base/assert.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// A record of the embedded log: it is refused and leaves nothing behind, or its orders, with the
// offsets that its key says, are read again when they are written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace konomi;
  using namespace konomi::rocks;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  constexpr LogOffset kFirst(1'000);
  const std::string key = log_key(kFirst);
  std::vector<LogRecord> records;
  const auto read = decode_log_record(key, value, kFirst, records);
  if (!read) {
    KONOMI_ASSERT(read.error().code == ErrorCode::corrupted, "it says corrupted");
    KONOMI_ASSERT(records.empty(), "nothing of a damaged record is used");
    return 0;
  }
  const auto head = decode_log_head(value);
  KONOMI_ASSERT(head && head->orders == records.size(), "as many orders as the head says");
  std::string again = encode_log_head(head->kind, records.size(), head->logged_at);
  for (std::size_t i = 0; i < records.size(); ++i) {
    KONOMI_ASSERT(records[i].position.offset == LogOffset(kFirst.value() + i), "in a row");
    if (head->kind == LogRecordKind::erasure) {
      append_log_erasure(again, std::get<UserErasure>(records[i].content));
      continue;
    }
    const Order& order = std::get<Order>(records[i].content);
    if (head->kind == LogRecordKind::replay) {
      append_log_order(again, ReplayedOrder{.order = order, .original = records[i].original});
    } else {
      append_log_order(again, order);
    }
  }
  std::vector<LogRecord> reread;
  KONOMI_ASSERT(decode_log_record(key, again, kFirst, reread), "what was written is read");
  KONOMI_ASSERT(reread.size() == records.size(), "as many orders");
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto* order = std::get_if<Order>(&records[i].content);
    KONOMI_ASSERT(order == nullptr || std::get<Order>(reread[i].content) == *order,
                  "the same order");
    const auto* erasure = std::get_if<UserErasure>(&records[i].content);
    KONOMI_ASSERT(erasure == nullptr || std::get<UserErasure>(reread[i].content) == *erasure,
                  "the same erasure");
    KONOMI_ASSERT(reread[i].original == records[i].original, "from the same position");
  }
  return 0;
}
