#include "adapters/cassandra/session.h"

#include "base/mutex.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace konomi::cassandra {
namespace {

konomi_bridge_bytes bytes_of(std::string_view text) {
  return {.data = reinterpret_cast<const std::uint8_t*>(text.data()), .size = text.size()};
}

std::uint32_t milliseconds_of(std::chrono::milliseconds duration) {
  return static_cast<std::uint32_t>(duration.count());
}

ErrorCode code_of(std::int32_t bridge_code) {
  switch (bridge_code) {
    case KONOMI_BRIDGE_INVALID_ARGUMENT:
      return ErrorCode::invalid_argument;
    case KONOMI_BRIDGE_UNAVAILABLE:
      return ErrorCode::unavailable;
    case KONOMI_BRIDGE_TIMED_OUT:
      return ErrorCode::timed_out;
    case KONOMI_BRIDGE_OVERLOADED:
      return ErrorCode::overloaded;
    default:
      return ErrorCode::internal;
  }
}

Result<void> result_of(const konomi_bridge_outcome& outcome) {
  if (outcome.code == KONOMI_BRIDGE_OK) return {};
  const std::string_view message(reinterpret_cast<const char*>(outcome.message.data),
                                 outcome.message.size);
  return std::unexpected(Error{.code = code_of(outcome.code),
                               .message = fmt::format("Cassandra: {}", message),
                               .may_have_happened = outcome.may_have_happened != 0});
}

// Where a call waits for its callback, which is handed the address of this.
template <class Handle>
class Waiting {
 public:
  static void done(void* context, const konomi_bridge_outcome* outcome, Handle* handle) noexcept {
    auto* call = static_cast<Waiting*>(context);
    const MutexLock lock(call->mutex_);
    call->outcome_ = result_of(*outcome);
    call->handle_ = handle;
    // Under the lock: the waiting thread destroys this object as soon as it can have the lock.
    call->changed_.notify_one();
  }

