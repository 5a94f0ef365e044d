#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace konomi::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseGzip {
  void operator()(gzFile file) const { gzclose(file); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};

Error cannot_write(const std::string& path) {
  const int code = errno;
  return {.code = code == ENOSPC || code == EDQUOT || code == EROFS ? ErrorCode::storage_full
                                                                    : ErrorCode::unavailable,
          .message = fmt::format("{} cannot be written: {}", path, std::strerror(code))};
}

}  // namespace

struct OutputFile::Parts {
  std::string path;
  std::string partial;  // Empty: standard output.
  std::FILE* standard = nullptr;
  std::unique_ptr<std::FILE, CloseFile> file;
  std::unique_ptr<std::remove_pointer_t<gzFile>, CloseGzip> gzip;  // Writes to its own descriptor.
  std::unique_ptr<EVP_MD_CTX, FreeDigest> digest{EVP_MD_CTX_new()};
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
};

OutputFile::OutputFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

OutputFile::~OutputFile() {
  parts_->gzip.reset();
  parts_->file.reset();
  std::error_code error;
  if (!parts_->partial.empty()) std::filesystem::remove(parts_->partial, error);
}

Result<std::unique_ptr<OutputFile>> OutputFile::open(const std::string& path, std::FILE* standard) {
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  EVP_DigestInit_ex(parts->digest.get(), EVP_sha256(), nullptr);
  if (path == "-") {
    parts->standard = standard;
    return std::unique_ptr<OutputFile>(new OutputFile(std::move(parts)));
  }
  const std::string partial = path + ".partial";
  // Guests' data: for the owner's eyes, until the owner decides otherwise.
  const int descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return std::unexpected(cannot_write(partial));
  parts->partial = partial;
  parts->file.reset(::fdopen(descriptor, "wb"));
  if (path.ends_with(".gz")) parts->gzip.reset(gzdopen(::dup(descriptor), "wb6"));
  return std::unique_ptr<OutputFile>(new OutputFile(std::move(parts)));
}

Result<void> OutputFile::write(std::string_view bytes) {
  Parts& parts = *parts_;
  parts.bytes += bytes.size();
  parts.lines += static_cast<std::uint64_t>(std::ranges::count(bytes, '\n'));
  EVP_DigestUpdate(parts.digest.get(), bytes.data(), bytes.size());
  if (bytes.empty()) return {};
  const std::size_t written =
      parts.gzip != nullptr
          ? static_cast<std::size_t>(std::max(
                gzwrite(parts.gzip.get(), bytes.data(), static_cast<unsigned>(bytes.size())), 0))
          : std::fwrite(bytes.data(), 1, bytes.size(),
                        parts.standard != nullptr ? parts.standard : parts.file.get());
  if (written != bytes.size()) return std::unexpected(cannot_write(parts.path));
  return {};
}

Result<void> OutputFile::finish() {
  Parts& parts = *parts_;
  if (parts.standard != nullptr) {
    if (std::fflush(parts.standard) != 0) return std::unexpected(cannot_write(parts.path));
    return {};
  }
  if (parts.gzip != nullptr && gzclose(parts.gzip.release()) != Z_OK)
    return std::unexpected(cannot_write(parts.path));
  if (std::fflush(parts.file.get()) != 0 || ::fsync(::fileno(parts.file.get())) != 0)
    return std::unexpected(cannot_write(parts.path));
  if (std::rename(parts.partial.c_str(), parts.path.c_str()) != 0)
    return std::unexpected(cannot_write(parts.path));
  parts.partial.clear();
  return {};
}

std::uint64_t OutputFile::bytes() const {
  return parts_->bytes;
}

std::uint64_t OutputFile::lines() const {
  return parts_->lines;
}

std::string OutputFile::sha256() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(parts_->digest.get(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace konomi::cli
