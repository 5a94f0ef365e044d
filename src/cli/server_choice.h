#pragma once

#include "cli/command.h"
#include "client/http_server.h"
#include "client/server.h"
#include "http/client.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace konomi::cli {

inline constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";

// The konomi that a command works with: a running one, or one in this process over the data
// directory of a stopped one. Destroyed, the latter has stopped in order.
class ServerChoice {
 public:
  virtual ~ServerChoice() = default;
  virtual client::Server& server() = 0;
  virtual bool is_local() const = 0;
};

// How a command asks a running konomi, what its users can do when that fails, and with the key that
// KONOMI_API_KEY holds, or the file that KONOMI_API_KEY_FILE names. invalid_argument when that file
// cannot be read.
Result<http::ClientOptions> client_options(const Process& process);

// A running konomi. Errors are those of client_options() and http::Client::create().
Result<std::unique_ptr<client::HttpServer>> running_server(const std::string& url,
                                                           const Process& process);

// "--url URL", which excludes --data-dir.
void add_url_flag(CLI::App& command, std::string& url);

// For commands that read stores themselves, where they may. After both flags' are there.
class StoresOrUrl {
 public:
  // Has --url exclude --data-dir. Both outlive the command line's reading.
  StoresOrUrl(CLI::App& command, std::shared_ptr<const SettingFlags> flags);

  // Whether the stores are read here: --data-dir was given, or the engine is a cluster and --url
  // was not. Else a running konomi is asked.
  bool reads_stores(const config::Config& config) const;

 private:
  CLI::Option* url_;
  std::shared_ptr<const SettingFlags> flags_;
};

// The detail of the problem in an answer's body; empty when it holds none.
std::string problem_detail(std::string_view body);

// The error of a command whose request the konomi at `url` answered with `status` and `body`:
// `unavailable`, with the problem's detail, or that this may not be a konomi.
Error refusal_of(std::string_view url, unsigned status, std::string_view body);

// For commands that work on the data of a stopped konomi: `not_found` when there is no such
// directory, which opening it would make.
Result<void> expect_data(const std::filesystem::path& data_dir);

// "--status-url URL": who is asked for the status, where --url has not the role api.
void add_status_url_flag(CLI::App& command, std::string& url);

// The stopped konomi's when --data-dir was given as a flag, else the running one at `url`. Errors
// are those of Konomi::open() and http::Client::create().
Result<std::unique_ptr<ServerChoice>> choose_server(const std::string& url,
                                                    const SettingFlags& flags,
                                                    const config::LoadedConfig& config,
                                                    const Process& process);

}  // namespace konomi::cli