  Result<Handle*> wait() {
    const MutexLock lock(mutex_);
    while (!outcome_) changed_.wait(mutex_);
    KONOMI_CHECK_OK(*outcome_);
    return handle_;
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::optional<Result<void>> outcome_ KONOMI_GUARDED_BY(mutex_);
  Handle* handle_ KONOMI_GUARDED_BY(mutex_) = nullptr;
};

void connected(void* context, const konomi_bridge_outcome* outcome) noexcept {
  Waiting<konomi_bridge_session>::done(context, outcome, nullptr);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::connect(const SessionOptions& options,
                                                  std::string_view keyspace) {
  const konomi_bridge_options raw{
      .contact_points = bytes_of(options.contact_points),
      .keyspace = bytes_of(keyspace),
      .local_datacenter = bytes_of(options.local_datacenter),
      .consistency = bytes_of(options.consistency),
      .compression = bytes_of(options.compression),
      .user = bytes_of(options.user),
      .password = bytes_of(options.password),
      .use_tls = options.use_tls,
      .tls_trust_anybody = !options.tls_verify,
      .tls_ca_file = bytes_of(options.tls_ca_file),
      .tls_certificate_file = bytes_of(options.tls_certificate_file),
      .tls_key_file = bytes_of(options.tls_key_file),
      .connect_timeout_ms = milliseconds_of(options.connect_timeout),
      .request_timeout_ms = milliseconds_of(options.request_timeout),
      .speculative_delay_ms = milliseconds_of(options.speculative_delay),
      .speculative_requests_max = options.speculative_requests_max,
      .connections_per_node = options.connections_per_node,
      .threads = options.threads};
  std::unique_ptr<Session> session(new Session(options));
  Waiting<konomi_bridge_session> call;
  session->handle_.reset(konomi_bridge_connect(&raw, &connected, &call));
  KONOMI_CHECK_OK(call.wait());
  return session;
}

Result<Statement> Session::prepare(std::string_view cql, std::uint32_t page_size) {
  const konomi_bridge_statement_options options{.page_size = page_size, .idempotent = 1};
  Waiting<konomi_bridge_statement> call;
  konomi_bridge_prepare(handle_.get(), bytes_of(cql), &options,
                        &Waiting<konomi_bridge_statement>::done, &call);
  KONOMI_TRY(konomi_bridge_statement * statement, call.wait());
  return Statement(statement);
}

struct PendingRead::Call : Waiting<konomi_bridge_results> {};

PendingRead::PendingRead(std::unique_ptr<Call> call) : call_(std::move(call)) {}
PendingRead::PendingRead(PendingRead&&) noexcept = default;

PendingRead::~PendingRead() {
  if (call_ != nullptr) (void)wait();  // Nobody wants to know any more.
}

Result<Answers> PendingRead::wait() {
  const std::unique_ptr<Call> call = std::move(call_);
  auto results = call->wait();
  if (results) return Answers(*results);
  results.error().may_have_happened = false;  // There was nothing to happen.
  return std::unexpected(std::move(results).error());
}

std::uint32_t Session::in_flight_max(const Requests& requests) const {
  const auto statements =
      static_cast<std::uint32_t>(std::min<std::size_t>(requests.size(), statements_in_flight_max_));
  // Evenly shared out: few large batches count as much as many small ones.
  const std::size_t batch_size =
      requests.empty() ? 1 : (requests.size() + requests.batches() - 1) / requests.batches();
  return std::max(static_cast<std::uint32_t>(statements / batch_size),
                  std::min(batches_in_flight_, statements_in_flight_max_));
}

void Session::run(const Requests& requests, PendingRead::Call& call) {
  std::vector<konomi_bridge_request> raw;
  raw.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Requests::Request& request = requests.requests_[i];
    raw.push_back({.statement = request.statement->get(),
                   .values_size = requests.values_of(i).size(),
                   .joins_previous = request.joins_previous,
                   .paging_state = bytes_of(request.paging_state)});
  }
  // The callback is handed the base's address, not that of what is derived from it.
  Waiting<konomi_bridge_results>* const waiting = &call;
  konomi_bridge_run(handle_.get(), raw.data(), raw.size(), bytes_of(requests.values_),
                    in_flight_max(requests), &Waiting<konomi_bridge_results>::done, waiting);
}

PendingRead Session::begin_read(const Requests& requests) {
  auto call = std::make_unique<PendingRead::Call>();
  run(requests, *call);
  return PendingRead(std::move(call));
}

Result<void> Session::write(const Requests& requests) {
  if (requests.empty()) return {};
  PendingRead::Call call;
  run(requests, call);
  KONOMI_TRY(konomi_bridge_results * results, call.wait());
  (void)Answers(results);  // Frees them; writes answer no rows.
  return {};
}

void Session::collect(Samples& samples) const {
  const konomi_bridge_counts counts = konomi_bridge_counts_of(handle_.get());
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  samples.counter("konomi_cassandra_requests_total", "Requests sent by the driver",
                  number(counts.requests));
  samples.counter("konomi_cassandra_errors_total", "Requests that ended with an error",
                  number(counts.errors));
  samples.counter("konomi_cassandra_retries_total", "Requests sent again", number(counts.retries));
  samples.counter("konomi_cassandra_request_timeouts_total", "Requests without an answer in time",
                  number(counts.request_timeouts));
  samples.counter("konomi_cassandra_connection_timeouts_total",
                  "Connections that were not made in time", number(counts.connection_timeouts));
  samples.gauge("konomi_cassandra_connections", "Open connections", number(counts.connections));
  const char* const latency = "konomi_cassandra_latency_seconds";
  const char* const help = "Of all requests since the start, as the driver estimates it";
  samples.gauge(latency, help, number(counts.latency_p50_ms) / 1000, {{"percentile", "50"}});
  samples.gauge(latency, help, number(counts.latency_p99_ms) / 1000, {{"percentile", "99"}});
}

Result<void> Session::read_all(Requests requests, const TakeRow& take) {
  std::vector<std::size_t> indices(requests.size());
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
  while (!requests.empty()) {
    KONOMI_TRY(const Answers answers, read(requests));
    Requests next_pages;
    std::vector<std::size_t> next_indices;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      RowReader row = answers.rows(i);
      while (row.next()) KONOMI_CHECK_OK(take(indices[i], row));
      const std::string_view paging_state = answers.paging_state(i);
      if (paging_state.empty()) continue;
      next_pages.add_next_page(requests, i, paging_state);
      next_indices.push_back(indices[i]);
    }
    requests = std::move(next_pages);
    indices = std::move(next_indices);
  }
  return {};
}

}  // namespace konomi::cassandra
