#include "import/resume.h"

#include "wire/json_writer.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace konomi::import {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kFirstBlockBytes = 64 * 1024;

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

// Tells state files of equally named data files in one state directory apart.
std::string short_name(const ImportIdentity& identity) {
  const std::string base = std::filesystem::path(identity.file).filename().string();
  return fmt::format("{}.{:08x}", base, crc_of(identity.file));
}

std::string to_json(const ImportIdentity& identity, const ImportPosition& position) {
  wire::JsonWriter json;
  json.begin_object();
  json.key("format").number(kFormat);
  json.key("file").text(identity.file);
  json.key("size").number(identity.size);
  json.key("modified_ns").integer(identity.modified_ns);
  json.key("first_block_crc").number(identity.first_block_crc);
  json.key("target").text(identity.target);
  json.key("columns").text(identity.columns);
  json.key("rows").number(position.rows);
  json.key("accepted").number(position.accepted);
  json.key("rejected").number(position.rejected);
  json.key("rejects_bytes").number(position.rejects_bytes);
  json.key("finished").boolean(position.finished);
  return json.end_object().end_line().take();
}

struct Remembered {
  std::uint64_t format = 0;
  ImportIdentity identity;
  ImportPosition position;
};

// False when the text is not what to_json() writes.
bool from_json(const std::string& text, Remembered& out) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(text).get(root)) return false;
  std::string_view file, target, columns;
  std::uint64_t crc = 0;
  const bool bad =
      root["format"].get(out.format) || root["file"].get(file) ||
      root["size"].get(out.identity.size) || root["modified_ns"].get(out.identity.modified_ns) ||
      root["first_block_crc"].get(crc) || root["target"].get(target) ||
      root["columns"].get(columns) || root["rows"].get(out.position.rows) ||
      root["accepted"].get(out.position.accepted) || root["rejected"].get(out.position.rejected) ||
      root["rejects_bytes"].get(out.position.rejects_bytes) ||
      root["finished"].get(out.position.finished);
  if (bad) return false;
  out.identity.file = file;
  out.identity.target = target;
  out.identity.columns = columns;
  out.identity.first_block_crc = static_cast<std::uint32_t>(crc);
  return true;
}

}  // namespace

Result<std::optional<ImportIdentity>> identify(const std::filesystem::path& file,
                                               const std::string& target,
                                               const std::string& columns) {
  if (file == "-") return std::optional<ImportIdentity>();
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    return fail(ErrorCode::not_found,
                fmt::format("{} cannot be opened: {}", file.string(), std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return std::optional<ImportIdentity>();
  std::ifstream stream(file, std::ios::binary);
  std::string block(kFirstBlockBytes, '\0');
  stream.read(block.data(), static_cast<std::streamsize>(block.size()));
  block.resize(static_cast<std::size_t>(stream.gcount()));
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  return std::optional(ImportIdentity{
      .file = std::filesystem::absolute(file).lexically_normal().string(),
      .size = static_cast<std::uint64_t>(status.st_size),
      .modified_ns = status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec,
      .first_block_crc = crc_of(block),
      .target = target,
      .columns = columns});
}

ResumeFile::ResumeFile(const ImportIdentity& identity,
                       const std::optional<std::filesystem::path>& state_dir)
    : identity_(identity) {
  path_ = state_dir ? *state_dir / (short_name(identity) + ".konomi-import")
                    : std::filesystem::path(identity.file + ".konomi-import");
}

std::optional<ImportPosition> ResumeFile::load() const {
  std::ifstream stream(path_, std::ios::binary);
  if (!stream) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  Remembered remembered;
  if (!from_json(text, remembered) || remembered.format != kFormat ||
      remembered.identity != identity_) {
    return std::nullopt;
  }
  return remembered.position;
}

Result<void> ResumeFile::save(const ImportPosition& position) const {
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  const std::filesystem::path fresh = path_.string() + ".new";
  {
    std::ofstream stream(fresh, std::ios::binary | std::ios::trunc);
    stream << to_json(identity_, position);
    stream.flush();
    if (!stream) {
      return fail(ErrorCode::unavailable,
                  fmt::format("{} cannot be written: {}; name a directory for it with --state-dir",
                              fresh.string(), std::strerror(errno)));
    }
  }
  std::filesystem::rename(fresh, path_, error);
  if (error) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be written: {}; name a directory for it with --state-dir",
                            path_.string(), error.message()));
  }
  return {};
}

void ResumeFile::remove() const {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace konomi::import
