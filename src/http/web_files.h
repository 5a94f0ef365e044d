#pragma once

#include "http/static_files.h"

#include <span>

namespace konomi::http {

// The page, as KONOMI_WEB_DIST held it when this binary was built, or a plain page that says how to
// build it. Library target konomi_web_files.
std::span<const EmbeddedFile> web_files();

}  // namespace konomi::http
