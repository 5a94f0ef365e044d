#include "base/wait.h"
#include "cli/command.h"
#include "cli/progress_line.h"
#include "cli/server_choice.h"
#include "cli/simulate_demo.h"
#include "config/units.h"
#include "domain/text.h"
#include "domain/timestamp.h"
#include "import/order_sender.h"
#include "process/stop_signals.h"
#include "simulate/demo.h"
#include "simulate/simulation.h"
#include "wire/csv_writer.h"
#include "wire/json_writer.h"
#include "wire/order.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cerrno>
#include <cstring>

namespace konomi::cli {
namespace {

constexpr int kDaysDefault = 90, kDemoDaysDefault = 60;
constexpr std::size_t kBatchOrders = 1'000;

struct SimulateFlags {
  std::string url = std::string(kDefaultUrl);
  std::string status_url;
  std::string out;
  std::uint64_t orders = 0;
  int days = 0;
  std::string until;
  double rate = 0;
  bool demo = false;
  bool live = false;  // The demonstration goes on after it has come up to now.
  std::string menu_types;
  simulate::SimulationOptions options;
  std::shared_ptr<std::string> output;
};

// Where simulated orders go.
class OrderSink {
 public:
  virtual ~OrderSink() = default;
  virtual Result<void> put(const std::vector<Order>& orders) = 0;
  virtual Result<void> finish() { return {}; }
};

class SenderSink final : public OrderSink {
 public:
  explicit SenderSink(import::OrderSender& sender) : sender_(sender) {}

  Result<void> put(const std::vector<Order>& orders) override {
    std::vector<std::string> lines;
    for (const Order& order : orders) lines.push_back(wire::posted_order_line(order));
    KONOMI_TRY(const import::BatchOutcome outcome, sender_.send(lines));
    if (!outcome.rejections.empty()) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("{} of {} orders were refused, the first because {}",
                      outcome.rejections.size(), orders.size(), outcome.rejections.front().reason));
    }
    return {};
  }

 private:
  import::OrderSender& sender_;
};

// A file of NDJSON, or of CSV when its name ends in ".csv".
class FileSink final : public OrderSink {
 public:
  FileSink(std::FILE* file, std::string name, bool owned)
      : file_(file), name_(std::move(name)), owned_(owned), csv_(name_.ends_with(".csv")) {
    if (csv_) fmt::print(file_, "order_id,user_id,ordered_at,menu_type\n");
  }
  ~FileSink() override {
    if (owned_ && file_ != nullptr) std::fclose(file_);
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Result<void> put(const std::vector<Order>& orders) override {
    std::string text;
    for (const Order& order : orders) {
      if (!csv_) {
        text += wire::posted_order_line(order);
        continue;
      }
      const std::string time = to_rfc3339(order.ordered_at);
      wire::append_csv_record(
          text, {order.order_id.value(), order.user_id.value(), time, order.menu_type.value()});
    }
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return cannot_write();
    return {};
  }

  Result<void> finish() override {
    if (std::fflush(file_) != 0) return cannot_write();
    return {};
  }

 private:
  Result<void> cannot_write() const {
    return fail(ErrorCode::unavailable,
                fmt::format("{} cannot be written: {}", name_, std::strerror(errno)));
  }

  std::FILE* file_;
  const std::string name_;
  const bool owned_;
  const bool csv_;
};

// The restaurant's clock is the server's: its rhythm is to fall on its business days.
Result<BusinessCalendar> calendar_of(client::Server& server) {
  KONOMI_TRY(const client::Answer answer, server.get("/api/v1/status"));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view zone, starts_at;
  if (answer.status != 200 || parser.parse(answer.body).get(root) || root["time_zone"].get(zone) ||
      root["day_starts_at"].get(starts_at)) {
    return fail(ErrorCode::internal,
                fmt::format("{} answered {} with {} when asked for its status; is this a konomi?",
                            server.name(), answer.status, quote(answer.body)));
  }
  KONOMI_TRY(const std::chrono::minutes day_starts_at, parse_day_starts_at(starts_at));
  return BusinessCalendar::make(zone, day_starts_at);
}

class Simulator {
 public:
  Simulator(const SimulateFlags& flags, OrderSink& sink, const BusinessCalendar& calendar,
            const std::stop_token& stop, const Process& process)
      : flags_(flags),
        sink_(sink),
        calendar_(calendar),
        stop_(stop),
        process_(process),
        line_(process) {}

