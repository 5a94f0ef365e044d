#include "cli/command.h"
#include "engine/engine.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

namespace konomi::cli {
namespace {

using ClusterAction =
    std::function<int(const engine::Cluster&, const config::Config&, const Process&)>;

// Adds "NAME" below `command`; `run` gets the settings, with the cluster engine chosen.
void add_action(CLI::App& command, const char* name, const char* help, const char* examples,
                const Process& process, Action& chosen, ClusterAction run) {
  CLI::App* const action = command.add_subcommand(name, help);
  const auto flags = SettingFlags::add(*action, settings_of_data_commands);
  action->footer(std::string("Examples:\n") + examples);
  action->callback([&process, &chosen, flags, run = std::move(run)] {
    chosen = [&process, flags, run]() -> int {
      auto config = flags->load(process);
      if (!config) return kUsage;
      configure_log(config->values.log_level, config->values.log_format);
      config->values.engine = config::EngineKind::cluster;
      const auto cluster = engine::cluster();
      return cluster ? run(*cluster, config->values, process) : failed(process, cluster.error());
    };
  });
}

void print_lines(const std::vector<std::string>& lines, const Process& process) {
  for (const std::string& line : lines) fmt::print(process.out, "{}\n", line);
}

int say_done(const Result<std::vector<std::string>>& done, const Process& process) {
  if (!done) return failed(process, done.error());
  print_lines(*done, process);
  if (done->empty()) fmt::print(process.out, "nothing to do: it is as it should be\n");
  return kOk;
}

int say_checked(const Result<std::vector<std::string>>& problems, const Process& process) {
  if (!problems) return failed(process, problems.error());
  print_lines(*problems, process);
  if (!problems->empty()) return kFailed;
  fmt::print(process.out, "the topics are as konomi needs them\n");
  return kOk;
}

}  // namespace

void add_topics_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("topics", "Cluster: check or make the topics of the order log");
  command->require_subcommand(1);
  add_action(*command, "check", "Say what about the topics is not as konomi needs it",
             "  konomi topics check --kafka-brokers kafka1:9092,kafka2:9092", process, chosen,
             [](const engine::Cluster& cluster, const config::Config& config, const Process& with) {
               return say_checked(cluster.check_topics(config), with);
             });
  add_action(*command, "apply", "Make the topics, or set what is not as konomi needs it",
             "  konomi topics apply --kafka-brokers kafka1:9092 --kafka-partitions 16", process,
             chosen,
             [](const engine::Cluster& cluster, const config::Config& config, const Process& with) {
               return say_done(cluster.apply_topics(config), with);
             });
}

void add_schema_command(CLI::App& app, const Process& process, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("schema", "Cluster: show or make the keyspace and its tables");
  command->require_subcommand(1);
  add_action(*command, "print", "Print the CQL, with the reason for each table's options",
             "  konomi schema print --cassandra-replication dc1:3,dc2:3", process, chosen,
             [](const engine::Cluster& cluster, const config::Config& config, const Process& with) {
               const auto cql = cluster.print_schema(config);
               if (!cql) return failed(with, cql.error());
               fmt::print(with.out, "{}", *cql);
               return static_cast<int>(kOk);
             });
  add_action(*command, "apply", "Make the keyspace and its tables, or bring them to this version",
             "  konomi schema apply --cassandra-contact-points cassandra1:9042", process, chosen,
             [](const engine::Cluster& cluster, const config::Config& config, const Process& with) {
               return say_done(cluster.apply_schema(config), with);
             });
}

}  // namespace konomi::cli
