#include "adapters/rocks/keys.h"

#include "domain/text.h"

#include <fmt/format.h>

namespace konomi::rocks {
namespace {

// Shifts days before 1970, which a zone west of Greenwich can have, in front of the others.
constexpr std::uint32_t kDayZero = 0x80000000U;

}  // namespace

KeyWriter& KeyWriter::day(BusinessDay day) {
  append_u32(key_, static_cast<std::uint32_t>(day.days_since_1970()) + kDayZero);
  return *this;
}

KeyWriter& KeyWriter::bucket(Bucket bucket) {
  append_u32(key_, bucket.value());
  return *this;
}

KeyWriter& KeyWriter::partition(LogPartition partition) {
  append_u32(key_, partition.value());
  return *this;
}

KeyWriter& KeyWriter::offset(LogOffset offset) {
  append_u64(key_, offset.value());
  return *this;
}

KeyWriter& KeyWriter::text(std::string_view text) {
  key_ += text;
  key_ += '\0';
  return *this;
}

KeyWriter& KeyWriter::last_text(std::string_view text) {
  key_ += text;
  return *this;
}

Result<BusinessDay> KeyReader::day() {
  KONOMI_TRY(const std::uint32_t days, reader_.u32());
  return BusinessDay::from_days_since_1970(static_cast<int>(days - kDayZero));
}

Result<Bucket> KeyReader::bucket() {
  KONOMI_TRY(const std::uint32_t bucket, reader_.u32());
  return Bucket(bucket);
}

Result<LogPartition> KeyReader::partition() {
  KONOMI_TRY(const std::uint32_t partition, reader_.u32());
  return LogPartition(partition);
}

Result<LogOffset> KeyReader::offset() {
  KONOMI_TRY(const std::uint64_t offset, reader_.u64());
  return LogOffset(offset);
}

Result<std::string_view> KeyReader::text() {
  const std::string_view rest = reader_.rest();
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos)
    return fail(ErrorCode::corrupted, fmt::format("a key's text {} has no end", quote(rest)));
  reader_ = ByteReader(rest.substr(end + 1));
  return rest.substr(0, end);
}

std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Result<void> check_key_text(std::string_view what, std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return {};
  return fail(
      ErrorCode::invalid_argument,
      fmt::format("{} {} holds a zero byte; expected no control characters", what, quote(text)));
}

}  // namespace konomi::rocks
