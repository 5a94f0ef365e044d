#include "base/percent.h"
#include "base/wait.h"
#include "cli/command.h"
#include "cli/server_choice.h"
#include "client/log_standing.h"
#include "domain/text.h"
#include "process/stop_signals.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace konomi::cli {
namespace {

using simdjson::dom::element;

constexpr std::string_view kLettersPath = "/api/v1/dead_letters";
constexpr std::chrono::minutes kCountWait{10};

struct DlqFlags {
  std::string url = std::string(kDefaultUrl);
  std::vector<std::string> letters;
  bool all = false;
  std::string reason;
  std::string since;
  std::string until;
  std::string menu_type;
  std::string state = "waiting";
  std::size_t limit = 100;
  std::vector<std::string> edits;
  std::vector<std::string> renames;
  std::string why;
  bool dry_run = false;
  std::shared_ptr<std::string> output;

  bool json() const { return *output == "json"; }
  bool filters() const {
    return !reason.empty() || !since.empty() || !until.empty() || !menu_type.empty();
  }
  // Their names in queries and bodies.
  std::vector<std::pair<std::string_view, std::string_view>> given_filters() const {
    std::vector<std::pair<std::string_view, std::string_view>> given;
    for (const auto& [name, value] :
         {std::pair<std::string_view, std::string_view>{"reason", reason},
          {"since", since},
          {"until", until},
          {"menu_type", menu_type}}) {
      if (!value.empty()) given.emplace_back(name, value);
    }
    return given;
  }
};

std::vector<element> items_at(const element& json, std::string_view name) {
  simdjson::dom::array list;
  if (json[name].get_array().get(list) != simdjson::SUCCESS) return {};
  return {list.begin(), list.end()};
}

// The JSON of an answer that is 200; `parser` owns it.
Result<element> read_answer(const Result<client::Answer>& answer, simdjson::dom::parser& parser) {
  if (!answer) return std::unexpected(answer.error());
  element root;
  if (parser.parse(answer->body).get(root) != simdjson::SUCCESS) {
    return fail(ErrorCode::internal, fmt::format("the answer is {} with {}; is this a konomi with "
                                                 "the role api?",
                                                 answer->status, quote(answer->body)));
  }
  if (answer->status == 200) return root;
  return fail(answer->status == 404 ? ErrorCode::not_found : ErrorCode::invalid_argument,
              wire::text_at(root, "detail"));
}

// {"a":"b",…} of "a=b" and so on, as a value.
Result<void> write_pairs(wire::JsonWriter& json, const std::vector<std::string>& pairs,
                         std::string_view flag) {
  json.begin_object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} {} has no \"=\" between two texts; expected one such as "
                              "menu_type=washoku",
                              flag, quote(pair)));
    }
    json.key(pair.substr(0, equals)).text(pair.substr(equals + 1));
  }
  json.end_object();
  return {};
}

// --- list, show

void print_letter(const element& letter, const Process& process) {
  const std::uint64_t attempts = wire::number_at(letter, "attempts");
  fmt::print(process.out, "{}  {}  {}  first failed {}  {} attempt{}\n    {}\n",
             wire::text_at(letter, "letter"), wire::text_at(letter, "state"),
             wire::text_at(letter, "reason"), wire::text_at(letter, "first_failed_at"), attempts,
             attempts == 1 ? "" : "s", wire::text_at(letter, "message"));
}

Result<int> list(client::Server& server, const DlqFlags& flags, const Process& process) {
  std::string query = fmt::format("{}?state={}", kLettersPath, percent_encode(flags.state));
  for (const auto& [name, value] : flags.given_filters())
    query += fmt::format("&{}={}", name, percent_encode(value));
  std::string cursor;
  std::size_t left = flags.limit;
  do {
    simdjson::dom::parser parser;
    const std::string page = fmt::format("{}&limit={}{}", query, std::min<std::size_t>(left, 500),
                                         cursor.empty() ? "" : "&cursor=" + cursor);
    KONOMI_TRY(const element answer, read_answer(server.get(page), parser));
    for (const element& letter : items_at(answer, "dead_letters")) {
      if (flags.json()) {
        fmt::print(process.out, "{}\n", simdjson::minify(letter));
      } else {
        print_letter(letter, process);
      }
      --left;
    }
    cursor = wire::text_at(answer, "next_cursor");
  } while (!cursor.empty() && left > 0);
  if (flags.json()) return kOk;
  const std::size_t shown = flags.limit - left;
  fmt::print(process.out, "{} dead letter{}{}\n", shown, shown == 1 ? "" : "s",
             cursor.empty() ? "" : "; there are more: raise --limit");
  return kOk;
}

