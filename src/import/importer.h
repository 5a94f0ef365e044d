#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "client/server.h"
#include "import/order_sender.h"
#include "import/resume.h"
#include "import/rows.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace konomi::import {

struct ImportOptions {
  std::optional<ColumnPlan> columns;
  std::string columns_text;  // As given, for the resume file.
  std::size_t batch_rows = 1'000;
  std::optional<std::filesystem::path> rejects;    // CSV: file,line,reason,row.
  std::optional<std::filesystem::path> state_dir;  // Nothing: resume files lie beside the data.
  bool restart = false;                            // Forget what an earlier run had done.
  RetryOptions retry;
};

// Where an import is. Numbers are of all files so far; `resumed` of them an earlier run had done.
struct ImportProgress {
  std::string file;
  std::uint64_t rows = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t resumed = 0;
  double share = -1;  // The share of the file's bytes read so far; negative when unknown.
};

struct ImportReject {
  std::string file;
  std::uint64_t line = 0;
  std::string reason;
  std::string_view raw;
};

// Who watches an import. One call at a time; note() may come on a thread of the importer.
class ImportWatcher {
 public:
  virtual ~ImportWatcher() = default;
  virtual void progress(const ImportProgress& progress) = 0;
  virtual void rejected(const ImportReject& reject) = 0;
  virtual void note(std::string_view sentence) = 0;
};

// Sends the orders in files to a konomi, in the files' order and in batches. While one batch is on
// its way the next one is read and checked, and no more: memory does not grow with the files. A row
// that cannot be an order is a reject and stops nothing.
class Importer {
 public:
  // `server`, `watcher` and `clock` outlive the importer. `pause` is told of every wait.
  Importer(client::Server& server, ImportWatcher& watcher, const Clock& clock, client::Pause pause,
           ImportOptions options);

  // Success: every row of every file was accepted or rejected. Any error leaves resume files, from
  // which the same call continues; `cancelled` when `stop` was asked.
  Result<ImportProgress> run(const std::vector<std::filesystem::path>& files, std::stop_token stop);

 private:
  class FileRun;

  client::Server& server_;
  ImportWatcher& watcher_;
  const Clock& clock_;
  const client::Pause pause_;
  const ImportOptions options_;
};

}  // namespace konomi::import
