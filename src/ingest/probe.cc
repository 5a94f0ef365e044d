#include "ingest/probe.h"

namespace konomi::ingest {
namespace {

prometheus::Counter& requests_counter(Metrics& metrics, const std::string& endpoint,
                                      const std::string& outcome) {
  return metrics.counter("konomi_ingest_requests_total",
                         "Requests with orders, by what was answered: accepted (2xx), rejected "
                         "(4xx, the sender's to mend), refused (5xx, to be sent again).",
                         {{"endpoint", endpoint}, {"outcome", outcome}});
}

prometheus::Counter& orders_counter(Metrics& metrics, const std::string& outcome) {
  return metrics.counter("konomi_ingest_orders_total",
                         "Orders received: accepted (in the log), rejected (broken), refused "
                         "(whole, but the log could not take them).",
                         {{"outcome", outcome}});
}

}  // namespace

RequestProbe::RequestProbe(Metrics& metrics, const std::string& endpoint)
    : accepted_(requests_counter(metrics, endpoint, "accepted")),
      rejected_(requests_counter(metrics, endpoint, "rejected")),
      refused_(requests_counter(metrics, endpoint, "refused")) {}

void RequestProbe::answered(unsigned status) {
  auto& counter = status < 400 ? accepted_ : status < 500 ? rejected_ : refused_;
  counter.Increment();
}

OrderProbe::OrderProbe(Metrics& metrics)
    : accepted_(orders_counter(metrics, "accepted")),
      rejected_(orders_counter(metrics, "rejected")),
      refused_(orders_counter(metrics, "refused")),
      in_flight_(metrics.gauge("konomi_ingest_orders_in_flight",
                               "Orders given to the log and not answered yet.")),
      append_seconds_(metrics.histogram("konomi_ingest_log_append_duration_seconds",
                                        "From giving a request's orders to the log until it says "
                                        "that they are durable, or that they are not.",
                                        latency_buckets())) {}

void OrderProbe::accepted(std::size_t orders) {
  accepted_.Increment(static_cast<double>(orders));
}

void OrderProbe::rejected(std::size_t orders) {
  rejected_.Increment(static_cast<double>(orders));
}

void OrderProbe::refused(std::size_t orders) {
  refused_.Increment(static_cast<double>(orders));
}

void OrderProbe::append_began(std::size_t orders) {
  in_flight_.Increment(static_cast<double>(orders));
}

void OrderProbe::append_ended(std::size_t orders, std::chrono::duration<double> took) {
  append_seconds_.Observe(took.count());
  in_flight_.Decrement(static_cast<double>(orders));
}

MenuTypeProbe::MenuTypeProbe(Metrics& metrics)
    : refreshes_failed_(metrics.counter("konomi_ingest_menu_type_refresh_failures_total",
                                        "Times the catalogue of menu types could not be read.")) {}

void MenuTypeProbe::refresh_failed() {
  refreshes_failed_.Increment();
}

}  // namespace konomi::ingest