void print_whole(const element& letter, const Process& process) {
  print_letter(letter, process);
  for (const char* name : {"key", "value"}) {
    const std::string text = wire::text_at(letter, name);
    const std::string base64 = wire::text_at(letter, std::string(name) + "_base64");
    fmt::print(process.out, "    {}: {}{}\n", name, base64.empty() ? text : base64,
               base64.empty() ? "" : " (base64)");
  }
  for (const element& header : items_at(letter, "headers"))
    fmt::print(process.out, "    header {}: {}\n", wire::text_at(header, "name"),
               wire::text_at(header, "value"));
  for (const element& event : items_at(letter, "history")) {
    const std::string position = wire::text_at(event, "position");
    fmt::print(process.out, "    {} {}{}: {}\n", wire::text_at(event, "at"),
               wire::text_at(event, "event"), position.empty() ? "" : " (" + position + ")",
               wire::text_at(event, "text"));
  }
}

Result<int> show(client::Server& server, const DlqFlags& flags, const Process& process) {
  simdjson::dom::parser parser;
  const std::string path =
      fmt::format("{}/{}", kLettersPath, percent_encode(flags.letters.front()));
  KONOMI_TRY(const element letter, read_answer(server.get(path), parser));
  if (flags.json()) {
    fmt::print(process.out, "{}\n", simdjson::minify(letter));
  } else {
    print_whole(letter, process);
  }
  return kOk;
}

// --- replay, discard

void write_selection(wire::JsonWriter& json, const DlqFlags& flags) {
  if (!flags.letters.empty()) {
    json.key("letters").begin_array();
    for (const std::string& letter : flags.letters) json.text(letter);
    json.end_array();
    return;
  }
  json.key("filter").begin_object();
  for (const auto& [name, value] : flags.given_filters()) json.key(name).text(value);
  json.end_object();
}

void print_outcome(const element& result, bool dry_run, const Process& process) {
  const std::string outcome = wire::text_at(result, "outcome");
  const std::string position = wire::text_at(result, "position");
  const std::string reason = wire::text_at(result, "reason");
  const bool would = dry_run && (outcome == "replayed" || outcome == "discarded");
  fmt::print(process.out, "{}  {}{}{}{}: {}\n", wire::text_at(result, "letter"),
             would ? "would be " : "", outcome, position.empty() ? "" : " to " + position,
             reason.empty() ? "" : " (" + reason + ")", wire::text_at(result, "message"));
}

// The counts of all answers, and their results as JSON.
struct Totals {
  std::map<std::string, std::uint64_t> counts = {
      {"replayed", 0}, {"failed_again", 0}, {"discarded", 0}, {"skipped", 0}, {"not_found", 0}};
  wire::JsonWriter results;
};

// Sends the selection and `more`, members of an object, until nothing is left.
Result<int> deal(client::Server& server, std::string_view action, const std::string& more,
                 const DlqFlags& flags, const Process& process) {
  Totals totals;
  std::string after;
  do {
    wire::JsonWriter asked;
    asked.begin_object();
    write_selection(asked, flags);
    asked.key("dry_run").boolean(flags.dry_run).raw(more);
    if (!after.empty()) asked.key("after").text(after);
    const std::string body = asked.end_object().take();
    simdjson::dom::parser parser;
    const std::string path = fmt::format("{}/{}", kLettersPath, action);
    KONOMI_TRY(const element answer,
               read_answer(server.post(path, "application/json", body), parser));
    for (auto& [name, count] : totals.counts) count += wire::number_at(answer, name);
    for (const element& result : items_at(answer, "results")) {
      if (flags.json()) {
        totals.results.raw(simdjson::minify(result));
      } else {
        print_outcome(result, flags.dry_run, process);
      }
    }
    after = wire::text_at(answer, "next_after");
  } while (!after.empty());

  if (flags.json()) {
    wire::JsonWriter json;
    json.begin_object().key("dry_run").boolean(flags.dry_run);
    for (const auto& [name, count] : totals.counts) json.key(name).number(count);
    json.key("results").begin_array().raw(totals.results.take()).end_array();
    fmt::print(process.out, "{}", json.end_object().end_line().take());
  } else {
    std::string summary;
    for (const auto& [name, count] : totals.counts) {
      if (count > 0) summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", count, name);
    }
    fmt::print(process.out, "{}{}\n", summary.empty() ? "no letter is meant" : summary,
               flags.dry_run ? "; nothing was done: this was a dry run" : "");
  }
  const bool all_done = totals.counts["failed_again"] == 0 && totals.counts["not_found"] == 0;
  return all_done ? kOk : kSomeRejected;
}

