#include "operate/backups.h"

#include "base/log.h"
#include "domain/timestamp.h"
#include "engine/engine.h"
#include "wire/json_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace konomi::operate {
namespace {

constexpr std::string_view kPartial = ".partial";

std::unexpected<Error> cannot(std::string_view what, const std::filesystem::path& path,
                              const std::error_code& error) {
  return fail(ErrorCode::unavailable,
              fmt::format("cannot {} {}: {}", what, path.string(), error.message()));
}

// Not every file system allows colons in names.
std::string name_for(Timestamp now) {
  std::string name = to_rfc3339(now);
  std::ranges::replace(name, ':', '-');
  return name;
}

bool is_backup_name(std::string name) {
  if (name.size() != name_for(Timestamp()).size()) return false;
  name[13] = name[16] = ':';
  const auto instant = parse_rfc3339(name);
  return instant && to_rfc3339(*instant) == name;
}

// Gives a directory its name, durably.
Result<void> put_in_place(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) return cannot("make", to, error);
  const std::filesystem::path parent = to.has_parent_path() ? to.parent_path() : ".";
  const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  error = std::error_code(errno, std::generic_category());
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return cannot("sync", parent, error);
  return {};
}

// Names of the directories that end in `end` and begin with an instant, the oldest first.
std::vector<std::string> names_in(const std::filesystem::path& directory, std::string_view end) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    std::string name = entry.path().filename().string();
    if (!name.ends_with(end)) continue;
    name.resize(name.size() - end.size());
    if (is_backup_name(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<Backup> Backups::make(std::optional<std::size_t> keep) {
  if (busy_.exchange(true))
    return fail(ErrorCode::overloaded, "a backup is being made already; wait for its end");
  auto made = make_now(keep);
  busy_ = false;
  if (made) {
    log_info("backup {}: {} orders, {} files, {} bytes, {} ms", made->name,
             made->facts.log_end.value(), made->facts.files, made->facts.bytes,
             made->duration.count());
  } else {
    log_error("no backup was made: {}", made.error().message);
  }
  return made;
}

Result<Backup> Backups::make_now(std::optional<std::size_t> keep) {
  if (maintenance_ == nullptr) {
    return fail(ErrorCode::invalid_argument,
                "a cluster is backed up with Cassandra's snapshots and Kafka's retention; "
                "docs/operating.md says how");
  }
  const Timestamp begin = clock_.now();
  Backup backup{.name = name_for(begin)};
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return cannot("make", directory_, error);
  // Removes the parts of backups that a killed process began.
  for (const std::string& name : names_in(directory_, kPartial))
    std::filesystem::remove_all(directory_ / (name + std::string(kPartial)), error);

  const std::filesystem::path partial = directory_ / (backup.name + std::string(kPartial));
  auto facts = maintenance_->back_up(partial);
  if (!facts) {
    std::filesystem::remove_all(partial, error);
    return std::unexpected(std::move(facts).error());
  }
  backup.facts = *facts;
  KONOMI_CHECK_OK(put_in_place(partial, directory_ / backup.name));
  if (keep) {
    std::vector<std::string> names = names_in(directory_, "");
    names.resize(names.size() - std::min(*keep, names.size()));
    for (std::string& name : names) {
      std::filesystem::remove_all(directory_ / name, error);
      if (error) return cannot("remove the old backup", directory_ / name, error);
      backup.removed.push_back(std::move(name));
    }
  }
  backup.duration = clock_.now() - begin;
  return backup;
}

Result<BackupFacts> restore_backup(const std::filesystem::path& backup,
                                   const std::filesystem::path& data_dir) {
  KONOMI_CHECK_OK(engine::check_backup(backup));
  std::error_code error;
  if (std::filesystem::exists(data_dir, error) && !std::filesystem::is_empty(data_dir, error)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is not empty; a backup is restored to a new directory, so that "
                            "nothing is lost: name one with --data-dir",
                            data_dir.string()));
  }
  std::filesystem::path partial = data_dir.lexically_normal();
  if (!partial.has_filename()) partial = partial.parent_path();  // "data/"
  const std::filesystem::path target = partial;
  partial += kPartial;
  std::filesystem::remove_all(partial, error);
  auto copied = engine::copy_backup(backup, partial);
  Result<BackupFacts> facts;
  if (copied) facts = engine::check_backup(partial);
  if (!copied || !facts) {
    std::filesystem::remove_all(partial, error);
    return std::unexpected(copied ? std::move(facts).error() : std::move(copied).error());
  }
  KONOMI_CHECK_OK(put_in_place(partial, target));
  return facts;
}

std::string to_json(const Backup& backup) {
  wire::JsonWriter json;
  json.begin_object();
  json.key("name").text(backup.name);
  json.key("log_end").number(backup.facts.log_end.value());
  json.key("stored_up_to").number(backup.facts.stored_up_to.value());
  json.key("files").number(backup.facts.files);
  json.key("bytes").number(backup.facts.bytes);
  json.key("seconds").real(std::chrono::duration<double>(backup.duration).count(), 3);
  json.key("removed").begin_array();
  for (const std::string& name : backup.removed) json.text(name);
  return json.end_array().end_object().take();
}

}  // namespace konomi::operate
