#include "trace/settings.h"

#include "base/percent.h"
#include "domain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace konomi::trace {
namespace {

constexpr std::string_view kScheme = "http://";

std::unexpected<Error> wrong(std::string_view name, std::string_view value,
                             std::string_view expected) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is {}; expected {}", name, quote(value), expected));
}

class Variables {
 public:
  explicit Variables(const Lookup& lookup) : lookup_(lookup) {}

  std::string text(std::string_view name, std::string_view otherwise = {}) const {
    auto value = lookup_(name);
    return value && !value->empty() ? *std::move(value) : std::string(otherwise);
  }

  Result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise,
                               std::uint64_t max) const {
    const std::string value = text(name);
    if (value.empty()) return otherwise;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number == 0 || number > max)
      return wrong(name, value, fmt::format("a whole number from 1 to {}", max));
    return number;
  }

 private:
  const Lookup& lookup_;
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// A "%" that begins no escape stays: one in a variable must not keep konomi from starting.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::optional<char> byte = escaped_byte(text.substr(i));
    out += byte.value_or(text[i]);
    if (byte) i += 2;
  }
  return out;
}

// "key=value,key=value", the values percent-encoded. The value is not shown: it may be a secret.
Result<std::vector<std::pair<std::string, std::string>>> read_list(std::string_view name,
                                                                   std::string_view text) {
  std::vector<std::pair<std::string, std::string>> list;
  while (!text.empty()) {
    const std::string_view item = trimmed(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(
        text.size(), text.find(',') == std::string_view::npos ? text.size() : text.find(',') + 1));
    if (item.empty()) continue;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("{} has an item without a name and \"=\"; expected key=value,…", name));
    }
    list.emplace_back(trimmed(item.substr(0, equals)),
                      percent_decoded(trimmed(item.substr(equals + 1))));
  }
  return list;
}

Result<Sampling> read_sampling(const Variables& variables) {
  constexpr std::string_view kName = "OTEL_TRACES_SAMPLER";
  constexpr std::string_view kArgument = "OTEL_TRACES_SAMPLER_ARG";
  std::string name = variables.text(kName, "parentbased_always_on");
  const std::string whole = name;
  Sampling sampling;
  sampling.parent_based = name.starts_with("parentbased_");
  if (sampling.parent_based) name.erase(0, std::string_view("parentbased_").size());
  if (name == "always_on") return sampling;
  if (name == "always_off") {
    sampling.ratio = 0;
    return sampling;
  }
  if (name != "traceidratio") {
    return wrong(kName, whole,
                 "always_on, always_off, traceidratio, or one of them behind parentbased_");
  }
  const std::string argument = variables.text(kArgument, "1");
  char* end = nullptr;
  sampling.ratio = std::strtod(argument.c_str(), &end);
  if (*end != '\0' || !(sampling.ratio >= 0 && sampling.ratio <= 1))
    return wrong(kArgument, argument, "a share from 0 to 1");
  return sampling;
}

Result<void> read_endpoint(const Variables& variables, ExportSettings& settings) {
  std::string_view name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  std::string url = variables.text(name);
  const bool is_whole = !url.empty();
  if (!is_whole) {
    name = "OTEL_EXPORTER_OTLP_ENDPOINT";
    url = variables.text(name, "http://localhost:4318");
  }
  if (!url.starts_with(kScheme) || url.size() == kScheme.size()) {
    return wrong(name, url, "http://host:port (https is the work of a collector beside konomi)");
  }
  const std::size_t slash = url.find('/', kScheme.size());
  settings.server = url.substr(0, slash);
  std::string path = slash == std::string::npos ? std::string() : url.substr(slash);
  if (is_whole) {
    settings.path = path.empty() ? "/" : path;
  } else {
    if (path.ends_with('/')) path.pop_back();
    settings.path = path + "/v1/traces";
  }
  return {};
}

Result<void> read_resource(const Variables& variables, ExportSettings& settings) {
  constexpr std::string_view kName = "OTEL_RESOURCE_ATTRIBUTES";
  KONOMI_TRY(auto attributes, read_list(kName, variables.text(kName)));
  std::string service = variables.text("OTEL_SERVICE_NAME");
  for (auto& [key, value] : attributes) {
    if (key != "service.name") {
      settings.resource.emplace_back(std::move(key), std::move(value));
    } else if (service.empty()) {
      service = value;
    }
  }
  settings.resource.emplace(settings.resource.begin(), "service.name",
                            service.empty() ? "konomi" : service);
  return {};
}

}  // namespace

Result<std::optional<ExportSettings>> read_settings(const Lookup& lookup) {
  const Variables variables(lookup);
  if (variables.text("OTEL_SDK_DISABLED") == "true") return std::nullopt;
  const std::string exporter = variables.text("OTEL_TRACES_EXPORTER");
  if (exporter == "none") return std::nullopt;
  if (!exporter.empty() && exporter != "otlp")
    return wrong("OTEL_TRACES_EXPORTER", exporter, "otlp or none");
  const bool has_endpoint = !variables.text("OTEL_EXPORTER_OTLP_ENDPOINT").empty() ||
                            !variables.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").empty();
  if (exporter.empty() && !has_endpoint) return std::nullopt;

  ExportSettings settings;
  for (const std::string_view name :
       {"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"}) {
    const std::string protocol = variables.text(name);
    if (!protocol.empty() && protocol != "http/json")
      return wrong(name, protocol, "http/json, the one that konomi speaks, or nothing");
  }
  KONOMI_CHECK_OK(read_endpoint(variables, settings));
  KONOMI_TRY(settings.headers,
             read_list("OTEL_EXPORTER_OTLP_HEADERS", variables.text("OTEL_EXPORTER_OTLP_HEADERS")));
  KONOMI_CHECK_OK(read_resource(variables, settings));
  KONOMI_TRY(settings.sampling, read_sampling(variables));
  constexpr std::uint64_t kMillisecondsMax = 600'000;
  KONOMI_TRY(const auto timeout,
             variables.number("OTEL_EXPORTER_OTLP_TIMEOUT", 10'000, kMillisecondsMax));
  KONOMI_TRY(const auto delay,
             variables.number("OTEL_BSP_SCHEDULE_DELAY", 5'000, kMillisecondsMax));
  settings.timeout = std::chrono::milliseconds(timeout);
  settings.schedule_delay = std::chrono::milliseconds(delay);
  KONOMI_TRY(settings.queue_max, variables.number("OTEL_BSP_MAX_QUEUE_SIZE", 2'048, 1'000'000));
  KONOMI_TRY(settings.batch_max, variables.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, 10'000));
  settings.batch_max = std::min(settings.batch_max, settings.queue_max);
  return settings;
}

}  // namespace konomi::trace
