#include "export/export.h"

#include "domain/text.h"
#include "ports/merged_cursor.h"
#include "wire/csv_writer.h"
#include "wire/day.h"
#include "wire/json_writer.h"
#include "wire/menu_type.h"
#include "wire/order.h"
#include "wire/preference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace konomi::exporting {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::size_t kRowsPerFetch = 128;  // From each bucket.
constexpr std::size_t kUsersPerLook = 256;
constexpr std::size_t kDaysPerLook = 32;

constexpr auto kExported = wire::PreferenceForm::exported;

struct KindTraits {
  std::string_view name;
  Kind kind;
  void (*write)(wire::CsvWriter& csv);  // Any row: of it, the names of the columns are wanted.
};

constexpr std::array<KindTraits, 6> kKinds = {{
    {"menu_types", Kind::menu_types, [](auto& csv) { wire::write_menu_type(csv, {}); }},
    {"orders", Kind::orders, [](auto& csv) { wire::write_order(csv, {}); }},
    {"days", Kind::days, [](auto& csv) { wire::write_day(csv, {}); }},
    {"users", Kind::users, [](auto& csv) { wire::write_user(csv, {}, {}); }},
    {"segments", Kind::segments, [](auto& csv) { wire::write_preference(csv, {}, kExported); }},
    {"changes", Kind::changes, [](auto& csv) { wire::write_change(csv, {}); }},
}};

const KindTraits& traits_of(Kind kind) {
  return *std::ranges::find(kKinds, kind, &KindTraits::kind);
}

// The first line of a CSV file of this kind.
std::string csv_header(Kind kind) {
  wire::CsvWriter names({}, wire::CsvWriter::Rows::names);
  traits_of(kind).write(names);
  return names.take();
}

bool has_days(Kind kind) {
  return kind == Kind::orders || kind == Kind::days || kind == Kind::changes;
}

struct ByUserAndOrder {
  bool operator()(const StoredOrder& a, const StoredOrder& b) const {
    return std::tie(a.order.user_id, a.order.order_id) <
           std::tie(b.order.user_id, b.order.order_id);
  }
};

struct ByUser {
  template <class Row>
  bool operator()(const Row& a, const Row& b) const {
    return a.user_id < b.user_id;
  }
};

Result<std::optional<BusinessDay>> parse_bound(std::string_view name,
                                               std::optional<std::string_view> text) {
  if (!text) return std::optional<BusinessDay>();
  const auto day = parse_business_day(*text);
  if (day) return std::optional(*day);
  return fail(ErrorCode::invalid_argument, fmt::format("{}: {}", name, day.error().message));
}

}  // namespace

Result<ExportRequest> parse_request(std::string_view kind, std::string_view format,
                                    std::optional<std::string_view> from,
                                    std::optional<std::string_view> to) {
  ExportRequest request;
  for (const KindTraits& traits : kKinds) {
    if (kind == traits.name || kind == "all") request.kinds.push_back(traits.kind);
  }
  if (request.kinds.empty()) {
    return fail(ErrorCode::not_found,
                fmt::format("{} cannot be exported; expected orders, days, users, segments, "
                            "changes, menu_types or all",
                            quote(kind)));
  }
  if (format != "ndjson" && format != "csv") {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("format {} is not known; expected \"ndjson\" or \"csv\"", quote(format)));
  }
  request.format = format == "csv" ? Format::csv : Format::ndjson;
  if (request.format == Format::csv && request.kinds.size() > 1) {
    return fail(ErrorCode::invalid_argument,
                "the kinds have no common columns; export all as ndjson, or one kind as csv");
  }
  KONOMI_TRY(request.from, parse_bound("from", from));
  KONOMI_TRY(request.to, parse_bound("to", to));
  if ((request.from || request.to) && !std::ranges::all_of(request.kinds, has_days)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} are of no single day; from and to go with orders, days and changes", kind));
  }
  return request;
}

// The rows of one kind.
class Export::Section {
 public:
  Section(const Export& owner, Kind kind) : owner_(owner), kind_(kind) {}
  virtual ~Section() = default;

  // Appends some rows; returns false, with nothing appended, at the end.
  virtual Result<bool> append(std::string& out) = 0;

 protected:
  const ExportPorts& ports() const { return owner_.ports_; }
  const std::vector<Bucket>& buckets() const { return owner_.buckets_; }

  // Appends a row of CSV, or a line of JSON that begins with its kind when there are several.
  // `write` takes either writer.
  template <class Write>
  void add_row(std::string& out, const Write& write) const {
    if (owner_.request_.format == Format::csv) {
      wire::CsvWriter csv(std::move(out));
      write(csv);
      out = csv.take();
      return;
    }
    wire::JsonWriter json(std::move(out));
    json.begin_object();
    if (owner_.request_.kinds.size() > 1) json.key("kind").text(traits_of(kind_).name);
    write(json);
    out = json.end_object().end_line().take();
  }