  Result<void> run(const std::optional<BusinessDay>& until) {
    if (flags_.rate > 0) {
      KONOMI_CHECK_OK(live());
    } else {
      KONOMI_CHECK_OK(history(until));
    }
    return sink_.finish();
  }

  // From the beginning of `first` up to now; with --live until it is stopped, which is then its
  // proper end.
  Result<void> run_demo(BusinessDay first) {
    simulate::DemoFeed feed(simulate::DemoRestaurant(flags_.options.seed, calendar_), first);
    bool told = false;
    while (!stop_.stop_requested()) {
      const auto orders = feed.due(process_.clock.now(), kBatchOrders);
      if (!orders.empty()) {
        const Result<void> done = put(orders);
        if (!done && done.error().code == ErrorCode::cancelled) break;
        KONOMI_CHECK_OK(done);
        continue;
      }
      if (!flags_.live) return {};
      if (!told) {
        told = true;
        line_.clear();
        fmt::print(process_.err, "konomi: {} orders up to now; from here on they come live\n",
                   sent_);
      }
      const auto wait = feed.next_at() - process_.clock.now();
      wait_or_stop(stop_, std::max(wait, std::chrono::milliseconds(1)));
    }
    if (flags_.live) return {};
    return fail(ErrorCode::cancelled, "stopped before the demonstration came up to now");
  }

  std::uint64_t sent() const { return sent_; }
  double seconds() const { return line_.seconds(); }
  void clear() { line_.clear(); }

 private:
  simulate::HistoryPlan plan(const std::optional<BusinessDay>& until) const {
    const Timestamp now = process_.clock.now();
    simulate::HistoryPlan plan;
    plan.last = until.value_or(calendar_.day_of(now));
    if (!until) plan.end = now;
    if (flags_.orders > 0) plan.orders = flags_.orders;
    int days = flags_.days;
    if (days == 0) {
      days = plan.orders ? simulate::days_for(*plan.orders, flags_.options.guests) : kDaysDefault;
    }
    // Today may not have begun at the restaurant: there is always a whole day before it.
    if (!until) ++days;
    plan.first = plan.last - std::chrono::days(days - 1);
    return plan;
  }

