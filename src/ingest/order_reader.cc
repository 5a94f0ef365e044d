#include "ingest/order_reader.h"

#include "domain/text.h"
#include "ingest/json_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <memory>
#include <span>
#include <utility>

namespace konomi::ingest {
namespace {

using simdjson::error_code;

constexpr std::array<TextMember<OrderFields>, 5> kOrderMembers = {{
    {"order_id", &OrderFields::order_id},
    {"user_id", &OrderFields::user_id},
    {"ordered_at", &OrderFields::ordered_at},
    {"menu_type", &OrderFields::menu_type},
    {"status", &OrderFields::status},
}};

constexpr std::array<TextMember<OrderFields>, 3> kFirstVersionMembers = {{
    {"user_id", &OrderFields::user_id},
    {"timestamp", &OrderFields::ordered_at},
    {"menu_type", &OrderFields::menu_type},
}};

struct EventAttributes {
  std::optional<std::string_view> specversion;
  std::optional<std::string_view> id;
  std::optional<std::string_view> source;
  std::optional<std::string_view> type;
  std::optional<std::string_view> datacontenttype;
};

constexpr std::array<TextMember<EventAttributes>, 5> kEventMembers = {{
    {"specversion", &EventAttributes::specversion},
    {"id", &EventAttributes::id},
    {"source", &EventAttributes::source},
    {"type", &EventAttributes::type},
    {"datacontenttype", &EventAttributes::datacontenttype},  // The one that may be absent.
}};
constexpr std::span kRequiredEventMembers = std::span(kEventMembers).first<4>();

// What one thread keeps between bodies: simdjson's tables, and a copy of the body with the readable
// bytes after it that simdjson asks for.
class Scratch {
 public:
  // The copy of `body`. Valid until the next call.
  std::string_view load(std::string_view body) {
    const std::size_t needed = body.size() + simdjson::SIMDJSON_PADDING;
    if (capacity_ < needed) {
      capacity_ = std::bit_ceil(std::max(needed, kBytesMin));
      bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    if (!body.empty()) std::memcpy(bytes_.get(), body.data(), body.size());
    std::memset(bytes_.get() + body.size(), ' ', simdjson::SIMDJSON_PADDING);
    return {bytes_.get(), body.size()};
  }

  // Parses a part of what load() returned. Ends the document before it.
  simdjson::simdjson_result<ondemand::document> parse(std::string_view part) {
    if (parser_->capacity() < part.size()) {
      const auto capacity = std::bit_ceil(std::max(part.size(), kBytesMin));
      if (const auto error = parser_->allocate(capacity)) return error;
    }
    const auto offset = static_cast<std::size_t>(part.data() - bytes_.get());
    return parser_->iterate(part, capacity_ - offset);
  }

  // A rare huge body must not hold its memory (about six times its size) for good.
  void shrink() {
    if (capacity_ <= kBytesKept && parser_->capacity() <= kBytesKept) return;
    bytes_.reset();
    capacity_ = 0;
    parser_ = std::make_unique<ondemand::parser>();
  }

 private:
  static constexpr std::size_t kBytesMin = 4096;
  static constexpr std::size_t kBytesKept = std::size_t{2} << 20;

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::unique_ptr<ondemand::parser> parser_ = std::make_unique<ondemand::parser>();
};

bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view without_space_before(std::string_view text) {
  const auto* const begin = std::find_if_not(text.begin(), text.end(), is_json_space);
  return text.substr(static_cast<std::size_t>(begin - text.begin()));
}

// Reads one body. Functions return false when the body as a whole is refused; problem_ says why.
class BodyReader {
 public:
  BodyReader(Scratch& scratch, const ReadRules& rules, const MenuTypeGate::View& menu_types,
             OrderIds& order_ids, BodyFormat format)
      : scratch_(scratch),
        rules_(rules),
        menu_types_(menu_types),
        order_ids_(order_ids),
        format_(format) {}

  std::expected<OrderBatch, BodyProblem> read(std::string_view body) {
    constexpr std::size_t kOrderBytesTypical = 64;
    batch_.accepted.reserve(std::min(rules_.orders_max, body.size() / kOrderBytesTypical + 1));
    const std::string_view text = scratch_.load(body);
    const bool usable = format_ == BodyFormat::ndjson ? read_lines(text) : read_document(text);
    if (!usable) return std::unexpected(std::move(problem_));
    return std::move(batch_);
  }

