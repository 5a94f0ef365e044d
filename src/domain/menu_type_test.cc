#include "domain/menu_type.h"

#include <gtest/gtest.h>

namespace konomi {
namespace {

TEST(UnknownMenuTypes, AreReadFromTheirNames) {
  EXPECT_EQ(parse_unknown_menu_types("accept").value(), UnknownMenuTypes::accept);
  EXPECT_EQ(parse_unknown_menu_types("refuse").value(), UnknownMenuTypes::refuse);
  EXPECT_FALSE(parse_unknown_menu_types("deny"));
}

}  // namespace
}  // namespace konomi
