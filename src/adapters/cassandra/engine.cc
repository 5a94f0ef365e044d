#include "adapters/cassandra/engine.h"

#include "adapters/cassandra/order_store.h"
#include "adapters/cassandra/preference_store.h"
#include "adapters/cassandra/settings_store.h"
#include "adapters/cassandra/summary_store.h"

#include <utility>

namespace konomi::cassandra {

// The session first: the stores use it to their end.
struct CassandraEngine::Parts {
  std::unique_ptr<Session> session;
  std::unique_ptr<CassandraSettingsStore> settings_store;
  std::unique_ptr<CassandraOrderStore> order_store;
  std::unique_ptr<CassandraSummaryStore> summary_store;
  std::unique_ptr<CassandraPreferenceStore> preference_store;
};

Result<std::unique_ptr<CassandraEngine>> CassandraEngine::open(const CassandraOptions& options) {
  KONOMI_CHECK_OK(check_keyspace_name(options.keyspace));
  auto parts = std::make_unique<Parts>();
  KONOMI_TRY(parts->session, Session::connect(options.session, options.keyspace));
  Session& session = *parts->session;
  KONOMI_CHECK_OK(check_schema(session, options.keyspace));
  KONOMI_TRY(parts->settings_store, CassandraSettingsStore::open(session, options.keyspace));
  KONOMI_TRY(parts->order_store, CassandraOrderStore::open(session, options.keyspace));
  KONOMI_TRY(parts->summary_store, CassandraSummaryStore::open(session, options.keyspace));
  KONOMI_TRY(parts->preference_store, CassandraPreferenceStore::open(session, options.keyspace));
  return std::unique_ptr<CassandraEngine>(new CassandraEngine(std::move(parts)));
}

CassandraEngine::CassandraEngine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
CassandraEngine::~CassandraEngine() = default;

void CassandraEngine::collect(Samples& samples) const {
  parts_->session->collect(samples);
}

OrderStore& CassandraEngine::order_store() {
  return *parts_->order_store;
}
SummaryStore& CassandraEngine::summary_store() {
  return *parts_->summary_store;
}
PreferenceStore& CassandraEngine::preference_store() {
  return *parts_->preference_store;
}
SettingsStore& CassandraEngine::settings_store() {
  return *parts_->settings_store;
}

}  // namespace konomi::cassandra
