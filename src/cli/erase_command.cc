#include "base/log.h"
#include "base/wait.h"
#include "cli/command.h"
#include "cli/server_choice.h"
#include "process/stop_signals.h"
#include "wire/json_reader.h"
#include "wire/json_writer.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace konomi::cli {
namespace {

using simdjson::dom::element;

constexpr std::string_view kErasuresPath = "/api/v1/erasures";
constexpr std::chrono::milliseconds kAskAgainAfter{500};

struct EraseFlags {
  std::string url = std::string(kDefaultUrl);
  std::string user;
  bool yes = false;
  std::shared_ptr<std::chrono::milliseconds> wait;
  std::shared_ptr<std::string> output;
};

// The receipt in an answer that is 200 or 202.
Result<std::string> receipt_in(const Result<client::Answer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 200 || answer->status == 202) return answer->body;
  const std::string detail = problem_detail(answer->body);
  return fail(answer->status == 404 ? ErrorCode::not_found : ErrorCode::invalid_argument,
              fmt::format("the answer is {}: {}", answer->status,
                          detail.empty() ? "is this a konomi with the role api?" : detail));
}

// Asks again until it is done, or for so long.
Result<std::string> erase(client::Server& server, const EraseFlags& flags,
                          const process::StopSignals& signals) {
  const std::string body =
      wire::JsonWriter().begin_object().key("user_id").text(flags.user).end_object().take();
  const auto until = std::chrono::steady_clock::now() + *flags.wait;
  KONOMI_TRY(std::string receipt, receipt_in(server.post(kErasuresPath, "application/json", body)));
  while (true) {
    simdjson::dom::parser parser;
    element json;
    if (parser.parse(receipt).get(json) != simdjson::SUCCESS)
      return fail(ErrorCode::internal, "the receipt is no JSON");
    if (wire::text_at(json, "state") == "done" || std::chrono::steady_clock::now() >= until)
      return receipt;
    if (wait_or_stop(signals.token(), kAskAgainAfter)) return receipt;
    const std::string path = fmt::format("{}/{}", kErasuresPath, wire::text_at(json, "erasure"));
    KONOMI_TRY(receipt, receipt_in(server.get(path)));
  }
}

int say(const std::string& receipt, const EraseFlags& flags, const Process& process) {
  simdjson::dom::parser parser;
  element json;
  if (parser.parse(receipt).get(json) != simdjson::SUCCESS)
    return failed(process, {.message = "the receipt is no JSON"});
  const bool is_done = wire::text_at(json, "state") == "done";
  if (*flags.output == "json") {
    fmt::print(process.out, "{}\n", receipt);
    return is_done ? kOk : kSomeRejected;
  }
  fmt::print(process.out, "erasure {} at {} of the log: {}{}\n", wire::text_at(json, "erasure"),
             wire::text_at(json, "position"), wire::text_at(json, "state"),
             is_done ? ", " + wire::text_at(json, "finished_at")
                     : ", waiting for " + wire::text_at(json, "waiting_for"));
  const auto removed = [&](std::string_view name) {
    element rows;
    return json["removed"].get(rows) == simdjson::SUCCESS ? wire::number_at(rows, name) : 0;
  };
  fmt::print(process.out,
             "removed: {} orders, {} dead letters, {} days with counts, {} preferences, {} segment "
             "rows, {} changes\n",
             removed("orders"), removed("dead_letters"), removed("days_with_counts"),
             removed("preferences"), removed("segment_rows"), removed("changes"));
  return is_done ? kOk : kSomeRejected;
}

int run(const EraseFlags& flags, const SettingFlags& setting_flags, const Process& process) {
  const auto config = setting_flags.load(process);
  if (!config) return kUsage;
  if (!flags.yes) {
    fmt::print(process.err,
               "konomi: erasing cannot be undone: everything of {} goes, and the days are counted "
               "anew; nothing was done; say --yes\n",
               flags.user);
    return kUsage;
  }
  configure_log(config->values.log_level, config->values.log_format);
  const process::StopSignals signals;
  const auto server = choose_server(flags.url, setting_flags, *config, process);
  if (!server) return failed(process, server.error());
  const auto receipt = erase((*server)->server(), flags, signals);
  if (!receipt) return failed(process, receipt.error());
  return say(*receipt, flags, process);
}

}  // namespace

void add_erase_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command = app.add_subcommand(
      "erase", "Erase a user: orders, dead letters, counts, preference, segment and changes");
  const auto flags = std::make_shared<EraseFlags>();
  command->add_option("--user", flags->user, "The user's id")->required()->option_text("USER");
  command->add_flag("--yes", flags->yes, "Do it; without, nothing is done");
  flags->wait = add_duration_flag(*command, "--wait", std::chrono::minutes(10),
                                  "How long to wait until it is done");
  add_url_flag(*command, flags->url);
  flags->output = add_output_flag(*command);
  const auto setting_flags = SettingFlags::add(*command, settings_of_data_commands);
  command->get_option("--data-dir")->excludes("--url");
  command->footer(
      R"(What the user ordered until now goes, and the days are counted anew. Orders that come later
count. Erasing again is harmless. On a cluster the order topic and the topic of dead letters keep
the user's records until their own retention.
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 not done yet: ask GET /api/v1/erasures/{erasure}.

Examples:
  konomi erase --user guest-1 --yes
  konomi erase --user guest-1 --yes --data-dir /var/lib/konomi --output json)");
  command->callback([&process, &chosen, flags, setting_flags] {
    chosen = [&process, flags, setting_flags] { return run(*flags, *setting_flags, process); };
  });
}

}  // namespace konomi::cli