 private:
  bool refuse(std::string detail, BodyProblem::Kind kind = BodyProblem::Kind::malformed) {
    problem_ = {.kind = kind, .detail = std::move(detail)};
    return false;
  }

  bool refuse_as_malformed(error_code error, std::string_view text,
                           simdjson::simdjson_result<ondemand::document>* document = nullptr) {
    return refuse(fmt::format("the body is no JSON: {}", what_is_malformed(error, text, document)));
  }

  static std::string what_is_malformed(error_code error, std::string_view text,
                                       simdjson::simdjson_result<ondemand::document>* document) {
    if (error == simdjson::DEPTH_ERROR)
      return fmt::format("it nests deeper than {} levels", kNestingMax);
    std::string detail = simdjson::error_message(error);
    while (detail.ends_with('.')) detail.pop_back();
    const char* at = nullptr;
    if (document != nullptr && !document->current_location().get(at) && at >= text.data() &&
        at < text.data() + text.size()) {
      detail += fmt::format(" (near byte {})", at - text.data());
    }
    return detail;
  }

  bool start_item() {
    if (count_ < rules_.orders_max) return true;
    return refuse(fmt::format("the body holds more than {} orders; send them in several bodies",
                              rules_.orders_max),
                  BodyProblem::Kind::too_many_orders);
  }

  bool check_not_empty() {
    if (count_ > 0) return true;
    return refuse("the body holds no order; expected at least one");
  }

  bool check_no_idempotency_key() {
    if (!rules_.idempotency_key) return true;
    return refuse(
        "an Idempotency-Key names a single order, and the body is a batch; give each order an "
        "order_id");
  }

  bool expects_object() const {
    return format_ == BodyFormat::first_version || format_ == BodyFormat::cloudevent;
  }

  // JSON as one document: an object, or an array of them.
  bool read_document(std::string_view text) {
    const std::string_view value = without_space_before(text);
    if (value.empty()) return refuse("the body is empty; expected JSON");
    auto document = scratch_.parse(text);
    if (document.error()) return refuse_as_malformed(document.error(), text);
    if (value.front() == '{' && format_ != BodyFormat::cloudevents_batch) {
      batch_.single = true;
      return read_single(text, document);
    }
    if (value.front() == '[' && !expects_object()) {
      return check_no_idempotency_key() && read_array(text, document) && check_not_empty();
    }
    const std::string_view expected = expects_object() ? "an object"
                                      : format_ == BodyFormat::json
                                          ? "an object or an array of them"
                                          : "an array of CloudEvents";
    return refuse(fmt::format("expected {}, came {}", expected, describe_json(value)));
  }

  bool read_single(std::string_view text, simdjson::simdjson_result<ondemand::document>& document) {
    ondemand::object object;
    auto error = document.get_object().get(object);
    if (!error) error = read_item(object);
    if (error) return refuse_as_malformed(error, text, &document);
    return check_end(text, document);
  }

  bool read_array(std::string_view text, simdjson::simdjson_result<ondemand::document>& document) {
    ondemand::array array;
    if (const auto error = document.get_array().get(array))
      return refuse_as_malformed(error, text, &document);
    for (auto result : array) {
      if (!start_item()) return false;
      ondemand::value element;
      auto error = std::move(result).get(element);
      if (!error) error = read_element(element);
      if (error) return refuse_as_malformed(error, text, &document);
    }
    return check_end(text, document);
  }

  error_code read_element(ondemand::value& element) {
    const std::string_view token = element.raw_json_token();
    if (token.starts_with('{')) [[likely]] {
      ondemand::object object;
      if (const auto error = element.get_object().get(object)) return error;
      return read_item(object);
    }
    if (const auto error = check_syntax(element)) return error;
    reject_item(fmt::format("expected {}, came {}", item_name(), describe_json(token)));
    return simdjson::SUCCESS;
  }

  bool check_end(std::string_view text, simdjson::simdjson_result<ondemand::document>& document) {
    if (const auto error = find_text_after(document))
      return refuse_as_malformed(error, text, &document);
    return true;
  }

  static error_code find_text_after(simdjson::simdjson_result<ondemand::document>& document) {
    // There is a location only when something is left to read.
    const error_code error = document.current_location().error();
    return error == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }

