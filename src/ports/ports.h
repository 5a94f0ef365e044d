#pragma once

#include "ports/dead_letters.h"
#include "ports/order_log.h"
#include "ports/order_store.h"
#include "ports/preference_store.h"
#include "ports/settings_store.h"
#include "ports/summary_store.h"

namespace konomi {

// Every port, over one engine. They are safe from every thread and live as long as the engine.
struct Ports {
  OrderLog& order_log;
  OrderStore& order_store;
  SummaryStore& summary_store;
  PreferenceStore& preference_store;
  SettingsStore& settings_store;
  DeadLetters& dead_letters;
};

}  // namespace konomi
