#include "trace/exporter.h"

#include "base/log.h"
#include "http/client.h"
#include "trace/otlp_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace konomi::trace {
namespace {

prometheus::Counter& dropped(Metrics& metrics, const char* reason) {
  return metrics.counter("konomi_trace_spans_dropped_total",
                         "Spans that reached no collector: the queue was full, or the collector "
                         "did not take them",
                         {{"reason", reason}});
}

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::open(ExportSettings settings, Metrics& metrics) {
  // The thread makes its own client; this one only refuses a malformed address.
  KONOMI_CHECK_OK(http::Client::create(settings.server));
  std::unique_ptr<Exporter> exporter(new Exporter(std::move(settings), metrics));
  exporter->thread_ = std::jthread([self = exporter.get()] { self->run(); });
  return exporter;
}

Exporter::Exporter(ExportSettings settings, Metrics& metrics)
    : settings_(std::move(settings)),
      exported_(metrics.counter("konomi_trace_spans_exported_total",
                                "Spans that the collector has taken")),
      dropped_full_(dropped(metrics, "queue_full")),
      dropped_unsent_(dropped(metrics, "not_sent")) {}

Exporter::~Exporter() {
  stop();
}

void Exporter::take(SpanRecord span) {
  const MutexLock lock(mutex_);
  if (stopping_ || queue_.size() >= settings_.queue_max) {
    dropped_full_.Increment();
    return;
  }
  queue_.push_back(std::move(span));
  if (queue_.size() == settings_.batch_max) filled_.notify_one();
}

void Exporter::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    filled_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

class Exporter::Sender {
 public:
  explicit Sender(const ExportSettings& settings)
      : settings_(settings),
        client_(http::Client::create(
            settings.server, {.connect_timeout = settings.timeout, .timeout = settings.timeout})) {}

  Result<void> send(const std::string& body) {
    if (!client_) return std::unexpected(client_.error());
    KONOMI_TRY(const http::ClientResponse answer,
               client_->post(settings_.path, "application/json", body, settings_.headers));
    if (answer.status / 100 == 2) return {};
    return fail(ErrorCode::unavailable,
                fmt::format("{}{} answered {}", settings_.server, settings_.path, answer.status));
  }

 private:
  const ExportSettings& settings_;
  Result<http::Client> client_;
};

void Exporter::run() {
  Sender sender(settings_);
  while (true) {
    const std::vector<SpanRecord> batch = next_batch();
    if (batch.empty()) return;
    send(sender, batch);
  }
}

// Waits until a batch is full or the delay is over and something is there; empty: the end.
std::vector<SpanRecord> Exporter::next_batch() {
  const MutexLock lock(mutex_);
  auto until = std::chrono::steady_clock::now() + settings_.schedule_delay;
  while (!stopping_ && queue_.size() < settings_.batch_max) {
    if (filled_.wait_until(mutex_, until)) continue;
    if (!queue_.empty()) break;
    until = std::chrono::steady_clock::now() + settings_.schedule_delay;
  }
  if (stopping_ && unreachable_) {
    dropped_unsent_.Increment(static_cast<double>(queue_.size()));
    queue_.clear();
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), settings_.batch_max));
  std::vector<SpanRecord> batch(std::make_move_iterator(queue_.begin()),
                                std::make_move_iterator(queue_.begin() + count));
  queue_.erase(queue_.begin(), queue_.begin() + count);
  return batch;
}

// One line when trouble begins and one when it ends.
void Exporter::send(Sender& sender, const std::vector<SpanRecord>& spans) {
  const Result<void> sent = sender.send(otlp_json(spans, settings_.resource));
  const auto count = static_cast<double>(spans.size());
  if (sent) {
    exported_.Increment(count);
    if (unreachable_) log_info("traces: the collector takes spans again");
  } else {
    dropped_unsent_.Increment(count);
    if (!unreachable_)
      log_warning("traces: spans are dropped: {}; check OTEL_EXPORTER_OTLP_ENDPOINT",
                  sent.error().message);
  }
  unreachable_ = !sent;
}

}  // namespace konomi::trace
