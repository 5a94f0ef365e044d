#pragma once

#include "base/result.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::rest {

// What a caller must be allowed to do before a route answers it. Each stands for itself: `admin`
// does not contain the others.
enum class Scope : std::uint8_t {
  ingest,   // Send orders.
  read,     // Figures, segments in pages and single guests: what the page shows.
  exports,  // "export": take whole lists of guests or orders away.
  metrics,  // Scrape /metrics.
  admin,    // Change what others rely on: menu types, letters, verifications, backups, erasures.
};

std::string_view name_of(Scope scope);

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const Scope scope : scopes) add(scope);
  }
  static constexpr Scopes all() {
    return {Scope::ingest, Scope::read, Scope::exports, Scope::metrics, Scope::admin};
  }

  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(Scopes, Scopes) = default;

 private:
  static constexpr unsigned bit(Scope scope) { return 1U << static_cast<unsigned>(scope); }

  unsigned bits_ = 0;
};

// In the order of the enum.
std::vector<std::string_view> names_of(Scopes scopes);
std::string to_string(Scopes scopes);  // "read,export"

// Reads that form; invalid_argument names the word that is none, or says that there is none at all.
Result<Scopes> parse_scopes(std::string_view text);

}  // namespace konomi::rest
