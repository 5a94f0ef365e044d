#include "cli/server_choice.h"

#include "client/local_server.h"
#include "config/environment.h"
#include "process/konomi.h"
#include "rest/router.h"
#include "wire/json_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>

namespace konomi::cli {
namespace {

class Running final : public ServerChoice {
 public:
  explicit Running(std::unique_ptr<client::HttpServer> server) : server_(std::move(server)) {}
  client::Server& server() override { return *server_; }
  bool is_local() const override { return false; }

 private:
  std::unique_ptr<client::HttpServer> server_;
};

class Stopped final : public ServerChoice {
 public:
  Stopped(std::unique_ptr<process::Konomi> konomi, std::string name)
      : konomi_(std::move(konomi)), server_(router_.table(), std::move(name)) {
    konomi_->register_routes(router_);
    konomi_->start();
  }
  client::Server& server() override { return server_; }
  bool is_local() const override { return true; }

 private:
  std::unique_ptr<process::Konomi> konomi_;
  rest::Router router_;
  client::LocalServer server_;
};

// What a person at the command line can do about a failed request.
std::string_view remedy(http::ClientFailure failure) {
  switch (failure) {
    case http::ClientFailure::nothing_answers:
      return "start konomi with `konomi serve`, or name another address with --url";
    case http::ClientFailure::no_tls:
      return "trust its authority with SSL_CERT_FILE, or name another address with --url";
    case http::ClientFailure::late_answer:
      return "look at the server's log and /api/v1/status, then try again";
    case http::ClientFailure::broken_connection:
      return "see whether konomi still runs, then try again";
    case http::ClientFailure::unknown_host:
    case http::ClientFailure::not_http:
      break;
  }
  return "name another address with --url";
}

}  // namespace

Result<http::ClientOptions> client_options(const Process& process) {
  http::ClientOptions options;
  options.remedy = remedy;
  for (const auto& [name, value] : process.environment) {
    if (value.empty()) continue;
    if (name == config::kApiKeyVariable) options.api_key = value;
    if (name != config::kApiKeyFileVariable || !options.api_key.empty()) continue;
    std::ifstream file(value);
    if (!(file >> options.api_key)) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} names {}, which cannot be read or holds no key; expected a file "
                              "with what `konomi keys create` printed",
                              config::kApiKeyFileVariable, value));
    }
  }
  return options;
}

Result<std::unique_ptr<client::HttpServer>> running_server(const std::string& url,
                                                           const Process& process) {
  KONOMI_TRY(http::ClientOptions options, client_options(process));
  return client::HttpServer::create(url, std::move(options));
}

void add_url_flag(CLI::App& command, std::string& url) {
  command
      .add_option("--url", url,
                  "A running konomi; KONOMI_API_KEY or KONOMI_API_KEY_FILE gives the key that it "
                  "asks for")
      ->option_text(fmt::format("URL [{}]", kDefaultUrl));
}

StoresOrUrl::StoresOrUrl(CLI::App& command, std::shared_ptr<const SettingFlags> flags)
    : url_(command.get_option("--url")), flags_(std::move(flags)) {
  url_->excludes(command.get_option("--data-dir"));
}

bool StoresOrUrl::reads_stores(const config::Config& config) const {
  return flags_->given("data_dir") ||
         (url_->count() == 0 && config.engine == config::EngineKind::cluster);
}

void add_status_url_flag(CLI::App& command, std::string& url) {
  command
      .add_option("--status-url", url,
                  "A konomi with the role api to ask how things are, where --url has not that role")
      ->option_text("URL");
}

std::string problem_detail(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element problem;
  if (parser.parse(body.data(), body.size()).get(problem) != simdjson::SUCCESS) return {};
  return wire::text_at(problem, "detail");
}

Error refusal_of(std::string_view url, unsigned status, std::string_view body) {
  const std::string detail = problem_detail(body);
  return {.code = ErrorCode::unavailable,
          .message = fmt::format("{} answers {}: {}", url, status,
                                 detail.empty() ? "not a konomi with the role api?" : detail)};
}

Result<void> expect_data(const std::filesystem::path& data_dir) {
  if (std::filesystem::exists(data_dir)) return {};
  return fail(ErrorCode::not_found, fmt::format("there is no data in {}; name its directory with "
                                                "--data-dir, or a running konomi with --url",
                                                data_dir.string()));
}

Result<std::unique_ptr<ServerChoice>> choose_server(const std::string& url,
                                                    const SettingFlags& flags,
                                                    const config::LoadedConfig& config,
                                                    const Process& process) {
  if (flags.given("data_dir")) {
    KONOMI_TRY(auto konomi, process::Konomi::open(config, process.clock));
    return std::make_unique<Stopped>(std::move(konomi), config.values.data_dir.string());
  }
  KONOMI_TRY(auto server, running_server(url, process));
  return std::make_unique<Running>(std::move(server));
}

}  // namespace konomi::cli
