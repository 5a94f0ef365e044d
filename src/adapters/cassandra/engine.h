#pragma once

#include "adapters/cassandra/schema.h"
#include "adapters/cassandra/session.h"
#include "base/metrics.h"
#include "base/result.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

#include <memory>
#include <string>

namespace konomi::cassandra {

struct CassandraOptions {
  SessionOptions session;
  std::string keyspace = "konomi";
};

// The cluster's stores: every port but the log and the dead letters, over Apache Cassandra. Any
// number of processes may have them open. The ports are safe from every thread, and live as long as
// the engine.
//
// While the cluster does not answer, calls end with `unavailable`, `timed_out` or `overloaded`, and
// succeed again when it does, without a new engine.
class CassandraEngine {
 public:
  // Errors: `invalid_argument` for wrong options, refused credentials and a schema that is missing
  // or of another version (the message names `konomi schema apply`); `unavailable` and `timed_out`
  // when no contact point answers, which may be tried again.
  static Result<std::unique_ptr<CassandraEngine>> open(const CassandraOptions& options);
  ~CassandraEngine();  // Cursors are gone.
  CassandraEngine(const CassandraEngine&) = delete;
  CassandraEngine& operator=(const CassandraEngine&) = delete;

  OrderStore& order_store();
  SummaryStore& summary_store();
  PreferenceStore& preference_store();
  SettingsStore& settings_store();

  // What the driver counts; asks no server.
  void collect(Samples& samples) const;

 private:
  struct Parts;
  explicit CassandraEngine(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace konomi::cassandra
