#include "base/assert.h"
#include "domain/timestamp.h"
#include "encoding/order_record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What another program may have put into the topic: konomi's JSON or the first version's line. It
// is refused with a reason, or it is an order that comes back when konomi writes it itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace konomi;
  static encoding::OrderRecordReader reader({});
  const encoding::RecordBytes record{
      .position = {.partition = LogPartition(3), .offset = LogOffset(7)},
      .logged_at = parse_rfc3339("2025-05-31T12:00:00Z").value(),
      .value = std::string_view(reinterpret_cast<const char*>(data), size),
      .received_at = {}};
  const auto order = reader.read(record);
  if (!order) {
    const encoding::RecordProblem& problem = order.error();
    KONOMI_ASSERT(problem.reason == "unreadable" || problem.reason == "invalid_order", "a reason");
    KONOMI_ASSERT(!problem.message.empty(), "a refusal says why");
    return 0;
  }
  std::string written;
  encoding::append_order_json(written, *order);
  encoding::RecordBytes rewritten = record;
  rewritten.value = written;
  const auto again = reader.read(rewritten);
  KONOMI_ASSERT(again && *again == *order, "what konomi writes it reads again");
  return 0;
}
