#include "import/rows.h"

#include "domain/text.h"
#include "import/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>

namespace konomi::import {
namespace {

constexpr std::size_t kUserId = 1, kOrderedAt = 2, kMenuType = 3, kStatus = 4;
constexpr std::string_view kFirstVersionsOrderedAt = "timestamp";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::size_t> field_index(std::string_view name) {
  const auto at = std::ranges::find(kFieldNames, name);
  if (at == kFieldNames.end()) return std::nullopt;
  return static_cast<std::size_t>(at - kFieldNames.begin());
}

// A source with the bytes that were read to find out what it is put back before it.
class PeekedSource final : public ByteSource {
 public:
  PeekedSource(ByteSource& source, std::string peeked)
      : peeked_(std::move(peeked)), before_(peeked_), rest_(source) {}

  Result<std::size_t> read(std::span<char> into) override {
    KONOMI_TRY(const std::size_t size, before_.read(into));
    if (size > 0) return size;
    return rest_.read(into);
  }

 private:
  std::string peeked_;
  MemorySource before_;
  ByteSource& rest_;
};

class CsvRows final : public RowReader {
 public:
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
  using Columns = std::array<std::size_t, kFieldNames.size()>;

  explicit CsvRows(std::unique_ptr<ByteSource> source)
      : source_(std::move(source)), reader_(*source_) {}

  Result<void> start(const ColumnPlan& plan) {
    columns_.fill(kAbsent);
    if (plan.by_position()) {
      for (std::size_t i = 0; i < plan.positions.size(); ++i) {
        if (const auto field = field_index(plan.positions[i])) columns_[*field] = i;
      }
      columns_min_ = plan.positions.size();
      return {};
    }
    return read_header(plan);
  }

  Result<bool> next(Row& row) override {
    KONOMI_TRY(const bool more, reader_.next(record_));
    if (!more) return false;
    row.line = record_.line;
    row.raw.swap(record_.raw);
    row.problem.swap(record_.problem);
    for (auto& value : row.fields.values) value.reset();
    if (!row.problem.empty()) return true;
    const std::size_t columns = record_.fields.size();
    if (columns < columns_min_ || (columns_max_ > 0 && columns > columns_max_)) {
      row.problem = fmt::format("has {} columns; expected {} (quote a field that holds a comma)",
                                columns, columns_min_);
      return true;
    }
    for (std::size_t field = 0; field < columns_.size(); ++field) {
      if (columns_[field] == kAbsent) continue;
      std::string& value = record_.fields[columns_[field]];
      const bool may_be_absent = field != kUserId && field != kOrderedAt && field != kMenuType;
      if (value.empty() && may_be_absent) continue;
      row.fields.values[field] = std::move(value);
    }
    return true;
  }

 private:
  Result<void> read_header(const ColumnPlan& plan) {
    KONOMI_TRY(const bool more, reader_.next(record_));
    if (!more) {
      return fail(ErrorCode::invalid_argument,
                  "the file is empty; expected a header line with the columns' names");
    }
    if (!record_.problem.empty()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the header on line {} {}", record_.line, record_.problem));
    }
    columns_min_ = columns_max_ = record_.fields.size();
    for (std::size_t field = 0; field < kFieldNames.size(); ++field) {
      const bool mapped = !plan.names[field].empty();
      columns_[field] = column_named(mapped ? plan.names[field] : kFieldNames[field]);
      if (!mapped && field == kOrderedAt && columns_[field] == kAbsent) {
        columns_[field] = column_named(kFirstVersionsOrderedAt);
      }
      const bool needed = field == kUserId || field == kOrderedAt || field == kMenuType;
      if (columns_[field] == kAbsent && (needed || mapped)) return missing(plan, field);
    }
    return {};
  }

  std::size_t column_named(std::string_view name) const {
    const auto same = [&](std::string_view column) {
      return std::ranges::equal(trimmed(column), name, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
      });
    };
    const auto at = std::ranges::find_if(record_.fields, same);
    return at == record_.fields.end() ? kAbsent
                                      : static_cast<std::size_t>(at - record_.fields.begin());
  }

  Result<void> missing(const ColumnPlan& plan, std::size_t field) const {
    const std::string_view name =
        plan.names[field].empty() ? kFieldNames[field] : std::string_view(plan.names[field]);
    std::vector<std::string> there;
    for (const std::string& column : record_.fields) there.push_back(quote(column));
    return fail(ErrorCode::invalid_argument,
                fmt::format("the header on line {} has no column \"{}\", only {}; name the columns "
                            "with --columns, for example --columns {}={}",
                            record_.line, name, fmt::join(there, ", "), kFieldNames[field],
                            record_.fields.front()));
  }

  std::unique_ptr<ByteSource> source_;
  CsvReader reader_;
  CsvRecord record_;
  Columns columns_{};
  std::size_t columns_min_ = 0;
  std::size_t columns_max_ = 0;  // 0: any number.
};

class NdjsonRows final : public RowReader {
 public:
  explicit NdjsonRows(std::unique_ptr<ByteSource> source)
      : source_(std::move(source)), input_(*source_, CsvReader::kRecordBytesMax + 1) {}

  Result<bool> next(Row& row) override {
    for (auto& value : row.fields.values) value.reset();
    row.problem.clear();
    do {
      KONOMI_TRY(const bool more, next_line(row));
      if (!more) return false;
    } while (row.raw.empty() && row.problem.empty());
    if (row.problem.empty()) parse(row);
    return true;
  }

