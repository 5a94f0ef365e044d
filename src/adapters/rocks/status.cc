#include "adapters/rocks/status.h"

#include <fmt/format.h>
#include <rocksdb/status.h>

namespace konomi::rocks {
namespace {

bool is_no_room(const rocksdb::Status& status, std::string_view text) {
  // RocksDB has a code for ENOSPC only; for EROFS and EDQUOT there is the system's message.
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit ||
         text.find("Read-only file system") != std::string_view::npos ||
         text.find("Disk quota exceeded") != std::string_view::npos;
}

ErrorCode code_of(const rocksdb::Status& status, std::string_view text) {
  if (is_no_room(status, text)) return ErrorCode::storage_full;
  if (status.IsCorruption()) return ErrorCode::corrupted;
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut())
    return ErrorCode::unavailable;
  if (status.IsShutdownInProgress()) return ErrorCode::cancelled;
  return ErrorCode::internal;
}

}  // namespace

Error error_of(const rocksdb::Status& status, std::string_view what) {
  const std::string text = status.ToString();
  const ErrorCode code = code_of(status, text);
  const std::string_view remedy = code == ErrorCode::storage_full
                                      ? "; make room, or make the disk writable: a konomi "
                                        "that runs goes on by itself"
                                      : "";
  return {.code = code, .message = fmt::format("{}: {}{}", what, text, remedy)};
}

Error write_error_of(const rocksdb::Status& status, std::string_view what) {
  Error error = error_of(status, what);
  error.may_have_happened = error.code != ErrorCode::storage_full;
  return error;
}

}  // namespace konomi::rocks
