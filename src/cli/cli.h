#pragma once

#include "cli/command.h"

namespace konomi::cli {

// Reads the command line, runs the command, and returns the process's exit code. Nothing is thrown.
int run(int argc, const char* const* argv, const Process& process);

}  // namespace konomi::cli
