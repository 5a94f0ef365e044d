#pragma once

#include "app/command.h"

namespace konomi::app {

// Reads the command line, runs the command, and returns the process's exit code. Nothing is thrown.
int run(int argc, const char* const* argv, const Process& process);

}  // namespace konomi::app
