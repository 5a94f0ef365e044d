// How many orders a second a topic acknowledges: to librdkafka alone, and to konomi's order log on
// it, with the same settings, keys, values and headers. Or fills the topic.
//
//   kafka_bench --brokers HOST:PORT --topic NAME [--seconds S] [--in-flight N,…] [--fill N]
//
// A line each: who, orders in flight, orders a second, nanoseconds of processor time an order.

#include "adapters/kafka/client.h"
#include "adapters/kafka/engine.h"
#include "adapters/kafka/handles.h"
#include "adapters/kafka/message.h"
#include "bench/measure.h"
#include "encoding/order_json.h"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace konomi::bench {
namespace {

struct Arguments {
  kafka::KafkaOptions kafka;
  double seconds = 2;
  std::vector<std::size_t> in_flight = {1, 16, 64, 256, 10'000};
  std::size_t fill = 0;
  std::size_t users = 100'000;
};

struct Record {
  std::string key;
  std::string value;
};

std::vector<Record> records_of(const std::vector<Order>& orders) {
  std::vector<Record> records;
  records.reserve(orders.size());
  for (const Order& order : orders) {
    records.push_back({.key = std::string(order.user_id.value()), .value = {}});
    encoding::append_order_json(records.back().value, order);
  }
  return records;
}

// A producer with konomi's settings, driven by one thread that sends and takes the reports.
class BareProducer {
 public:
  explicit BareProducer(const kafka::KafkaOptions& options) : now_(SystemClock().now()) {
    auto conf = value_of(kafka::make_conf(options, kafka::ClientKind::producer));
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR);
    client_ = value_of(kafka::Client::open(std::move(conf), kafka::ClientKind::producer));
    reports_.reset(rd_kafka_queue_get_main(client_->handle()));
    topic_.reset(rd_kafka_topic_new(client_->handle(), options.topic.c_str(), nullptr));
    headers_.reset(rd_kafka_headers_new(2));
    kafka::add_header(headers_, "content-type", "application/json");
    kafka::add_header(headers_, "received-at", std::to_string(now_.time_since_epoch().count()));
  }

  Rate measure(const std::vector<Record>& records, std::size_t in_flight, double seconds) {
    send(records.front());  // Connects.
    take_reports(0);
    const Stopwatch watch;
    std::size_t sent = 0;
    while (watch.seconds() < seconds) {
      for (; unreported_ < in_flight; ++sent) send(records[sent % records.size()]);
      take_reports(in_flight / 2);
    }
    take_reports(0);
    return watch.rate_of(sent);
  }

 private:
  void send(const Record& record) {
    kafka::HeadersHandle headers(rd_kafka_headers_copy(headers_.get()));
    kafka::ProduceCall call(topic_.get(), now_, nullptr);
    if (const auto refused = call.send(client_->handle(), record.key, record.value, headers))
      fail_with(rd_kafka_error_string(refused.get()));
    ++unreported_;
  }

  // Until at most so many are left without one.
  void take_reports(std::size_t unreported_max) {
    while (unreported_ > unreported_max) {
      const kafka::EventHandle event(rd_kafka_queue_poll(reports_.get(), 1000));
      if (!event) continue;
      while (const auto* message = rd_kafka_event_message_next(event.get())) {
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail_with(rd_kafka_err2str(message->err));
        --unreported_;
      }
    }
  }

  [[noreturn]] static void fail_with(std::string_view what) {
    fmt::print(stderr, "librdkafka: {}\n", what);
    std::exit(1);
  }

  const Timestamp now_;
  std::unique_ptr<kafka::Client> client_;
  kafka::QueueHandle reports_;
  kafka::TopicHandle topic_;
  kafka::HeadersHandle headers_;
  std::size_t unreported_ = 0;
};

void append(OrderLog& log, Window& window, std::vector<Order> orders) {
  const std::size_t count = orders.size();
  window.enter(count);
  log.append(std::move(orders), [&window, count](Result<void> written) {
    value_of(std::move(written));
    window.leave(count);
  });
}

Rate append_singles(OrderLog& log, const std::vector<Order>& orders, std::size_t in_flight,
                    double seconds) {
  Window window(in_flight);
  append(log, window, {orders.front()});  // Connects.
  window.drain();
  const Stopwatch watch;
  std::size_t appended = 0;
  for (; watch.seconds() < seconds; ++appended)
    append(log, window, {orders[appended % orders.size()]});
  window.drain();
  return watch.rate_of(appended);
}

void fill(OrderLog& log, const std::vector<Order>& orders) {
  constexpr std::size_t kRequest = 1000;
  constexpr std::size_t kInFlight = 20 * kRequest;
  Window window(kInFlight);
  for (std::size_t i = 0; i < orders.size(); i += kRequest) {
    const auto first = orders.begin() + static_cast<std::ptrdiff_t>(i);
    const std::size_t count = std::min(kRequest, orders.size() - i);
    append(log, window, {first, first + static_cast<std::ptrdiff_t>(count)});
  }
  window.drain();
}

void print_rate(std::string_view who, std::size_t in_flight, const Rate& rate) {
  fmt::print("{:<12}{:>10}{:>12.0f}{:>10.0f}\n", who, in_flight, rate.per_second,
             rate.cpu_nanoseconds);
}

void run(const Arguments& arguments) {
  const SystemClock clock;
  const auto engine = value_of(kafka::KafkaEngine::open(arguments.kafka, clock));
  OrderLog& log = engine->order_log();
  if (arguments.fill > 0) {
    const std::vector<Order> orders = sample_orders(arguments.fill, arguments.users);
    const Stopwatch watch;
    fill(log, orders);
    return print_rate("fill", arguments.fill, watch.rate_of(arguments.fill));
  }
  constexpr std::size_t kSample = 100'000;
  const std::vector<Order> orders = sample_orders(kSample, arguments.users);
  const std::vector<Record> records = records_of(orders);
  for (const std::size_t in_flight : arguments.in_flight) {
    print_rate("librdkafka", in_flight,
               BareProducer(arguments.kafka).measure(records, in_flight, arguments.seconds));
    print_rate("order-log", in_flight, append_singles(log, orders, in_flight, arguments.seconds));
  }
}

}  // namespace
}  // namespace konomi::bench

int main(int argc, char** argv) {
  konomi::bench::Arguments arguments;
  CLI::App app("Measures how fast a Kafka topic takes orders.");
  app.add_option("--brokers", arguments.kafka.brokers)->capture_default_str();
  app.add_option("--topic", arguments.kafka.topic)->capture_default_str();
  app.add_option("--seconds", arguments.seconds, "Of each measurement")->capture_default_str();
  app.add_option("--in-flight", arguments.in_flight, "Orders waiting at a time")->delimiter(',');
  app.add_option("--fill", arguments.fill, "Only append so many orders of one day");
  app.add_option("--users", arguments.users, "Who order")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  konomi::bench::run(arguments);
}
