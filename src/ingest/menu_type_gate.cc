#include "ingest/menu_type_gate.h"

#include "base/log.h"
#include "domain/text.h"

#include <boost/smart_ptr/make_shared.hpp>
#include <fmt/format.h>

namespace konomi::ingest {

Result<std::unique_ptr<MenuTypeGate>> MenuTypeGate::open(SettingsStore& store, Rules rules,
                                                         Metrics& metrics) {
  std::unique_ptr<MenuTypeGate> gate(new MenuTypeGate(store, rules, metrics));
  KONOMI_CHECK_OK(gate->refresh());
  return gate;
}

MenuTypeGate::MenuTypeGate(SettingsStore& store, Rules rules, Metrics& metrics)
    : store_(store), rules_(rules), probe_(metrics) {}

MenuTypeGate::~MenuTypeGate() {
  stop();
}

MenuTypeGate::View MenuTypeGate::view() {
  return {*this, known_.load()};
}

std::optional<std::string> MenuTypeGate::View::refusal(const MenuType& type) const {
  if (known_->contains(type)) [[likely]]
    return std::nullopt;
  return gate_.refusal_of_unknown(type);
}

std::optional<std::string> MenuTypeGate::refusal_of_unknown(const MenuType& type) {
  if (rules_.unknown == UnknownMenuTypes::refuse) {
    return fmt::format(
        "{} is not in the catalogue of menu types; add it there first (PUT /api/v1/menu_types), or "
        "set unknown_menu_types = \"accept\"",
        quote(type.value()));
  }
  const MutexLock lock(mutex_);
  if (admitted_.contains(type)) return std::nullopt;
  // The pinned view may be older than the last refresh.
  if (known_.load()->contains(type)) return std::nullopt;
  if (catalogue_size_ + admitted_.size() >= rules_.menu_types_max) {
    return fmt::format(
        "{} would be a new menu type, and there are {} already; expected a known "
        "one, or a higher menu_types_max",
        quote(type.value()), catalogue_size_ + admitted_.size());
  }
  admitted_.insert(type);
  return std::nullopt;
}

Result<void> MenuTypeGate::refresh() {
  KONOMI_TRY(const std::vector<MenuTypeEntry> entries, store_.menu_types());
  auto known = boost::make_shared<View::Catalogue>();
  known->reserve(entries.size());
  for (const MenuTypeEntry& entry : entries) known->insert(entry.id);
  const MutexLock lock(mutex_);
  catalogue_size_ = known->size();
  std::erase_if(admitted_, [&](const MenuType& type) { return known->contains(type); });
  // Those still on their way to the catalogue take the fast path as well.
  known->insert(admitted_.begin(), admitted_.end());
  known_.store(std::move(known));
  return {};
}

void MenuTypeGate::start(std::chrono::milliseconds every) {
  refresher_ = std::jthread([this, every] { run(every); });
}

void MenuTypeGate::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    stop_requested_.notify_all();
  }
  if (refresher_.joinable()) refresher_.join();
}

void MenuTypeGate::run(std::chrono::milliseconds every) {
  bool failing = false;
  while (true) {
    {
      const MutexLock lock(mutex_);
      const auto next = std::chrono::steady_clock::now() + every;
      bool waiting = true;
      while (!stopping_ && waiting) waiting = stop_requested_.wait_until(mutex_, next);
      if (stopping_) return;
    }
    const Result<void> refreshed = refresh();
    if (!refreshed) {
      probe_.refresh_failed();
      // Once per outage, not once per second.
      if (!failing) {
        log_warning("ingest: the catalogue of menu types cannot be read ({}); the last one stays",
                    refreshed.error().message);
      }
    }
    failing = !refreshed;
  }
}

}  // namespace konomi::ingest
