#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "rest/audit.h"

#include <string>
#include <string_view>

namespace konomi::access {

// An action that someone may have to account for.
struct AuditEvent {
  std::string action;   // "POST /api/v1/dead_letters/replay", "keys create".
  std::string target;   // The path and query, or the id of the key that changed.
  std::string key;      // Who: the id of the API key; empty when none was asked for.
  std::string name;     // The key's name, or the user of the system.
  std::string remote;   // From where; empty for a command on this machine.
  unsigned status = 0;  // The answer's status; 0 for a command.
  rest::AuditDetails details;
};

// The audit log: one JSON object a line, in a file of its own or, without one, on the process's
// log. Safe from every thread.
class AuditLog {
 public:
  // `path` empty: the process's log.
  AuditLog(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  // Success: the line is durable. The file is opened for each line, so that it can be rotated.
  Result<void> write(const AuditEvent& event) const;

 private:
  const std::string path_;
  const Clock& clock_;
};

}  // namespace konomi::access
