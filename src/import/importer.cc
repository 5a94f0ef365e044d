#include "import/importer.h"

#include "import/rejects_file.h"
#include "import/row_identity.h"
#include "wire/order.h"

#include <fmt/format.h>

#include <future>
#include <memory>

namespace konomi::import {
namespace {

// How often the resume file is written: what a killed import sends again at most.
constexpr std::chrono::milliseconds kSaveEvery{200};

struct BatchRow {
  std::uint64_t line = 0;
  std::string raw;
  std::string problem;  // Found here; "" when the order was sent.
};

// Rows that are read, checked and written down for the server.
struct Batch {
  std::vector<BatchRow> rows;
  std::vector<std::string> lines;   // The lines of the rows without a problem.
  std::vector<std::size_t> row_of;  // Line → row.
  double share = -1;
};

// Reads one file's rows and makes orders of them.
class BatchReader {
 public:
  BatchReader(const FileSource& source, RowReader& rows, const Clock& clock)
      : source_(source), rows_(rows), clock_(clock) {}

  // Reads past the rows that an earlier run had done, for their occurrences. False when the file
  // has fewer.
  Result<bool> pass_over(std::uint64_t rows, const std::stop_token& stop) {
    for (std::uint64_t i = 0; i < rows; ++i) {
      if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
      KONOMI_TRY(const bool more, rows_.next(row_));
      if (!more) return false;
      KONOMI_CHECK_OK(order_of_row());
    }
    return true;
  }

  // Up to `rows_max` rows; none at the end of the file.
  Result<Batch> next(std::size_t rows_max) {
    Batch batch;
    while (batch.rows.size() < rows_max) {
      KONOMI_TRY(const bool more, rows_.next(row_));
      if (!more) break;
      KONOMI_TRY(const std::optional<Order> order, order_of_row());
      if (order) {
        batch.row_of.push_back(batch.rows.size());
        batch.lines.push_back(wire::posted_order_line(*order));
      }
      batch.rows.push_back(
          {.line = row_.line, .raw = std::move(row_.raw), .problem = std::move(row_.problem)});
      row_.raw.clear();
      row_.problem.clear();
    }
    if (source_.bytes_total() > 0) {
      batch.share =
          static_cast<double>(source_.bytes_used()) / static_cast<double>(source_.bytes_total());
    }
    return batch;
  }

 private:
  // Nothing, and row_.problem, when the row is none.
  Result<std::optional<Order>> order_of_row() {
    if (!row_.problem.empty()) return std::optional<Order>();
    // How far ahead a time may lie is the server's setting, so the server judges it.
    const OrderLimits limits{.ahead_max = std::chrono::hours(24 * 365 * 1000)};
    auto order = check_order(row_.fields.view(), clock_.now(), limits);
    if (!order) {
      row_.problem = to_string(order.error());
      return std::optional<Order>();
    }
    if (order->order_id.value().empty()) {
      KONOMI_TRY(order->order_id, identity_.next_id(*order));
    }
    return std::optional(std::move(*order));
  }

  const FileSource& source_;
  RowReader& rows_;
  const Clock& clock_;
  RowIdentity identity_;
  Row row_;
};

}  // namespace

// The import of one file from opening to its last row.
class Importer::FileRun {
 public:
  FileRun(Importer& importer, const std::filesystem::path& file, ResumeFile* resume,
          RejectsFile* rejects, ImportProgress& total)
      : importer_(importer),
        file_(file.string()),
        resume_(resume),
        rejects_(rejects),
        total_(total),
        sender_(importer.server_, importer.options_.retry, importer.pause_,
                [&importer](std::string_view sentence) { importer.watcher_.note(sentence); }) {}

