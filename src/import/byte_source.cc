#include "import/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace konomi::import {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

Result<std::size_t> MemorySource::read(std::span<char> into) {
  const std::size_t size = std::min(into.size(), rest_.size());
  std::memcpy(into.data(), rest_.data(), size);
  rest_.remove_prefix(size);
  return size;
}

struct FileSource::Gzip {
  explicit Gzip(gzFile opened) : file(opened) {}
  ~Gzip() { gzclose_r(file); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  gzFile file;
};

FileSource::FileSource(std::unique_ptr<Gzip> gzip, std::string name, std::uint64_t bytes_total)
    : gzip_(std::move(gzip)), name_(std::move(name)), bytes_total_(bytes_total) {}

FileSource::~FileSource() = default;

Result<std::unique_ptr<FileSource>> FileSource::open(const std::filesystem::path& path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::string name = standard_input ? "standard input" : path.string();
  if (fd < 0) {
    return fail(ErrorCode::not_found,
                fmt::format("{} cannot be opened: {}", name, std::strerror(errno)));
  }
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(fd);
    return fail(ErrorCode::not_found,
                fmt::format("{} is a directory; expected a CSV or NDJSON file", name));
  }
  const gzFile file = gzdopen(fd, "rb");  // Reads what is not gzip as it is.
  if (file == nullptr) {
    ::close(fd);
    return fail(ErrorCode::overloaded, fmt::format("{} cannot be opened: out of memory", name));
  }
  gzbuffer(file, kReadBytes);
  const auto size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  return std::unique_ptr<FileSource>(new FileSource(std::make_unique<Gzip>(file), name, size));
}

Result<std::size_t> FileSource::read(std::span<char> into) {
  const int size =
      gzread(gzip_->file, into.data(), static_cast<unsigned>(std::min(into.size(), kReadBytes)));
  int code = Z_OK;
  const char* const message = gzerror(gzip_->file, &code);
  // A cut file gives its last bytes together with Z_BUF_ERROR; they are used before the error is.
  if (size > 0) return static_cast<std::size_t>(size);
  if (code == Z_OK || code == Z_STREAM_END) return 0U;
  if (code == Z_ERRNO) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be read: {}", name_, std::strerror(errno)));
  }
  return fail(
      ErrorCode::corrupted,
      fmt::format("{} is damaged or cut short as a gzip file ({}); copy it again", name_, message));
}

std::uint64_t FileSource::bytes_used() const {
  const auto offset = gzoffset(gzip_->file);
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

Result<void> InputBuffer::fill() {
  if (at_end_ || full()) return {};
  bytes_.erase(0, begin_);
  begin_ = 0;
  const std::size_t before = bytes_.size();
  bytes_.resize(window_max_);
  auto size = source_.read(std::span(bytes_).subspan(before));
  bytes_.resize(before + (size ? *size : 0));
  if (!size) return std::unexpected(std::move(size).error());
  at_end_ = *size == 0;
  return {};
}

}  // namespace konomi::import
