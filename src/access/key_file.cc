#include "access/key_file.h"

#include "base/json.h"
#include "domain/timestamp.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace konomi::access {
namespace {

constexpr std::size_t kFileBytesMax = 4 << 20;
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

std::unexpected<Error> cannot(std::string_view what, const std::string& path) {
  const int reason = errno;
  return fail(ErrorCode::unavailable,
              fmt::format("cannot {} {}: {}", what, path, std::strerror(reason)));
}

Result<ApiKey> parse_key(const toml::table& table) {
  const auto bad = [&](std::string_view field, std::string_view expected) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("line {}: expected {} to be {}", table.source().begin.line, field, expected));
  };
  ApiKey key;
  key.id = table["id"].value_or(std::string());
  if (key.id.size() != 8) return bad("id", "eight hexadecimal digits");
  key.name = table["name"].value_or(std::string());
  key.secret_sha256 = table["sha256"].value_or(std::string());
  if (key.secret_sha256.size() != 64) return bad("sha256", "64 hexadecimal digits");
  std::string scopes;
  if (const toml::array* const list = table["scopes"].as_array()) {
    for (const toml::node& item : *list)
      scopes += (scopes.empty() ? "" : ",") + item.value_or(std::string());
  }
  const auto parsed = rest::parse_scopes(scopes);
  if (!parsed) return bad("scopes", parsed.error().message);
  key.scopes = *parsed;
  const auto created = parse_rfc3339(table["created_at"].value_or(std::string()));
  if (!created) return bad("created_at", "a time such as \"2026-01-31T00:00:00.000Z\"");
  key.created_at = *created;
  if (const auto expires = table["expires_at"].value<std::string>()) {
    const auto at = parse_rfc3339(*expires);
    if (!at) return bad("expires_at", "a time such as \"2026-01-31T00:00:00.000Z\"");
    key.expires_at = *at;
  }
  const std::int64_t rate = table["requests_per_second_max"].value_or(std::int64_t{0});
  if (rate < 0) return bad("requests_per_second_max", "a number from 0");
  key.requests_per_second_max = static_cast<std::uint64_t>(rate);
  return key;
}

Result<std::vector<ApiKey>> parse_keys(const std::string& text, const std::string& path) {
  std::vector<ApiKey> keys;
  toml::table file;
  try {
    file = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the key file {}, line {}: {}", path, error.source().begin.line,
                            std::string_view(error.description())));
  }
  for (const auto& [name, node] : file) {
    if (name == "key" && node.is_array_of_tables()) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("the key file {}, line {}: expected [[key]], not {}", path,
                            node.source().begin.line, name.str()));
  }
  if (const toml::array* const list = file["key"].as_array()) {
    for (const toml::node& node : *list) {
      auto key = parse_key(*node.as_table());
      if (!key) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the key file {}, {}", path, key.error().message));
      }
      if (std::ranges::find(keys, key->id, &ApiKey::id) != keys.end()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the key file {} has two keys with the id {}", path, key->id));
      }
      keys.push_back(std::move(*key));
    }
  }
  return keys;
}

std::string print_keys(const std::vector<ApiKey>& keys) {
  std::string out =
      "# API keys of konomi, by `konomi keys`. The keys themselves are not in here. Who can read\n"
      "# this file can sign in to the page: keep it readable for konomi only.\n";
  const auto text = [&](std::string_view name, std::string_view value) {
    out.append(name).append(" = ");
    // tidy: json-glue: a TOML basic string is written like a JSON one.
    append_json_string(out, value);
    out += '\n';
  };
  for (const ApiKey& key : keys) {
    out += "\n[[key]]\n";
    text("id", key.id);
    text("name", key.name);
    out += fmt::format("scopes = [\"{}\"]\n", fmt::join(names_of(key.scopes), "\", \""));
    text("sha256", key.secret_sha256);
    text("created_at", to_rfc3339(key.created_at));
    if (key.expires_at) text("expires_at", to_rfc3339(*key.expires_at));
    if (key.requests_per_second_max > 0)
      out += fmt::format("requests_per_second_max = {}\n", key.requests_per_second_max);
  }
  return out;
}

// Under another name first, so that nobody ever reads half of it.
Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string next = path + ".new";
  {
    const File file(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
    if (file.get() < 0) return cannot("write", next);
    // A key file that belongs to the service's user keeps its owner when root changes it.
    struct stat present{};
    if (::stat(path.c_str(), &present) == 0 &&
        (::fchown(file.get(), present.st_uid, present.st_gid) != 0 ||
         ::fchmod(file.get(), present.st_mode & 0777U) != 0)) {
      return cannot("give its owner to", next);
    }
    while (!text.empty()) {
      const ssize_t written = ::write(file.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return cannot("write", next);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return cannot("write", next);
  }
  if (::rename(next.c_str(), path.c_str()) != 0) return cannot("replace", path);
  const std::size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const File made(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (made.get() < 0 || ::fsync(made.get()) != 0) return cannot("write the directory", directory);
  return {};
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const bool absent = ::access(path.c_str(), F_OK) != 0;
    return fail(ErrorCode::not_found,
                absent
                    ? fmt::format("there is no key file {}; make the first key with `konomi keys "
                                  "create --keys-file {} --name NAME --scopes read`",
                                  path, path)
                    : fmt::format("the key file {} cannot be read; give it to the user that "
                                  "konomi runs as",
                                  path));
  }
  std::ostringstream text;
  text << file.rdbuf();
  if (text.view().size() > kFileBytesMax) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the key file {} has more than {} bytes", path, kFileBytesMax));
  }
  return text.str();
}

}  // namespace

Result<std::vector<ApiKey>> read_key_file(const std::string& path) {
  KONOMI_TRY(const std::string text, read_text(path));
  return parse_keys(text, path);
}

Result<void> change_key_file(const std::string& path,
                             const std::function<Result<void>(std::vector<ApiKey>&)>& change) {
  const std::string lock_path = path + ".lock";
  const File lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_EX) != 0) return cannot("lock", lock_path);
  std::vector<ApiKey> keys;
  if (::access(path.c_str(), F_OK) == 0) {
    KONOMI_TRY(keys, read_key_file(path));
  }
  KONOMI_CHECK_OK(change(keys));
  return replace_file(path, print_keys(keys));
}

bool key_file_is_exposed(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace konomi::access
