#include "verify/sums.h"

#include "domain/timestamp.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace konomi::verify {
namespace {

Order order(const std::string& type) {
  return {.user_id = UserId("tky1"),
          .order_id = OrderId("A7"),
          .ordered_at = parse_rfc3339("2025-05-31T00:00:00Z").value(),
          .menu_type = MenuType(type)};
}

std::vector<std::string> differences(const Sums& expected, const DayFigures& found) {
  std::vector<std::string> lines;
  compare(expected, found, [&](const std::string& what, std::string should, std::string is) {
    lines.push_back(fmt::format("{}: {} {}", what, should, is));
  });
  return lines;
}

TEST(Fingerprint, IsThatOfTheFormatsPage) {
  EXPECT_EQ(fmt::format("{:016x}", fingerprint(order("washoku"))), "10ebf71c52658bb4");
}

TEST(Sums, AreThoseOfTheFiguresOfTheSameOrders) {
  Sums sums;
  DayFigures figures;
  for (const auto& [type, hour] : {std::pair("washoku", 9), {"yoshoku", 9}, {"washoku", 23}}) {
    sums.count(order(type), hour);
    figures.add(order(type), hour);
  }
  sums.users = figures.users = 1;
  EXPECT_EQ(differences(sums, figures), std::vector<std::string>());
  Sums twice = sums;
  twice.add(sums_of(figures));
  figures.add(figures);
  EXPECT_EQ(differences(twice, figures), std::vector<std::string>());
}

TEST(Sums, EveryFigureThatDiffersIsNamed) {
  Sums sums;
  sums.count(order("washoku"), 9);
  sums.users = 1;
  DayFigures figures;
  figures.types[MenuType("yoshoku")].orders = 2;
  figures.users = 3;
  EXPECT_EQ(differences(sums, figures),
            (std::vector<std::string>{"orders of washoku: 1 0", "orders of washoku at 9 h: 1 0",
                                      "orders of yoshoku: 0 2", "orders: 1 0", "users: 1 3",
                                      "checksum: 10ebf71c52658bb4 0000000000000000"}));
}

}  // namespace
}  // namespace konomi::verify
