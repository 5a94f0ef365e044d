#include "base/file_stamp.h"

#include <sys/stat.h>

namespace konomi {

std::optional<FileStamp> stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileStamp{
      .device = status.st_dev,
      .inode = status.st_ino,
      .size = status.st_size,
      .changed_ns = status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec,
  };
}

}  // namespace konomi
