#pragma once

#include "access/api_key.h"
#include "base/result.h"

#include <functional>
#include <string>
#include <vector>

namespace konomi::access {

// The file of API keys: TOML, one [[key]] table each. It holds hashes, but who reads it can sign
// sessions, so it is made readable for its owner only.

// invalid_argument names the line and what was expected; not_found that `konomi keys create` makes
// the first.
Result<std::vector<ApiKey>> read_key_file(const std::string& path);

// Reads the keys (none when there is no file yet), lets `change` change them and replaces the file
// in one step, durably. Two callers at once wait for each other.
Result<void> change_key_file(const std::string& path,
                             const std::function<Result<void>(std::vector<ApiKey>&)>& change);

// Whether users other than the owner and its group may read it.
bool key_file_is_exposed(const std::string& path);

}  // namespace konomi::access
