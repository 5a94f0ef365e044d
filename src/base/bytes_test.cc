#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace konomi {
namespace {

TEST(Bytes, ReadsBackWhatWasWritten) {
  std::string bytes;
  append_u8(bytes, 7);
  append_u32(bytes, 0xdeadbeef);
  append_u64(bytes, 0x0123456789abcdefU);
  append_text(bytes, "washoku");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8().value(), 7);
  EXPECT_EQ(reader.u32().value(), 0xdeadbeef);
  EXPECT_EQ(reader.u64().value(), 0x0123456789abcdefU);
  EXPECT_EQ(reader.text().value(), "washoku");
  EXPECT_TRUE(reader.at_end());
}

TEST(Bytes, VarintsKeepEveryMagnitude) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      std::string bytes;
      append_varint(bytes, value);
      EXPECT_EQ(ByteReader(bytes).varint().value(), value);
    }
  }
  std::string bytes;
  append_varint(bytes, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ByteReader(bytes).varint().value(), std::numeric_limits<std::uint64_t>::max());
}

TEST(Bytes, BigEndianIntegersSortAsNumbers) {
  std::string smaller, larger;
  append_u32(smaller, 255);
  append_u32(larger, 256);
  EXPECT_LT(smaller, larger);
}

TEST(Bytes, RefusesToReadPastTheEnd) {
  EXPECT_EQ(ByteReader("abc").u32().error().code, ErrorCode::corrupted);
  EXPECT_EQ(ByteReader("\x05"
                       "abc")
                .text()
                .error()
                .code,
            ErrorCode::corrupted);
  EXPECT_EQ(ByteReader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").varint().error().code,
            ErrorCode::corrupted);
  EXPECT_EQ(ByteReader("").u8().error().code, ErrorCode::corrupted);
}

}  // namespace
}  // namespace konomi