  bool wants(BusinessDay day) const {
    return (!owner_.request_.from || day >= *owner_.request_.from) &&
           (!owner_.request_.to || day <= *owner_.request_.to);
  }
  std::optional<BusinessDay> from() const { return owner_.request_.from; }
  std::optional<BusinessDay> to() const { return owner_.request_.to; }

  // The days that have stored orders, ascending.
  Result<std::vector<BusinessDay>> days_with_orders() const {
    std::set<BusinessDay> days;
    for (const Bucket bucket : buckets()) {
      KONOMI_TRY(const auto marks, ports().orders.marks(bucket));
      for (const auto& [day, of_day] : marks) {
        if (wants(day)) days.insert(day);
      }
    }
    return std::vector<BusinessDay>(days.begin(), days.end());
  }

 private:
  const Export& owner_;
  const Kind kind_;
};

class Export::MenuTypes final : public Section {
 public:
  using Section::Section;

  Result<bool> append(std::string& out) override {
    if (std::exchange(done_, true)) return false;
    KONOMI_TRY(const auto entries, ports().settings.menu_types());
    for (const MenuTypeEntry& entry : entries)
      add_row(out, [&](auto& to) { wire::write_menu_type(to, entry); });
    return true;
  }

 private:
  bool done_ = false;
};

class Export::Orders final : public Section {
 public:
  using Section::Section;

  Result<bool> append(std::string& out) override {
    if (!days_) {
      KONOMI_TRY(days_, days_with_orders());
    }
    while (true) {
      if (!rows_) {
        if (next_day_ == days_->size()) return false;
        KONOMI_CHECK_OK(open((*days_)[next_day_++]));
      }
      KONOMI_TRY(const StoredOrder* row, rows_->next());
      if (row != nullptr) {
        add_row(out, [&](auto& to) { wire::write_order(to, row->order); });
        return true;
      }
      rows_.reset();
    }
  }

 private:
  Result<void> open(BusinessDay day) {
    rows_.emplace(kRowsPerFetch);
    return rows_->add_each(buckets(),
                           [&](Bucket bucket) { return ports().orders.scan(day, bucket); });
  }

  std::optional<std::vector<BusinessDay>> days_;
  std::size_t next_day_ = 0;
  std::optional<MergedCursor<StoredOrder, ByUserAndOrder>> rows_;
};

class Export::Days final : public Section {
 public:
  using Section::Section;

  Result<bool> append(std::string& out) override {
    constexpr BusinessDay kFirst = BusinessDay::from_days_since_1970(0);
    KONOMI_TRY(const BusinessDay last, last_day());
    const BusinessDay begin = after_ ? *after_ + std::chrono::days(1) : from().value_or(kFirst);
    if (begin > last) return false;
    KONOMI_TRY(const auto days, ports().summaries.days(begin, last, kDaysPerLook));
    if (days.empty()) return false;
    for (const DaySummary& day : days) add_row(out, [&](auto& to) { wire::write_day(to, day); });
    after_ = days.back().day;
    return true;
  }

 private:
  Result<BusinessDay> last_day() {
    if (last_) return *last_;
    KONOMI_TRY(const auto range, ports().summaries.days_range());
    last_ = range ? range->last : BusinessDay::from_days_since_1970(-1);
    if (to()) last_ = std::min(*last_, *to());
    return *last_;
  }

  std::optional<BusinessDay> last_;
  std::optional<BusinessDay> after_;
};

// The changes of days, day by day and in the order of the users.
class ChangeRows {
 public:
  ChangeRows(const ExportPorts& ports, const std::vector<Bucket>& buckets,
             std::vector<BusinessDay> days)
      : ports_(ports), buckets_(buckets), days_(std::move(days)) {}

  // The next change that is one; null at the end.
  Result<const UserChange*> next() {
    while (true) {
      if (!rows_) {
        if (next_day_ == days_.size()) return nullptr;
        KONOMI_CHECK_OK(open(days_[next_day_++]));
      }
      KONOMI_TRY(const UserChange* row, rows_->next());
      if (row == nullptr) {
        rows_.reset();
      } else if (row->change.from != row->change.to) {
        return row;
      }
    }
  }

 private:
  Result<void> open(BusinessDay day) {
    rows_.emplace(kRowsPerFetch);
    return rows_->add_each(buckets_,
                           [&](Bucket bucket) { return ports_.preferences.changes(day, bucket); });
  }