  bool read_lines(std::string_view text) {
    if (!check_no_idempotency_key()) return false;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const std::string_view value = without_space_before(line);
      if (value.empty()) continue;
      if (!start_item()) return false;
      read_line(line, value);
    }
    return check_not_empty();
  }

  void read_line(std::string_view line, std::string_view value) {
    auto document = scratch_.parse(line);
    if (document.error()) return reject_line(document.error(), line, nullptr);
    if (value.front() != '{')
      return reject_item(fmt::format("expected {}, came {}", item_name(), describe_json(value)));
    // The order counts only when nothing follows it on its line.
    const Mark mark = this->mark();
    ondemand::object object;
    auto error = document.get_object().get(object);
    if (!error) error = read_item(object);
    if (!error) error = find_text_after(document);
    if (!error) return;
    roll_back(mark);
    reject_line(error, line, &document);
  }

  void reject_line(error_code error, std::string_view line,
                   simdjson::simdjson_result<ondemand::document>* document) {
    reject_item(fmt::format("the line is no JSON: {}", what_is_malformed(error, line, document)));
  }

  struct Mark {
    std::size_t count, accepted, rejected;
  };
  Mark mark() const { return {count_, batch_.accepted.size(), batch_.rejected.size()}; }
  void roll_back(const Mark& mark) {
    count_ = mark.count;
    batch_.accepted.resize(mark.accepted);
    batch_.rejected.resize(mark.rejected);
  }

  std::string_view item_name() const {
    return format_ == BodyFormat::cloudevents_batch ? "a CloudEvent (an object)"
                                                    : "an order (an object)";
  }

  // Rejects an item when none of its fields could be read.
  void reject_item(std::string detail) {
    batch_.rejected.push_back({.index = count_++,
                               .order_id = std::nullopt,
                               .problems = {{.pointer = "", .detail = std::move(detail)}}});
  }

  // One order, or the event around it.
  error_code read_item(ondemand::object& object) {
    switch (format_) {
      case BodyFormat::cloudevent:
      case BodyFormat::cloudevents_batch:
        return read_event(object);
      case BodyFormat::first_version:
        return read_order(object, kFirstVersionMembers);
      case BodyFormat::json:
      case BodyFormat::ndjson:
        return read_order(object, kOrderMembers);
    }
    return simdjson::UNEXPECTED_ERROR;
  }

  static error_code ignore(std::string_view, ondemand::value& value) { return check_syntax(value); }

  error_code read_order(ondemand::object& object,
                        std::span<const TextMember<OrderFields>> members) {
    OrderFields fields;
    std::vector<FieldProblem> problems;
    if (const auto error = read_members(object, members, fields, problems, ignore)) return error;
    finish_order(fields, std::move(problems), nullptr);
    return simdjson::SUCCESS;
  }

  error_code read_event(ondemand::object& object) {
    EventAttributes event;
    OrderFields fields;
    std::vector<FieldProblem> event_problems;
    std::vector<FieldProblem> problems;
    std::string data_problem = "is missing; expected the order (an object)";
    const auto other = [&](std::string_view name, ondemand::value& value) -> error_code {
      if (name != "data") return check_syntax(value);
      fields = {};
      problems.clear();
      const std::string_view token = value.raw_json_token();
      if (!token.starts_with('{')) {
        data_problem = fmt::format("expected the order (an object), came {}", describe_json(token));
        return check_syntax(value);
      }
      data_problem.clear();
      ondemand::object data;
      if (const auto error = value.get_object().get(data)) return error;
      return read_members(data, std::span<const TextMember<OrderFields>>(kOrderMembers), fields,
                          problems, ignore);
    };
    if (const auto error =
            read_members(object, std::span<const TextMember<EventAttributes>>(kEventMembers), event,
                         event_problems, other)) {
      return error;
    }
    check_event(event, event_problems);
    if (!data_problem.empty())
      event_problems.push_back({.pointer = "/data", .detail = std::move(data_problem)});
    if (event_problems.empty()) {
      finish_order(fields, std::move(problems), &event);
    } else {
      batch_.rejected.push_back(
          {.index = count_++, .order_id = std::nullopt, .problems = std::move(event_problems)});
    }
    return simdjson::SUCCESS;
  }

