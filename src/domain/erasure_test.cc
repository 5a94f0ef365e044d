#include "domain/erasure.h"

#include <gtest/gtest.h>

#include <array>

namespace konomi {
namespace {

constexpr auto day(int number) {
  return BusinessDay::from_days_since_1970(number);
}

Erasure erasure_of(const char* user, ErasureState state) {
  return {.state = state, .digest = digest_of(UserId(user)), .user_id = UserId(user)};
}

TEST(Erasure, DigestsAreSha256) {
  std::string hex;
  const UserDigest digest = digest_of(UserId("abc"));
  for (const unsigned char byte : digest.value()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  EXPECT_EQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Erasure, NotesMoreThanTheVersionsOfTheOrders) {
  Erasure erasure = erasure_of("anna", ErasureState::stored);
  note_removed(erasure, day(1), Version(10));
  note_removed(erasure, day(1), Version(20));
  note_removed(erasure, day(2), Version(0));
  EXPECT_EQ(erasure.removed.orders, 3U);
  // An order counts as its offset and one.
  EXPECT_EQ(erasure.days.at(day(1)), 1U + 11U + 21U);
  EXPECT_EQ(erasure.days.at(day(2)), 1U + 1U);
}

TEST(Erasure, VersionsOfOneUserAddUpOverErasures) {
  std::array<Erasure, 3> erasures = {erasure_of("anna", ErasureState::done),
                                     erasure_of("anna", ErasureState::stored),
                                     erasure_of("ben", ErasureState::counted)};
  erasures[0].days = {{day(1), 5}};
  erasures[1].days = {{day(1), 7}, {day(2), 11}};
  erasures[2].days = {{day(1), 100}};
  const ErasedVersions erased(erasures);
  EXPECT_EQ(*erased.of_user(UserId("anna")),
            (std::map<BusinessDay, std::uint64_t>{{day(1), 12}, {day(2), 11}}));
  EXPECT_EQ(erased.of_user(UserId("carl")), nullptr);
  EXPECT_EQ(erased.of_day(day(1)), 112U);
  EXPECT_EQ(erased.of_day(day(3)), 0U);
  EXPECT_EQ(erased.of_changes(day(2), Generation(3)), 3U + 12U + 3U + 11U + 3U);
}

TEST(Erasure, WhatIsBeingRemovedDoesNotCountYet) {
  std::array<Erasure, 1> erasures = {erasure_of("anna", ErasureState::removing)};
  erasures[0].days = {{day(1), 5}};
  const ErasedVersions erased(erasures);
  EXPECT_EQ(erased.of_user(UserId("anna")), nullptr);
  EXPECT_EQ(erased.of_day(day(1)), 0U);
}

TEST(Erasure, NamesAreReadBack) {
  const ErasureId id{.position = {LogPartition(3), LogOffset(1234)}, .bucket = Bucket(27)};
  EXPECT_EQ(erasure_id_text(id), "3-1234-27");
  EXPECT_EQ(parse_erasure_id("3-1234-27"), id);
  for (const char* text : {"", "3", "3-1234", "3-1234-", "3-1234-x", "3-1234-027", "-3-1234-27"})
    EXPECT_EQ(parse_erasure_id(text), std::nullopt) << text;
}

}  // namespace
}  // namespace konomi
