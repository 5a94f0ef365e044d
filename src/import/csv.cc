#include "import/csv.h"

#include <fmt/format.h>

#include <algorithm>

namespace konomi::import {
namespace {

// One byte of look-ahead past the longest record decides whether "\r" is part of a line end.
constexpr std::size_t kWindowBytes = CsvReader::kRecordBytesMax + 2;

enum class Outcome { record, needs_more, text_after_quote, no_closing_quote };

struct Scan {
  Outcome outcome = Outcome::needs_more;
  std::size_t content_bytes = 0;  // The record without its line end.
  std::size_t bytes = 0;          // With it.
};

bool begins_with_utf_8_mark(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf");
}
bool begins_with_utf_16_mark(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

// How long the line end at `at` is: 1 for "\n", 2 for "\r\n", else 0.
std::size_t line_end_at(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return 1;
  return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 0;
}

// Takes the record at the beginning of `text` apart. `complete`: no byte follows `text`.
class RecordScanner {
 public:
  RecordScanner(std::string_view text, bool complete, std::vector<std::string>& fields)
      : text_(text), complete_(complete), fields_(fields) {
    fields_.clear();
  }

  Scan scan() {
    while (true) {
      fields_.emplace_back();
      const Outcome outcome = at_ < text_.size() && text_[at_] == '"' ? quoted() : unquoted();
      if (outcome != Outcome::record) return {.outcome = outcome};
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      const std::size_t line_end = at_ < text_.size() ? line_end_at(text_, at_) : 0;
      return {.outcome = Outcome::record, .content_bytes = at_, .bytes = at_ + line_end};
    }
  }

 private:
  // Both stop on the comma, the line end or the end of the text after the field.
  Outcome unquoted() {
    const std::size_t begin = at_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == ',' || line_end_at(text_, at_) > 0) break;
    }
    const bool cut = at_ == text_.size() && !complete_;
    if (cut) return Outcome::needs_more;
    fields_.back() = text_.substr(begin, at_ - begin);
    return Outcome::record;
  }

  Outcome quoted() {
    for (++at_;; ++at_) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) {
        return complete_ ? Outcome::no_closing_quote : Outcome::needs_more;
      }
      fields_.back() += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (at_ == text_.size()) return complete_ ? Outcome::record : Outcome::needs_more;
      if (text_[at_] != '"') break;
      fields_.back() += '"';
    }
    if (text_[at_] == ',' || line_end_at(text_, at_) > 0) return Outcome::record;
    const bool may_be_line_end = text_[at_] == '\r' && at_ + 1 == text_.size() && !complete_;
    return may_be_line_end ? Outcome::needs_more : Outcome::text_after_quote;
  }

  std::string_view text_;
  bool complete_;
  std::vector<std::string>& fields_;
  std::size_t at_ = 0;
};

}  // namespace

CsvReader::CsvReader(ByteSource& source) : input_(source, kWindowBytes) {}

Result<void> CsvReader::skip_byte_order_mark() {
  started_ = true;
  while (input_.window().size() < 3 && !input_.at_end()) KONOMI_CHECK_OK(input_.fill());
  const std::string_view window = input_.window();
  if (begins_with_utf_8_mark(window)) {
    input_.consume(3);
  } else if (begins_with_utf_16_mark(window)) {
    return fail(ErrorCode::invalid_argument,
                "the file is UTF-16; expected UTF-8 (save it as \"CSV UTF-8\")");
  }
  return {};
}

Result<bool> CsvReader::next(CsvRecord& record) {
  if (!started_) KONOMI_CHECK_OK(skip_byte_order_mark());
  record.fields.clear();
  record.problem.clear();
  record.raw.clear();
  while (true) {
    const std::string_view window = input_.window();
    if (window.empty() && input_.at_end()) return false;
    if (const std::size_t empty = window.empty() ? 0 : line_end_at(window, 0); empty > 0) {
      input_.consume(empty);
      ++line_;
      continue;
    }
    const Scan scan = RecordScanner(window, input_.at_end(), record.fields).scan();
    switch (scan.outcome) {
      case Outcome::record:
        record.line = line_;
        record.raw = window.substr(0, scan.content_bytes);
        line_ += static_cast<std::uint64_t>(std::ranges::count(window.substr(0, scan.bytes), '\n'));
        input_.consume(scan.bytes);
        return true;
      case Outcome::text_after_quote:
        return reject_first_line(record,
                                 "has text after a closing quote; a quote within a quoted "
                                 "field is written twice");
      case Outcome::no_closing_quote:
        return reject_first_line(record, "opens a quote that is never closed");
      case Outcome::needs_more:
        if (input_.full()) {
          return reject_first_line(
              record, fmt::format("is longer than {} bytes, or opens a quote that is not closed",
                                  kRecordBytesMax));
        }
        KONOMI_CHECK_OK(input_.fill());
    }
  }
}

Result<bool> CsvReader::reject_first_line(CsvRecord& record, std::string_view problem) {
  record.fields.clear();
  record.problem = problem;
  record.line = line_;
  // The window may end within the line although the file goes on.
  while (input_.window().find('\n') == std::string_view::npos && !input_.full() &&
         !input_.at_end()) {
    KONOMI_CHECK_OK(input_.fill());
  }
  const std::string_view window = input_.window();
  const std::size_t line_feed = window.find('\n');
  if (line_feed == std::string_view::npos) {
    record.raw = window;
    input_.consume(window.size());
    KONOMI_CHECK_OK(skip_to_line_end());
    return true;
  }
  record.raw = window.substr(0, line_feed);
  if (record.raw.ends_with('\r')) record.raw.pop_back();
  input_.consume(line_feed + 1);
  ++line_;
  return true;
}

Result<void> CsvReader::skip_to_line_end() {
  while (!input_.at_end()) {
    KONOMI_CHECK_OK(input_.fill());
    const std::string_view window = input_.window();
    const std::size_t line_feed = window.find('\n');
    if (line_feed != std::string_view::npos) {
      input_.consume(line_feed + 1);
      ++line_;
      return {};
    }
    input_.consume(window.size());
  }
  return {};
}

}  // namespace konomi::import
