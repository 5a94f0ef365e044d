#pragma once

#include "domain/ids.h"

#include <cstdint>

namespace konomi {

// What a backup of an engine with one log partition holds.
struct BackupFacts {
  LogOffset log_end;       // Every order before it is in the backup.
  LogOffset stored_up_to;  // How far the stores of the backup have read; never past log_end.
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // Of these files, whether they are linked or copied.
};

}  // namespace konomi
