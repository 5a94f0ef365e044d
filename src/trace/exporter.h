#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/trace.h"
#include "trace/settings.h"

#include <deque>
#include <memory>
#include <thread>
#include <vector>

namespace konomi::trace {

// Sends spans to a collector, in batches, on a thread of its own. A collector that is slow or away
// costs spans and nothing else: the queue is bounded, and what does not fit, or could not be sent
// twice, is dropped and counted.
class Exporter final : public SpanSink {
 public:
  // `metrics` outlives it. `invalid_argument`: the server's address is none.
  static Result<std::unique_ptr<Exporter>> open(ExportSettings settings, Metrics& metrics);
  ~Exporter() override;  // Stops.

  void take(SpanRecord span) override KONOMI_EXCLUDES(mutex_);

  // Sends what is queued, for as long as the first failure or a timeout allows, and ends the
  // thread. What comes later is dropped. May be called again.
  void stop();

 private:
  class Sender;

  Exporter(ExportSettings settings, Metrics& metrics);

  void run();
  std::vector<SpanRecord> next_batch();
  void send(Sender& sender, const std::vector<SpanRecord>& spans);

  const ExportSettings settings_;
  prometheus::Counter& exported_;
  prometheus::Counter& dropped_full_;
  prometheus::Counter& dropped_unsent_;

  Mutex mutex_;
  ConditionVariable filled_;
  std::deque<SpanRecord> queue_ KONOMI_GUARDED_BY(mutex_);
  bool stopping_ KONOMI_GUARDED_BY(mutex_) = false;
  bool unreachable_ = false;  // Used by the thread only: the last batch could not be sent.

  std::jthread thread_;
};

}  // namespace konomi::trace