Result<int> replay(client::Server& server, const DlqFlags& flags, const Process& process) {
  wire::JsonWriter fix;
  if (!flags.edits.empty()) {
    fix.key("order");
    KONOMI_CHECK_OK(write_pairs(fix, flags.edits, "--set"));
  }
  if (!flags.renames.empty()) {
    fix.key("rename_menu_types");
    KONOMI_CHECK_OK(write_pairs(fix, flags.renames, "--rename-menu-type"));
  }
  wire::JsonWriter more;
  if (fix.size() > 0) more.key("fix").begin_object().raw(fix.take()).end_object();
  return deal(server, "replay", more.take(), flags, process);
}

Result<int> discard(client::Server& server, const DlqFlags& flags, const Process& process) {
  return deal(server, "discard", wire::JsonWriter().key("why").text(flags.why).take(), flags,
              process);
}

// --- flags

using Run = Result<int> (*)(client::Server&, const DlqFlags&, const Process&);

int run_with(const DlqFlags& flags, const SettingFlags& setting_flags, Run run, bool changes,
             const Process& process) {
  const auto config = setting_flags.load(process);
  if (!config) return kUsage;
  configure_log(config->values.log_level, config->values.log_format);
  const process::StopSignals signals;
  const auto server = choose_server(flags.url, setting_flags, *config, process);
  if (!server) return failed(process, server.error());
  const auto done = run((*server)->server(), flags, process);
  if (!done) return failed(process, done.error());
  // Without a konomi that runs on, what was replayed is stored and counted before the command ends.
  if (changes && !flags.dry_run && (*server)->is_local()) {
    const client::Pause pause = [stop = signals.token()](std::chrono::milliseconds time) {
      return !wait_or_stop(stop, time);
    };
    const auto counted = client::wait_until_counted(
        (*server)->server(), kCountWait, pause, [](const client::LogStanding&, std::uint64_t) {});
    if (!counted) return failed(process, counted.error());
  }
  return *done;
}

void add_filter_flags(CLI::App& command, DlqFlags& flags) {
  command.add_option("--reason", flags.reason, "Only letters that failed for this reason")
      ->option_text("unreadable|invalid_order|unknown_menu_type|too_many_menu_types|expired_day");
  command.add_option("--since", flags.since, "Only letters that first failed then or later")
      ->option_text("INSTANT");
  command.add_option("--until", flags.until, "Only letters that first failed before")
      ->option_text("INSTANT");
  command.add_option("--menu-type", flags.menu_type, "Only letters with an order of this type")
      ->option_text("TYPE");
}

struct Subcommand {
  const char* name;
  const char* help;
  const char* footer;
  Run run;
  bool changes;  // And needs to be told which letters.
};

void check_selection(const DlqFlags& flags) {
  const int ways =
      (flags.letters.empty() ? 0 : 1) + (flags.filters() ? 1 : 0) + (flags.all ? 1 : 0);
  if (ways == 0) throw CLI::RequiredError("LETTER, a filter such as --reason, or --all");
  if (!flags.letters.empty() && ways > 1)
    throw CLI::ValidationError("LETTER", "letters are named; expected no filter and no --all");
}

void add_subcommand(CLI::App& dlq, const Subcommand& subcommand, const Process& process,
                    Action& chosen, const std::function<void(CLI::App&, DlqFlags&)>& add_flags) {
  CLI::App* const command = dlq.add_subcommand(subcommand.name, subcommand.help);
  const auto flags = std::make_shared<DlqFlags>();
  add_flags(*command, *flags);
  add_url_flag(*command, flags->url);
  flags->output = add_output_flag(*command);
  const auto setting_flags = SettingFlags::add(*command, settings_of_data_commands);
  command->get_option("--data-dir")->excludes("--url");
  command->footer(subcommand.footer);
  command->callback([&process, &chosen, flags, setting_flags, subcommand] {
    if (subcommand.changes) check_selection(*flags);
    chosen = [&process, flags, setting_flags, subcommand] {
      return run_with(*flags, *setting_flags, subcommand.run, subcommand.changes, process);
    };
  });
}

