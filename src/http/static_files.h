#pragma once

#include "http/message.h"
#include "http/router.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace konomi::http {

// A file compiled into the binary. All views are valid for the life of the process.
struct EmbeddedFile {
  std::string_view path;          // "/assets/index-1a2b.js"
  std::string_view content_type;  // With its charset.
  std::string_view bytes;
  std::string_view gzip_bytes;  // Empty when compressing does not pay.
  std::string_view etag;        // With its quotes.
};

// Answers GET and HEAD for the page's files: entity tags with 304, gzip where accepted, immutable
// caching under /assets/, and index.html for the addresses that the page routes itself. Anything
// else: 404, with index.html for a browser and an error answer for a program. Safe from every
// thread.
class StaticFiles {
 public:
  // `files` outlives this object and holds "/index.html". `page_segments` are the first segments of
  // the page's own addresses ("daily" for /daily/2012-04-26), besides "/".
  StaticFiles(std::span<const EmbeddedFile> files, std::vector<std::string> page_segments,
              ErrorAnswer error_answer = plain_error);

  Response serve(const Request& request) const;

 private:
  const EmbeddedFile* find(std::string_view path) const;
  bool is_routed_by_page(std::string_view path) const;

  const std::span<const EmbeddedFile> files_;
  const std::vector<std::string> page_segments_;
  const ErrorAnswer error_answer_;
};

}  // namespace konomi::http
