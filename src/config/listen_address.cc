#include "config/listen_address.h"

#include "config/units.h"
#include "domain/text.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <optional>

namespace konomi::config {
namespace {

bool is_interface(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

// An IP address in its shortest form, "fe80::1%eth0" with its interface; nothing: it is none.
std::optional<std::string> ip_address(const std::string& text) {
  std::array<char, INET6_ADDRSTRLEN> shown{};
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1)
    return ::inet_ntop(AF_INET, &four, shown.data(), shown.size());
  const std::size_t percent = std::min(text.find('%'), text.size());
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.substr(0, percent).c_str(), &six) != 1) return std::nullopt;
  const std::string interface = text.substr(percent);
  if (!interface.empty() && !is_interface(interface.substr(1))) return std::nullopt;
  return ::inet_ntop(AF_INET6, &six, shown.data(), shown.size()) + interface;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} {}; expected HOST:PORT, such as \"127.0.0.1:8080\"", quote(text), why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto port = parse_count(text.substr(colon + 1), 0, 65535);
  if (!port) return bad("has no valid port");
  const auto address = ip_address(std::string(host));
  if (!address) return bad("has no valid address");
  return ListenAddress{.host = *address, .port = static_cast<std::uint16_t>(*port)};
}

std::string to_string(const ListenAddress& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", address.host, address.port)
             : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const ListenAddress& address) {
  constexpr std::uint8_t kLoopbackNetwork = 127;
  in_addr four{};
  if (::inet_pton(AF_INET, address.host.c_str(), &four) == 1)
    return ntohl(four.s_addr) >> 24U == kLoopbackNetwork;
  in6_addr six{};
  const std::string host = address.host.substr(0, address.host.find('%'));
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 &&
         std::memcmp(&six, &in6addr_loopback, sizeof(six)) == 0;
}

}  // namespace konomi::config
