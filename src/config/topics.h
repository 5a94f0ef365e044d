// Private to config: the parts that settings() puts together.
#pragma once

#include "config/setting.h"

#include <string>
#include <vector>

namespace konomi::config {

std::vector<Setting> place_settings();
std::vector<Setting> business_settings();
std::vector<Setting> access_settings();
std::vector<Setting> retention_settings();
std::vector<Setting> kafka_settings();
std::vector<Setting> cassandra_settings();
std::vector<Setting> counting_settings();
std::vector<Setting> http_settings();
std::vector<Setting> process_settings();

std::string roles_text(const Roles& roles);  // "ingest,consume"

}  // namespace konomi::config
