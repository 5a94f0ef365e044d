#include "base/assert.h"
#include "import/csv.h"
#include "import/rows.h"
#include "wire/csv_writer.h"

#include <cstdint>

namespace {

using konomi::import::CsvReader;
using konomi::import::CsvRecord;
using konomi::import::MemorySource;
using konomi::wire::append_csv_record;

// What was read, written again, is read as the same.
void check_round_trip(const CsvRecord& record) {
  std::string text;
  append_csv_record(text,
                    std::vector<std::string_view>(record.fields.begin(), record.fields.end()));
  MemorySource source(text);
  CsvReader reader(source);
  CsvRecord again;
  const bool read = reader.next(again).value_or(false);
  // Written with its quotes a record may be longer than the bound.
  const bool too_long = text.size() > CsvReader::kRecordBytesMax;
  KONOMI_ASSERT(read, "a written record is gone");
  KONOMI_ASSERT(too_long || again.fields == record.fields, "a record changed on its way");
}

void read_csv(std::string_view input) {
  MemorySource source(input);
  CsvReader reader(source);
  CsvRecord record;
  std::uint64_t last_line = 0;
  std::size_t raw_bytes = 0;
  while (true) {
    const auto more = reader.next(record);
    if (!more || !*more) break;
    KONOMI_ASSERT(record.line > last_line || !record.problem.empty(), "lines go forward");
    last_line = record.line;
    raw_bytes += record.raw.size();
    KONOMI_ASSERT(raw_bytes <= input.size(), "more was read than there is");
    if (record.problem.empty()) check_round_trip(record);
  }
}

void read_rows(std::string_view input) {
  MemorySource source(input);
  const auto rows = konomi::import::open_rows(source, std::nullopt);
  if (!rows) return;
  konomi::import::Row row;
  while ((*rows)->next(row).value_or(false)) {
    (void)konomi::check_order(row.fields.view(), konomi::Timestamp{}, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_csv(input);
  read_rows(input);
  (void)konomi::import::parse_columns(input);
  return 0;
}