void add_selection_flags(CLI::App& command, DlqFlags& flags) {
  command.add_option("LETTER", flags.letters, "Letters by name, such as 3-41")->option_text("");
  add_filter_flags(command, flags);
  command.add_flag("--all", flags.all, "Every letter that waits");
  command.add_flag("--dry-run", flags.dry_run, "Say what would be done, and do nothing");
}

}  // namespace

void add_dlq_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const dlq = app.add_subcommand(
      "dlq", "Look at dead letters: records that could not be stored; replay or discard them");
  dlq->require_subcommand(1);
  dlq->footer(R"(Examples:
  konomi dlq list
  konomi dlq replay --reason unknown_menu_type --rename-menu-type washok=washoku --dry-run)");
  add_subcommand(*dlq,
                 {.name = "list",
                  .help = "List dead letters, those that wait unless told otherwise",
                  .footer = R"(With --output json a letter is a line.

Examples:
  konomi dlq list
  konomi dlq list --state any --since 2025-05-31T00:00:00+09:00 --output json)",
                  .run = list,
                  .changes = false},
                 process, chosen, [](CLI::App& command, DlqFlags& flags) {
                   add_filter_flags(command, flags);
                   command.add_option("--state", flags.state, "What became of them")
                       ->check(CLI::IsMember({"waiting", "replayed", "discarded", "any"}))
                       ->option_text("waiting|replayed|discarded|any [waiting]");
                   command.add_option("--limit", flags.limit, "How many at most")
                       ->check(CLI::Range(1, 1'000'000))
                       ->option_text("NUMBER [100]");
                 });
  add_subcommand(*dlq,
                 {.name = "show",
                  .help = "Show one dead letter whole, with its history",
                  .footer = "Examples:\n  konomi dlq show 3-41",
                  .run = show,
                  .changes = false},
                 process, chosen, [](CLI::App& command, DlqFlags& flags) {
                   command.add_option("LETTER", flags.letters, "Its name, such as 3-41")
                       ->required()
                       ->expected(1)
                       ->option_text("");
                 });
  add_subcommand(
      *dlq,
      {.name = "replay",
       .help = "Put the orders of dead letters into the log again, mended if need be",
       .footer =
           R"(An order is checked like one that is posted; one that fails again waits on. It takes
the place it would have had: replayed twice it counts once, and a correction that came later stays.
Only with another user or day it is a new order.
Exit codes: 0 all replayed; 1 failed; 2 wrong usage; 3 some failed again.

Examples:
  konomi dlq replay --reason unknown_menu_type --rename-menu-type washok=washoku --dry-run
  konomi dlq replay 3-41 --set menu_type=washoku --set user_id=guest-1
  konomi dlq replay --all --data-dir /var/lib/konomi)",
       .run = replay,
       .changes = true},
      process, chosen, [](CLI::App& command, DlqFlags& flags) {
        add_selection_flags(command, flags);
        command
            .add_option("--set", flags.edits,
                        "Of one letter: order_id, user_id, ordered_at, menu_type or status")
            ->allow_extra_args(false)
            ->option_text("FIELD=VALUE");
        command
            .add_option("--rename-menu-type", flags.renames, "A menu type that has another name")
            ->allow_extra_args(false)
            ->option_text("OLD=NEW");
      });
  add_subcommand(
      *dlq,
      {.name = "discard",
       .help = "Let dead letters wait no more; they are kept, with the reason",
       .footer = R"(Examples:
  konomi dlq discard --reason unreadable --until 2025-06-01T00:00:00+09:00 --why "tests of a till"
  konomi dlq discard 3-41 --why "a duplicate of 3-40")",
       .run = discard,
       .changes = true},
      process, chosen, [](CLI::App& command, DlqFlags& flags) {
        add_selection_flags(command, flags);
        command.add_option("--why", flags.why, "Why they are no orders; kept with each letter")
            ->required()
            ->option_text("TEXT");
      });
}

}  // namespace konomi::cli
