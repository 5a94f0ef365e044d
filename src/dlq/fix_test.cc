#include "dlq/fix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace konomi::dlq {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Fix, RenamesOnlyTheTypesItNames) {
  const Fix fix{.renamed_menu_types = {{MenuType("washok"), MenuType("washoku")}}, .edited = {}};
  EXPECT_FALSE(fix.edits());
  OrderTexts misspelt{.user_id = "u", .menu_type = "washok"};
  EXPECT_THAT(apply(fix, misspelt), ElementsAre(FieldChange{"menu_type", "washok", "washoku"}));
  EXPECT_EQ(misspelt.menu_type, "washoku");
  OrderTexts other{.user_id = "u", .menu_type = "yoshoku"};
  EXPECT_THAT(apply(fix, other), IsEmpty());
  OrderTexts without;
  EXPECT_THAT(apply(fix, without), IsEmpty());
}

TEST(Fix, AnEditComesAfterTheRule) {
  const Fix fix{.renamed_menu_types = {{MenuType("a"), MenuType("b")}},
                .edited = {.user_id = "u", .menu_type = "c"}};
  EXPECT_TRUE(fix.edits());
  OrderTexts order{.menu_type = "a"};
  EXPECT_THAT(apply(fix, order), ElementsAre(FieldChange{"user_id", std::nullopt, "u"},
                                             FieldChange{"menu_type", "a", "c"}));
}

TEST(Fix, IsSaidInWords) {
  EXPECT_EQ(in_words({}), "as it was");
  EXPECT_EQ(in_words({{"user_id", std::nullopt, "u"}, {"menu_type", "a", "b"}}),
            R"(user_id (none) is now "u"; menu_type "a" is now "b")");
}

}  // namespace
}  // namespace konomi::dlq
