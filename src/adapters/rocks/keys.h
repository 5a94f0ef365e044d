#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "domain/bucket.h"
#include "domain/business_day.h"
#include "domain/ids.h"

#include <optional>
#include <string>
#include <string_view>

namespace konomi::rocks {

// Builds and reads keys (docs/formats.md). Numbers are big-endian and texts other than the last end
// with a zero byte, which no text holds, so that keys sort like the tuples they stand for.
class KeyWriter {
 public:
  KeyWriter& day(BusinessDay day);
  KeyWriter& bucket(Bucket bucket);
  KeyWriter& partition(LogPartition partition);
  KeyWriter& offset(LogOffset offset);
  KeyWriter& text(std::string_view text);       // With its end; another part follows.
  KeyWriter& last_text(std::string_view text);  // Nothing follows.

  std::string take() { return std::move(key_); }  // Ends the writing.

 private:
  std::string key_;
};

class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : reader_(key) {}

  Result<BusinessDay> day();
  Result<Bucket> bucket();
  Result<LogPartition> partition();
  Result<LogOffset> offset();
  Result<std::string_view> text();
  std::string_view last_text() const { return reader_.rest(); }

 private:
  ByteReader reader_;
};

// The least key behind all keys that begin with `prefix`; nothing: there is none.
std::optional<std::string> end_of_prefix(std::string_view prefix);

// `invalid_argument` for an id that cannot be part of a key: one with a zero byte.
Result<void> check_key_text(std::string_view what, std::string_view text);

}  // namespace konomi::rocks
