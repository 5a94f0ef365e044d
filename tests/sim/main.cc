// The simulation in its long form: konomi_sim --seeds 100000 --jobs 2; and one seed again, with
// what happens in it: konomi_sim --seed 4711 --trace. Two builds that play the same print the same
// line with --digest.

#include "base/log.h"
#include "base/mutex.h"
#include "tests/sim/pipeline.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace konomi::sim {
namespace {

struct Arguments {
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 1;
  std::uint64_t seeds = 1'000;
  unsigned jobs = 1;
  bool trace = false;
  bool digest = false;
  EngineKind engine = EngineKind::memory;
};

// FNV-1a over every line of one run's trace.
class TraceDigest {
 public:
  void add(const std::string& line) {
    for (const char c : line) add(c);
    add('\n');
  }
  std::uint64_t value() const { return value_; }

 private:
  void add(char c) {
    value_ ^= static_cast<unsigned char>(c);
    value_ *= 1'099'511'628'211U;
  }

  std::uint64_t value_ = 14'695'981'039'346'656'037U;
};

int replay(const Arguments& arguments) {
  const auto print = [](const std::string& line) { fmt::print("{}\n", line); };
  const Outcome outcome =
      simulate(*arguments.seed,
               {.engine = arguments.engine, .trace = arguments.trace ? Trace(print) : Trace()});
  fmt::print("seed {}: {}\n", *arguments.seed,
             outcome.failure.empty() ? "passed" : outcome.failure);
  return outcome.failure.empty() ? 0 : 1;
}

// Plays seeds until one fails; each seed is a world of its own, so jobs share nothing but numbers.
int play(const Arguments& arguments) {
  std::atomic<std::uint64_t> next = arguments.first;
  std::atomic<std::uint64_t> played = 0;
  std::atomic<bool> failed = false;
  std::atomic<std::uint64_t> digest = 0;  // A sum: jobs finish their seeds in any order.
  Mutex printing;
  std::map<std::string, std::uint64_t> happened;
  const auto work = [&] {
    const std::uint64_t end = arguments.first + arguments.seeds;
    for (std::uint64_t seed = next++; seed < end && !failed; seed = next++) {
      TraceDigest digested;
      Trace add;
      if (arguments.digest) add = [&digested](const std::string& line) { digested.add(line); };
      const Outcome outcome = simulate(seed, {.engine = arguments.engine, .trace = add});
      digest += digested.value();
      const MutexLock lock(printing);
      for (const auto& [what, times] : outcome.happened) happened[what] += times;
      ++played;
      if (outcome.failure.empty()) continue;
      failed = true;
      fmt::print("seed {} failed: {}\nplay it again: {}\n", seed, outcome.failure,
                 replay_command(seed, arguments.engine));
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 1; i < arguments.jobs; ++i) workers.emplace_back(work);
    work();
  }
  fmt::print("{} seeds from {} on {}\n", played.load(), arguments.first,
             failed ? "played, and one failed" : "passed");
  for (const auto& [what, times] : happened) fmt::print("  {:>12} × {}\n", times, what);
  if (arguments.digest) fmt::print("digest {:016x}\n", digest.load());
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace konomi::sim

int main(int argc, char** argv) {
  CLI::App app("Plays the pipeline with faults and compares it with an oracle.");
  konomi::sim::Arguments arguments;
  app.add_option("--engine", arguments.engine, "What it is played over: memory or rocks.")
      ->transform(CLI::CheckedTransformer(std::map<std::string, konomi::sim::EngineKind>{
          {"memory", konomi::sim::EngineKind::memory}, {"rocks", konomi::sim::EngineKind::rocks}}));
  app.add_option("--seed", arguments.seed, "Play this seed only.");
  app.add_option("--first", arguments.first, "The first seed.");
  app.add_option("--seeds", arguments.seeds, "How many seeds.");
  app.add_option("--jobs", arguments.jobs, "How many at the same time.");
  app.add_flag("--trace", arguments.trace, "With --seed: say what happens.");
  app.add_flag("--digest", arguments.digest, "Print a digest of everything that was played.");
  CLI11_PARSE(app, argc, argv);
  konomi::configure_log(konomi::LogLevel::error, konomi::LogFormat::text);
  if (arguments.seed) return konomi::sim::replay(arguments);
  return konomi::sim::play(arguments);
}
