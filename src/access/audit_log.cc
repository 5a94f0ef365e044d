#include "access/audit_log.h"

#include "base/log.h"
#include "wire/json_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <variant>

namespace konomi::access {
namespace {

void write_details(wire::JsonWriter& json, const rest::AuditDetails& details) {
  json.begin_object();
  for (const rest::AuditDetail& detail : details) {
    json.key(detail.name);
    if (const auto* const text = std::get_if<std::string>(&detail.value)) {
      json.text(*text);
    } else {
      json.number(std::get<std::uint64_t>(detail.value));
    }
  }
  json.end_object();
}

std::string line_of(const AuditEvent& event, Timestamp now) {
  wire::JsonWriter json;
  json.begin_object().key("time").instant(now);
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json.key(name).text(value);
  };
  text("action", event.action);
  text("target", event.target);
  text("key", event.key);
  text("name", event.name);
  text("remote", event.remote);
  if (event.status != 0) json.key("status").number(event.status);
  if (!event.details.empty()) write_details(json.key("details"), event.details);
  return json.end_object().take();
}

}  // namespace

Result<void> AuditLog::write(const AuditEvent& event) const {
  std::string line = line_of(event, clock_.now());
  if (path_.empty()) {
    log_each("audit: " + line);
    return {};
  }
  line += '\n';
  const int file =
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
  int problem = file < 0 ? errno : 0;
  if (problem == 0) {
    // In one write: lines of several processes do not mix.
    const ssize_t written = ::write(file, line.data(), line.size());
    if (written < 0 || ::fsync(file) != 0) {
      problem = errno;
    } else if (static_cast<std::size_t>(written) != line.size()) {
      problem = ENOSPC;
    }
    ::close(file);
  }
  if (problem == 0) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("the audit log {} cannot be written: {}", path_, std::strerror(problem)));
}

}  // namespace konomi::access
