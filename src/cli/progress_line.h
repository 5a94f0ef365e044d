#pragma once

#include "cli/command.h"

#include <functional>
#include <string>

namespace konomi::cli {

// One line at the bottom of a terminal that is written over and over; nothing where standard error
// is no terminal. Used by one thread at a time.
class ProgressLine {
 public:
  explicit ProgressLine(const Process& process);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Shows what `text` makes of the seconds since the line was made, some ten times a second.
  void show(const std::function<std::string(double seconds)>& text);
  void clear();
  double seconds() const;

 private:
  const Process& process_;
  const Timestamp begin_;
  const bool terminal_;
  Timestamp shown_at_;
  bool visible_ = false;
};

}  // namespace konomi::cli
