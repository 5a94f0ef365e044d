#include "import/rejects_file.h"

#include "wire/csv_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace konomi::import {
namespace {

Error cannot_write(const std::string& name) {
  return {.code = ErrorCode::unavailable,
          .message =
              fmt::format("the rejects file {} cannot be written: {}", name, std::strerror(errno))};
}

}  // namespace

Result<RejectsFile> RejectsFile::open(const std::filesystem::path& path, std::uint64_t keep_bytes) {
  std::error_code error;
  const std::uint64_t there = std::filesystem::file_size(path, error);
  const std::uint64_t kept = error || there < keep_bytes ? 0 : keep_bytes;
  if (kept > 0) {
    std::filesystem::resize_file(path, kept, error);
    if (error) {
      return fail(ErrorCode::unavailable, fmt::format("the rejects file {} cannot be written: {}",
                                                      path.string(), error.message()));
    }
  }
  File file(std::fopen(path.c_str(), kept > 0 ? "ab" : "wb"));
  if (file == nullptr) return std::unexpected(cannot_write(path.string()));
  RejectsFile out(std::move(file), path.string(), kept);
  if (kept == 0) wire::append_csv_record(out.pending_, {"file", "line", "reason", "row"});
  return out;
}

void RejectsFile::add(const ImportReject& reject) {
  wire::append_csv_record(pending_,
                          {reject.file, fmt::to_string(reject.line), reject.reason, reject.raw});
}

Result<void> RejectsFile::flush() {
  if (pending_.empty()) return {};
  const bool written =
      std::fwrite(pending_.data(), 1, pending_.size(), file_.get()) == pending_.size() &&
      std::fflush(file_.get()) == 0;
  if (!written) return std::unexpected(cannot_write(name_));
  bytes_ += pending_.size();
  pending_.clear();
  return {};
}

}  // namespace konomi::import