  Result<void> history(const std::optional<BusinessDay>& until) {
    simulate::History history(flags_.options, plan(until), calendar_);
    std::vector<Order> batch;
    while (true) {
      std::optional<Order> order = history.next();
      if (order) batch.push_back(std::move(*order));
      if (batch.size() == kBatchOrders || (!order && !batch.empty())) {
        KONOMI_CHECK_OK(put(batch));
        batch.clear();
      }
      if (!order) return {};
      if (stop_.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    }
  }

  // Until it is stopped, which is its proper end.
  Result<void> live() {
    const Timestamp started = process_.clock.now();
    simulate::Live live(flags_.options, flags_.rate, started);
    const bool bounded = flags_.orders > 0;
    bool told = false;
    while (!stop_.stop_requested() && (!bounded || sent_ < flags_.orders)) {
      const std::uint64_t left = bounded ? flags_.orders - sent_ : kBatchOrders;
      const auto orders =
          live.due(process_.clock.now(), std::min<std::uint64_t>(left, kBatchOrders));
      if (live.fell_behind() && !told) {
        told = true;
        line_.clear();
        fmt::print(process_.err, "konomi: {} orders/s is more than the other side takes\n",
                   flags_.rate);
      }
      if (!orders.empty()) {
        const Result<void> done = put(orders);
        if (!done && done.error().code == ErrorCode::cancelled) return {};
        if (!done) return done;
        KONOMI_CHECK_OK(sink_.finish());
        continue;
      }
      const auto wait = live.next_at() - process_.clock.now();
      wait_or_stop(stop_, std::max(wait, std::chrono::milliseconds(1)));
    }
    return {};
  }

  Result<void> put(const std::vector<Order>& orders) {
    KONOMI_CHECK_OK(sink_.put(orders));
    sent_ += orders.size();
    line_.show([&](double seconds) {
      return fmt::format("{} orders, {:.0f} orders/s", sent_,
                         static_cast<double>(sent_) / std::max(seconds, 0.001));
    });
    return {};
  }

  const SimulateFlags& flags_;
  OrderSink& sink_;
  const BusinessCalendar& calendar_;
  const std::stop_token stop_;
  const Process& process_;
  ProgressLine line_;
  std::uint64_t sent_ = 0;
};

int report(const SimulateFlags& flags, Simulator& simulator, const Result<void>& done,
           const Process& process) {
  simulator.clear();
  // Where the orders themselves go to standard output, the summary does not.
  std::FILE* const to = flags.out == "-" ? process.err : process.out;
  if (*flags.output == "json") {
    wire::JsonWriter json;
    json.begin_object().key("orders").number(simulator.sent());
    json.key("seconds").real(simulator.seconds(), 3);
    fmt::print(to, "{}", json.end_object().end_line().take());
  } else {
    fmt::print(to, "{} orders in {:.1f} s\n", simulator.sent(), simulator.seconds());
  }
  return done ? kOk : failed(process, done.error());
}

int simulate_to_file(const SimulateFlags& flags, const config::Config& config,
                     const std::optional<BusinessDay>& until, const process::StopSignals& signals,
                     const Process& process) {
  const auto calendar = BusinessCalendar::make(config.time_zone, config.day_starts_at);
  if (!calendar) return failed(process, calendar.error());
  const bool standard_output = flags.out == "-";
  std::FILE* const file = standard_output ? process.out : std::fopen(flags.out.c_str(), "wb");
  if (file == nullptr) {
    return failed(process, {.code = ErrorCode::unavailable,
                            .message = fmt::format("{} cannot be written: {}", flags.out,
                                                   std::strerror(errno))});
  }
  FileSink sink(file, flags.out, !standard_output);
  Simulator simulator(flags, sink, *calendar, signals.token(), process);
  const Result<void> done = simulator.run(until);
  return report(flags, simulator, done, process);
}

int simulate_to_server(const SimulateFlags& flags, const std::optional<BusinessDay>& until,
                       const process::StopSignals& signals, const Process& process) {
  const auto server = running_server(flags.url, process);
  if (!server) return failed(process, server.error(), kUsage);
  const auto status =
      running_server(flags.status_url.empty() ? flags.url : flags.status_url, process);
  if (!status) return failed(process, status.error(), kUsage);
  const auto calendar = calendar_of(**status);
  if (!calendar) return failed(process, calendar.error());
  import::OrderSender sender(
      **server, {},
      [stop = signals.token()](std::chrono::milliseconds time) {
        return !wait_or_stop(stop, time);
      },
      [&process](std::string_view sentence) { fmt::print(process.err, "konomi: {}\n", sentence); });
  SenderSink sink(sender);
  Simulator simulator(flags, sink, *calendar, signals.token(), process);
  if (!flags.demo) return report(flags, simulator, simulator.run(until), process);
  const int days = flags.days > 0 ? flags.days : kDemoDaysDefault;
  const auto first = prepare_demo(**status, calendar->day_of(process.clock.now()), days);
  if (!first) return failed(process, first.error());
  return report(flags, simulator, simulator.run_demo(*first), process);
}

int simulate_orders(SimulateFlags& flags, const SettingFlags& setting_flags,
                    const Process& process) {
  const auto config = setting_flags.load(process);
  if (!config) return kUsage;
  configure_log(config->values.log_level, config->values.log_format);
  if (!flags.menu_types.empty()) {
    auto types = simulate::parse_menu_types(flags.menu_types);
    if (!types) return failed(process, types.error(), kUsage);
    flags.options.menu_types = std::move(*types);
  }
  std::optional<BusinessDay> until;
  if (!flags.until.empty()) {
    const auto day = parse_business_day(flags.until);
    if (!day) return failed(process, day.error(), kUsage);
    until = *day;
  }
  const process::StopSignals signals;
  return flags.out.empty() ? simulate_to_server(flags, until, signals, process)
                           : simulate_to_file(flags, config->values, until, signals, process);
}

}  // namespace

void add_simulate_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "simulate", "Make up orders of guests with habits, for demonstrations and load");
  const auto flags = std::make_shared<SimulateFlags>();
  add_url_flag(*command, flags->url);
  add_status_url_flag(*command, flags->status_url);
  command
      ->add_option("--out", flags->out,
                   "A file instead of a konomi: NDJSON, CSV when it ends in .csv, - for standard "
                   "output")
      ->option_text("FILE")
      ->excludes("--url");
  CLI::Option* const demo = command->add_flag(
      "--demo", flags->demo,
      "A family restaurant with some 500 orders a day and labelled menu types, up "
      "to now; run again, it goes on where it stopped");
  command->add_flag("--live", flags->live, "With --demo: go on as orders come in, until Ctrl-C")
      ->needs(demo);
  command->add_option("--seed", flags->options.seed, "The same seed makes the same orders")
      ->option_text("NUMBER [1]");
  command->add_option("--guests", flags->options.guests, "How many guests there are")
      ->check(CLI::Range(1, 1'000'000))
      ->option_text("NUMBER [300]");
  command
      ->add_option("--orders", flags->orders,
                   "Exactly so many; else as many as the guests make in --days")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000'000}))
      ->option_text("NUMBER");
  CLI::Option* const days = command->add_option("--days", flags->days, "So many days back")
                                ->check(CLI::Range(1, 3650))
                                ->option_text("NUMBER [90, with --demo 60]");
  CLI::Option* const until =
      command
          ->add_option("--until", flags->until,
                       "The last business day; else up to now, and other orders each time")
          ->option_text("YYYY-MM-DD");
  command
      ->add_option("--rate", flags->rate,
                   "Orders a second as they come in now, until --orders or Ctrl-C")
      ->check(CLI::Range(0.001, 1e6))
      ->option_text("NUMBER")
      ->excludes(days)
      ->excludes(until);
  command
      ->add_option("--menu-types", flags->menu_types,
                   "Menu types with their weights: washoku:5,yoshoku:3,chuka")
      ->option_text("LIST");
  command->add_option("--duplicates", flags->options.duplicates, "Share of orders sent twice")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE [0]");
  command
      ->add_option("--late", flags->options.late,
                   "Share of orders that arrive hours or days after they were made")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("SHARE [0]");
  for (const auto* other : {"--out", "--guests", "--orders", "--until", "--rate", "--menu-types",
                            "--duplicates", "--late"}) {
    demo->excludes(command->get_option(other));
  }
  flags->output = add_output_flag(*command);
  const auto setting_flags = SettingFlags::add(*command, [](const config::Setting& setting) {
    return setting.name == "time_zone" || setting.name == "day_starts_at" ||
           setting.name.starts_with("log_");
  });
  command->footer(R"(Guests are called guest-0001 and so on; nobody real is meant.

--demo makes each business day from the seed and the date alone, with the same order ids however
often it is run. It begins with the last of the --days for which konomi has orders, so a later run
also sends what the restaurant would have sold while it did not run. It needs the scopes ingest,
read and admin: menu types without labels get some, those with settings of yours keep them.

Examples:
  konomi simulate --demo
  konomi simulate --demo --live
  konomi simulate --days 60
  konomi simulate --rate 2
  konomi simulate --seed 7 --until 2025-05-31 --orders 100000 --out orders.ndjson)");
  command->callback([&process, &chosen, flags, setting_flags] {
    chosen = [&process, flags, setting_flags] {
      return simulate_orders(*flags, *setting_flags, process);
    };
  });
}

}  // namespace konomi::cli
