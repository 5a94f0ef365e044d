#include "adapters/rocks/dead_letters.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace konomi::rocks {
namespace {

constexpr std::string_view kCountKey = "dead_letter_count";

std::string letter_key(const LogPosition& position) {
  return KeyWriter().partition(position.partition).offset(position.offset).take();
}

}  // namespace

Result<void> RocksDeadLetters::put(const std::vector<DeadLetter>& letters) {
  const MutexLock lock(put_mutex_);
  std::map<std::string, const DeadLetter*> given;  // The first one of a position stays.
  for (const DeadLetter& letter : letters) given.emplace(letter_key(letter.position), &letter);
  std::vector<std::string> keys;
  for (const auto& [key, letter] : given) keys.push_back(key);
  KONOMI_TRY(const auto stored, read_rows(database_, kDeadLetters, keys));
  KONOMI_TRY(std::uint64_t count, this->count());

  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (stored[i]) continue;
    rows.put(kDeadLetters, keys[i], encoding::encode_dead_letter(*given.at(keys[i])));
    ++count;
    rows.put(kSettings, kCountKey, encoding::encode_number(count));
  }
  return rows.commit(Durability::written_through);
}

Result<std::vector<DeadLetter>> RocksDeadLetters::list(const LogPosition* after,
                                                       std::size_t letters_max) {
  std::optional<std::string> after_key;
  if (after != nullptr) after_key = letter_key(*after);
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kDeadLetters, "", std::move(after_key)));
  std::vector<DeadLetter> letters;
  while (letters.size() < letters_max) {
    KONOMI_TRY(const bool found, walk.advance());
    if (!found) break;
    KeyReader key(walk.key_rest());
    LogPosition position;
    KONOMI_TRY(position.partition, key.partition());
    KONOMI_TRY(position.offset, key.offset());
    KONOMI_TRY(DeadLetter letter, encoding::decode_dead_letter(walk.value()));
    letter.position = position;
    letters.push_back(std::move(letter));
  }
  return letters;
}

Result<std::uint64_t> RocksDeadLetters::count() {
  KONOMI_TRY(const auto value, read_row(database_, kSettings, kCountKey));
  if (!value) return std::uint64_t{0};
  return encoding::decode_number(*value);
}

}  // namespace konomi::rocks
