#include "cli/cli.h"
#include "config/environment.h"

int main(int argc, char** argv) {
  const konomi::SystemClock clock;
  const konomi::cli::Process process{.environment = konomi::config::process_environment(),
                                     .clock = clock};
  return konomi::cli::run(argc, argv, process);
}