 private:
  Result<bool> next_line(Row& row) {
    std::size_t line_feed = input_.window().find('\n');
    while (line_feed == std::string_view::npos && !input_.full() && !input_.at_end()) {
      KONOMI_CHECK_OK(input_.fill());
      line_feed = input_.window().find('\n');
    }
    const std::string_view window = input_.window();
    if (window.empty()) return false;
    row.line = ++line_;
    row.raw = window.substr(0, line_feed);
    if (line_ == 1 && row.raw.starts_with("\xef\xbb\xbf")) row.raw.erase(0, 3);
    if (row.raw.ends_with('\r')) row.raw.pop_back();
    input_.consume(line_feed == std::string_view::npos ? window.size() : line_feed + 1);
    if (line_feed == std::string_view::npos && !input_.at_end()) {
      row.problem = fmt::format("is longer than {} bytes", CsvReader::kRecordBytesMax);
      KONOMI_CHECK_OK(pass_rest_of_line());
    }
    return true;
  }

  Result<void> pass_rest_of_line() {
    while (!input_.at_end()) {
      KONOMI_CHECK_OK(input_.fill());
      const std::size_t line_feed = input_.window().find('\n');
      const bool found = line_feed != std::string_view::npos;
      input_.consume(found ? line_feed + 1 : input_.window().size());
      if (found) return {};
    }
    return {};
  }

  void parse(Row& row) {
    simdjson::dom::object object;
    if (const auto error = parser_.parse(row.raw).get(object)) {
      row.problem = error == simdjson::INCORRECT_TYPE
                        ? "is no JSON object"
                        : fmt::format("is no JSON: {}", simdjson::error_message(error));
      return;
    }
    for (const auto [key, value] : object) {
      auto field = field_index(key);
      if (!field && key == kFirstVersionsOrderedAt && !row.fields.values[kOrderedAt]) {
        field = kOrderedAt;
      }
      if (!field || value.is_null()) continue;
      std::string_view text;
      if (value.get(text)) {
        row.problem = fmt::format("{}: is no string", key);
        return;
      }
      row.fields.values[*field] = text;
    }
  }

  std::unique_ptr<ByteSource> source_;
  InputBuffer input_;
  simdjson::dom::parser parser_;
  std::uint64_t line_ = 0;
};

Result<void> check_named(std::string_view field, std::string_view entry) {
  if (field_index(field)) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("{} names no field of an order; expected {}",
                                                       quote(entry), fmt::join(kFieldNames, ", ")));
}

Result<void> add_column(ColumnPlan& plan, std::string_view entry) {
  const std::size_t equals = entry.find('=');
  if (equals == std::string_view::npos) {
    if (entry != "-") KONOMI_CHECK_OK(check_named(entry, entry));
    plan.positions.emplace_back(entry == "-" ? std::string_view{} : entry);
    return {};
  }
  const std::string_view field = trimmed(entry.substr(0, equals));
  KONOMI_CHECK_OK(check_named(field, entry));
  const std::string_view column = trimmed(entry.substr(equals + 1));
  if (column.empty()) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} names no column", quote(entry)));
  }
  plan.names[*field_index(field)] = column;
  return {};
}

}  // namespace

OrderFields RowFields::view() const {
  return {.order_id = values[0],
          .user_id = values[kUserId],
          .ordered_at = values[kOrderedAt],
          .menu_type = values[kMenuType],
          .status = values[kStatus]};
}

Result<ColumnPlan> parse_columns(std::string_view text) {
  ColumnPlan plan;
  const std::string_view whole = text;
  while (true) {
    const std::size_t comma = text.find(',');
    KONOMI_CHECK_OK(add_column(plan, trimmed(text.substr(0, comma))));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  const bool named =
      std::ranges::any_of(plan.names, [](const auto& name) { return !name.empty(); });
  if (named && plan.by_position()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} mixes names and positions; expected either field=column for each, "
                            "or the fields in the columns' order",
                            quote(whole)));
  }
  for (const std::size_t field : {kUserId, kOrderedAt, kMenuType}) {
    if (named) break;
    if (std::ranges::count(plan.positions, kFieldNames[field]) != 1) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} must name {} once", quote(whole), kFieldNames[field]));
    }
  }
  return plan;
}

Result<std::unique_ptr<RowReader>> open_rows(ByteSource& source,
                                             const std::optional<ColumnPlan>& columns) {
  std::string peeked(4096, '\0');
  KONOMI_TRY(const std::size_t size, source.read(peeked));
  peeked.resize(size);
  std::string_view start = peeked;
  if (start.starts_with("\xef\xbb\xbf")) start.remove_prefix(3);
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  const char first_character = first == std::string_view::npos ? '\0' : start[first];
  auto whole = std::make_unique<PeekedSource>(source, std::move(peeked));
  if (!columns && first_character == '[') {
    return fail(ErrorCode::invalid_argument,
                "the file is a JSON array; expected one object a line (jq -c '.[]' makes it so)");
  }
  if (!columns && first_character == '{') return std::make_unique<NdjsonRows>(std::move(whole));
  auto rows = std::make_unique<CsvRows>(std::move(whole));
  KONOMI_CHECK_OK(rows->start(columns.value_or(ColumnPlan{})));
  return rows;
}

}  // namespace konomi::import