  // The attributes that CloudEvents 1.0 requires.
  static void check_event(const EventAttributes& event, std::vector<FieldProblem>& problems) {
    for (const auto& [name, slot] : kRequiredEventMembers) {
      const std::string pointer = fmt::format("/{}", name);
      const bool wrong_type = std::ranges::any_of(
          problems, [&](const FieldProblem& problem) { return problem.pointer == pointer; });
      if (wrong_type) continue;
      const auto& value = event.*slot;
      if (!value || value->empty()) {
        problems.push_back({pointer, value ? "is empty" : "is missing"});
      } else if (const auto problem = text_problem(*value)) {
        problems.push_back({pointer, fmt::format("{} {}", quote(*value), *problem)});
      } else if (name == "specversion" && *value != "1.0") {
        problems.push_back({pointer, fmt::format("expected \"1.0\", came {}", quote(*value))});
      }
    }
  }

  // Checks what was read of one order, gives it its id, and sorts it into the batch.
  void finish_order(OrderFields& fields, std::vector<FieldProblem> problems,
                    const EventAttributes* event) {
    if (rules_.idempotency_key && batch_.single) apply_idempotency_key(fields, problems);
    auto order = check_order(fields, rules_.now, rules_.limits);
    if (order && problems.empty() && !order->menu_type.value().empty()) [[likely]] {
      if (auto refusal = menu_types_.refusal(order->menu_type)) [[unlikely]]
        problems.push_back({.pointer = "/menu_type", .detail = std::move(*refusal)});
    }
    if (!order || !problems.empty()) [[unlikely]] {
      if (!order) merge(std::move(order).error(), problems);
      return reject(fields, std::move(problems), event != nullptr);
    }
    if (order->order_id.value().empty()) {
      order->order_id = event != nullptr ? order_id_of_event(*event->source, *event->id)
                                         : order_ids_.next(rules_.now);
    }
    ++count_;
    batch_.accepted.push_back(std::move(*order));
  }

  void apply_idempotency_key(OrderFields& fields, std::vector<FieldProblem>& problems) const {
    const std::string_view key = *rules_.idempotency_key;
    if (fields.order_id && *fields.order_id != key) {
      problems.push_back(
          {.pointer = "/order_id",
           .detail = fmt::format("{} differs from the Idempotency-Key {}; send one of the two, or "
                                 "both alike",
                                 quote(*fields.order_id), quote(key))});
    } else {
      fields.order_id = key;
    }
  }

  // A field of the wrong type looks absent to check_order: one problem of a field is enough.
  static void merge(std::vector<FieldProblem> found, std::vector<FieldProblem>& problems) {
    const std::size_t before = problems.size();
    for (FieldProblem& problem : found) {
      const auto same = [&](const FieldProblem& other) { return other.pointer == problem.pointer; };
      if (std::any_of(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(before),
                      same)) {
        continue;
      }
      problems.push_back(std::move(problem));
    }
  }

  void reject(const OrderFields& fields, std::vector<FieldProblem> problems, bool in_event) {
    std::optional<std::string> order_id;
    const bool order_id_is_wrong = std::ranges::any_of(
        problems, [](const FieldProblem& problem) { return problem.pointer == "/order_id"; });
    if (fields.order_id && !order_id_is_wrong) order_id = *fields.order_id;
    for (FieldProblem& problem : problems) {
      if (format_ == BodyFormat::first_version && problem.pointer == "/ordered_at")
        problem.pointer = "/timestamp";
      if (in_event) problem.pointer.insert(0, "/data");
    }
    batch_.rejected.push_back(
        {.index = count_++, .order_id = std::move(order_id), .problems = std::move(problems)});
  }

  Scratch& scratch_;
  const ReadRules& rules_;
  const MenuTypeGate::View& menu_types_;
  OrderIds& order_ids_;
  const BodyFormat format_;

  std::size_t count_ = 0;  // Items seen so far.
  OrderBatch batch_;
  BodyProblem problem_;
};

}  // namespace

std::expected<OrderBatch, BodyProblem> read_orders(BodyFormat format, std::string_view body,
                                                   const ReadRules& rules,
                                                   const MenuTypeGate::View& menu_types,
                                                   OrderIds& order_ids) {
  thread_local Scratch scratch;
  auto batch = BodyReader(scratch, rules, menu_types, order_ids, format).read(body);
  scratch.shrink();
  return batch;
}

}  // namespace konomi::ingest