  const ExportPorts& ports_;
  const std::vector<Bucket>& buckets_;
  const std::vector<BusinessDay> days_;
  std::size_t next_day_ = 0;
  std::optional<MergedCursor<UserChange, ByUser>> rows_;
};

// A kind that is made of the changes of all days.
class Export::OfChanges : public Section {
 public:
  using Section::Section;

 protected:
  Result<const UserChange*> next_change() {
    if (!rows_) {
      KONOMI_TRY(auto days, days_with_orders());
      rows_.emplace(ports(), buckets(), std::move(days));
    }
    return rows_->next();
  }

 private:
  std::optional<ChangeRows> rows_;
};

class Export::Changes final : public OfChanges {
 public:
  using OfChanges::OfChanges;

  Result<bool> append(std::string& out) override {
    KONOMI_TRY(const UserChange* row, next_change());
    if (row == nullptr) return false;
    add_row(out, [&](auto& to) { wire::write_change(to, *row); });
    return true;
  }
};

// Counts only ever add up, so every user with a placed order came from "none" exactly once.
class Export::Users final : public OfChanges {
 public:
  using OfChanges::OfChanges;

  Result<bool> append(std::string& out) override {
    std::vector<UserId> users;
    while (users.size() < kUsersPerLook) {
      KONOMI_TRY(const UserChange* row, next_change());
      if (row == nullptr) break;
      if (row->change.from.is_none()) users.push_back(row->user_id);
    }
    if (users.empty()) return false;
    KONOMI_TRY(auto preferences, ports().preferences.preferences_of(users));
    KONOMI_TRY(const auto counts, ports().preferences.counts_of(users));
    for (std::size_t i = 0; i < users.size(); ++i) {
      if (!preferences[i]) continue;  // Has no placed order any more since this export began.
      const UserPreference user = {.user_id = std::move(users[i]),
                                   .preference = *std::move(preferences[i])};
      add_row(out, [&](auto& to) { wire::write_user(to, user, counts[i]); });
    }
    return true;
  }
};

class Export::Segments final : public Section {
 public:
  using Section::Section;

  Result<bool> append(std::string& out) override {
    if (!types_) KONOMI_CHECK_OK(read_types());
    while (true) {
      if (!rows_) {
        if (next_type_ == types_->size()) return false;
        KONOMI_CHECK_OK(open((*types_)[next_type_++]));
      }
      KONOMI_TRY(const UserPreference* row, rows_->next());
      if (row != nullptr) {
        add_row(out, [&](auto& to) { wire::write_preference(to, *row, kExported); });
        return true;
      }
      rows_.reset();
    }
  }

 private:
  Result<void> read_types() {
    KONOMI_TRY(const auto entries, ports().settings.menu_types());
    types_.emplace();
    for (const MenuTypeEntry& entry : entries) types_->push_back(entry.id);
    std::ranges::sort(*types_);
    return {};
  }

  Result<void> open(const MenuType& type) {
    rows_.emplace(kRowsPerFetch);
    return rows_->add_each(buckets(), [&](Bucket bucket) {
      return ports().preferences.segment(type, bucket, std::nullopt);
    });
  }

  std::optional<std::vector<MenuType>> types_;
  std::size_t next_type_ = 0;
  std::optional<MergedCursor<UserPreference, ByUser>> rows_;
};

Export::Export(const ExportPorts& ports, BucketCount bucket_count, ExportRequest request)
    : ports_(ports), buckets_(all_buckets(bucket_count)), request_(std::move(request)) {}

Export::~Export() = default;

Result<std::unique_ptr<Export::Section>> Export::open(Kind kind) {
  switch (kind) {
    case Kind::menu_types:
      return std::make_unique<MenuTypes>(*this, kind);
    case Kind::orders:
      return std::make_unique<Orders>(*this, kind);
    case Kind::days:
      return std::make_unique<Days>(*this, kind);
    case Kind::users:
      return std::make_unique<Users>(*this, kind);
    case Kind::segments:
      return std::make_unique<Segments>(*this, kind);
    case Kind::changes:
      return std::make_unique<Changes>(*this, kind);
  }
  return fail(ErrorCode::internal, "no such kind");
}

Result<bool> Export::next(std::string& piece) {
  piece.clear();
  while (piece.size() < kPieceBytes) {
    if (section_ == nullptr) {
      if (next_kind_ == request_.kinds.size()) break;
      const Kind kind = request_.kinds[next_kind_++];
      KONOMI_TRY(section_, open(kind));
      if (request_.format == Format::csv) piece += csv_header(kind);
    }
    KONOMI_TRY(const bool more, section_->append(piece));
    if (!more) section_.reset();
  }
  return !piece.empty();
}

}  // namespace konomi::exporting
