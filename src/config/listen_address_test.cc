#include "config/listen_address.h"

#include <gtest/gtest.h>

namespace konomi::config {
namespace {

std::string printed(std::string_view text) {
  const auto address = parse_listen_address(text);
  return address ? to_string(*address) : address.error().message;
}

TEST(ListenAddress, IsPrintedInItsShortestForm) {
  EXPECT_EQ(printed("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(printed("localhost:0"), "127.0.0.1:0");
  EXPECT_EQ(printed("[0:0:0:0:0:0:0:1]:80"), "[::1]:80");
  EXPECT_EQ(printed("::1:80"), "[::1]:80");
  EXPECT_EQ(printed("[FE80::1%eth0]:80"), "[fe80::1%eth0]:80");
}

TEST(ListenAddress, ANameOrHalfAnAddressIsRefused) {
  for (const auto* bad : {"kitchen:80", "127.1:80", "127.0.0.1%lo:80", "[::1%]:80", "[::1%a/b]:80",
                          "[::g]:80", ":80"}) {
    EXPECT_EQ(printed(bad), "\"" + std::string(bad) +
                                "\" has no valid address; expected HOST:PORT, such as "
                                "\"127.0.0.1:8080\"");
  }
}

TEST(ListenAddress, KnowsWhatOtherMachinesReach) {
  for (const auto* here : {"127.0.0.1", "127.8.9.1", "::1"})
    EXPECT_TRUE(is_loopback({.host = here, .port = 80})) << here;
  for (const auto* open : {"0.0.0.0", "128.0.0.1", "::", "::ffff:127.0.0.1", "fe80::1%eth0"})
    EXPECT_FALSE(is_loopback({.host = open, .port = 80})) << open;
}

}  // namespace
}  // namespace konomi::config