  Result<void> run(const ImportPosition& start, const std::stop_token& stop) {
    position_ = start;
    KONOMI_TRY(const std::unique_ptr<FileSource> source, FileSource::open(file_));
    auto rows = open_rows(*source, importer_.options_.columns);
    if (!rows) return std::unexpected(named(std::move(rows).error()));
    BatchReader reader(*source, **rows, importer_.clock_);
    KONOMI_TRY(const bool long_enough, reader.pass_over(start.rows, stop));
    if (!long_enough) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} has fewer rows than were imported before; begin anew with "
                              "--restart",
                              file_));
    }
    total_.resumed += start.rows;
    Result<void> sent = send_all(reader, stop);
    if (sent && rejects_ != nullptr) sent = rejects_->flush();
    save(sent.has_value());
    if (!sent) return std::unexpected(named(std::move(sent).error()));
    return {};
  }

 private:
  Error named(Error error) const {
    if (!error.message.starts_with(file_)) error.message = file_ + ": " + error.message;
    return error;
  }

  // One batch is on its way while the next is made ready.
  Result<void> send_all(BatchReader& reader, const std::stop_token& stop) {
    KONOMI_TRY(Batch batch, reader.next(importer_.options_.batch_rows));
    while (!batch.rows.empty()) {
      if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
      std::future<Result<BatchOutcome>> on_its_way =
          std::async(std::launch::async, [&] { return sender_.send(batch.lines); });
      Result<Batch> next = reader.next(importer_.options_.batch_rows);
      Result<BatchOutcome> outcome = on_its_way.get();
      if (!outcome) return std::unexpected(std::move(outcome).error());
      KONOMI_CHECK_OK(settle(std::move(batch), *outcome));
      if (!next) return std::unexpected(std::move(next).error());
      batch = std::move(*next);
    }
    return {};
  }

  // Books a batch that the server has answered.
  Result<void> settle(Batch batch, const BatchOutcome& outcome) {
    for (const auto& rejection : outcome.rejections) {
      batch.rows[batch.row_of[rejection.index]].problem = rejection.reason;
    }
    std::uint64_t rejected = 0;
    for (const BatchRow& row : batch.rows) {
      if (row.problem.empty()) continue;
      ++rejected;
      const ImportReject reject{
          .file = file_, .line = row.line, .reason = row.problem, .raw = row.raw};
      if (rejects_ != nullptr) rejects_->add(reject);
      importer_.watcher_.rejected(reject);
    }
    position_.rows += batch.rows.size();
    position_.accepted += outcome.accepted;
    position_.rejected += rejected;
    total_.rows += batch.rows.size();
    total_.accepted += outcome.accepted;
    total_.rejected += rejected;
    total_.share = batch.share;
    importer_.watcher_.progress(total_);
    if (importer_.clock_.now() >= saved_at_ + kSaveEvery) {
      if (rejects_ != nullptr) KONOMI_CHECK_OK(rejects_->flush());
      save(false);
    }
    return {};
  }

  // The rejects file is flushed first, so that what is remembered is never ahead of it.
  void save(bool finished) {
    saved_at_ = importer_.clock_.now();
    Result<void> saved = rejects_ == nullptr ? Result<void>{} : rejects_->flush();
    if (saved && resume_ != nullptr) {
      if (rejects_ != nullptr) position_.rejects_bytes = rejects_->bytes();
      position_.finished = finished;
      saved = resume_->save(position_);
    }
    if (!saved && !warned_) {
      warned_ = true;
      importer_.watcher_.note(
          fmt::format("this import cannot be resumed: {}", saved.error().message));
    }
  }

  Importer& importer_;
  const std::string file_;
  ResumeFile* const resume_;
  RejectsFile* const rejects_;
  ImportProgress& total_;
  OrderSender sender_;
  ImportPosition position_;
  Timestamp saved_at_;
  bool warned_ = false;
};

Importer::Importer(client::Server& server, ImportWatcher& watcher, const Clock& clock,
                   client::Pause pause, ImportOptions options)
    : server_(server),
      watcher_(watcher),
      clock_(clock),
      pause_(std::move(pause)),
      options_(std::move(options)) {}

Result<ImportProgress> Importer::run(const std::vector<std::filesystem::path>& files,
                                     std::stop_token stop) {
  struct Planned {
    std::optional<ResumeFile> resume;
    ImportPosition start;
  };
  std::vector<Planned> plan;
  std::uint64_t rejects_bytes = 0;
  for (const std::filesystem::path& file : files) {
    Planned& planned = plan.emplace_back();
    KONOMI_TRY(const auto identity, identify(file, server_.name(), options_.columns_text));
    if (!identity) continue;
    planned.resume.emplace(*identity, options_.state_dir);
    if (!options_.restart) planned.start = planned.resume->load().value_or(ImportPosition{});
    rejects_bytes = std::max(rejects_bytes, planned.start.rejects_bytes);
  }
  std::optional<RejectsFile> rejects;
  if (options_.rejects) {
    KONOMI_TRY(rejects, RejectsFile::open(*options_.rejects, rejects_bytes));
  }
  ImportProgress total;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ImportPosition& start = plan[i].start;
    total.file = files[i].string();
    total.share = -1;
    total.rows += start.rows;
    total.accepted += start.accepted;
    total.rejected += start.rejected;
    if (start.finished) {
      watcher_.note(fmt::format("{} was imported before; --restart imports it again", total.file));
      total.resumed += start.rows;
      continue;
    }
    if (start.rows > 0) {
      watcher_.note(
          fmt::format("{}: an earlier import got as far as row {}; going on from there "
                      "(--restart begins anew)",
                      total.file, start.rows));
    }
    FileRun run(*this, files[i], plan[i].resume ? &*plan[i].resume : nullptr,
                rejects ? &*rejects : nullptr, total);
    KONOMI_CHECK_OK(run.run(start, stop));
  }
  for (const Planned& planned : plan) {
    if (planned.resume) planned.resume->remove();
  }
  return total;
}

}  // namespace konomi::import
