#include "app/cli.h"

int main(int argc, char** argv) {
  const konomi::SystemClock clock;
  const konomi::app::Process process{.environment = konomi::app::process_environment(),
                                     .clock = clock};
  return konomi::app::run(argc, argv, process);
}
