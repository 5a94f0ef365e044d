#pragma once

#include "base/metrics.h"
#include "base/mutex.h"
#include "http/observer.h"

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace konomi::process {

// Counts what the server answers, by route, method and code. The labels are bounded: routes are the
// router's, codes are those that handlers answer.
class HttpMetrics final : public http::Observer {
 public:
  explicit HttpMetrics(Metrics& metrics);  // Outlives this object.

  void request_done(const http::RequestSummary& summary) override KONOMI_EXCLUDES(mutex_);
  void connection_refused() override { refused_.Increment(); }

  // Shows the number of open connections; `count` is called with every scrape, so while the server
  // answers.
  void watch_connections(std::function<std::size_t()> count);

 private:
  struct Key {
    std::string_view route;  // The router's text, which outlives the server.
    http::Method method;
    unsigned status;  // 0: cut.
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Counted {
    prometheus::Counter* requests;
    prometheus::Histogram* seconds;
  };

  Counted make(const Key& key);

  Metrics& metrics_;
  prometheus::Counter& refused_;

  Mutex mutex_;
  // A look-up in the registry builds maps of strings, which costs more than the request.
  std::map<Key, Counted> counted_ KONOMI_GUARDED_BY(mutex_);
};

}  // namespace konomi::process
