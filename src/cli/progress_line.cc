#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

namespace konomi::cli {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};
constexpr const char* kEraseLine = "\r\x1b[2K";

}  // namespace

ProgressLine::ProgressLine(const Process& process)
    : process_(process),
      begin_(process.clock.now()),
      terminal_(::isatty(::fileno(process.err)) == 1) {}

void ProgressLine::show(const std::function<std::string(double seconds)>& text) {
  const Timestamp now = process_.clock.now();
  if (!terminal_ || now < shown_at_ + kShowEvery) return;
  shown_at_ = now;
  visible_ = true;
  fmt::print(process_.err, "{}{}", kEraseLine, text(seconds()));
  std::fflush(process_.err);
}

void ProgressLine::clear() {
  if (!visible_) return;
  fmt::print(process_.err, "{}", kEraseLine);
  std::fflush(process_.err);
  visible_ = false;
}

double ProgressLine::seconds() const {
  return std::chrono::duration<double>(process_.clock.now() - begin_).count();
}

}  // namespace konomi::cli
