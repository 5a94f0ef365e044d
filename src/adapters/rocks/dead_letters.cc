#include "adapters/rocks/dead_letters.h"

#include "adapters/rocks/keys.h"
#include "adapters/rocks/row_cursor.h"
#include "adapters/rocks/stores.h"
#include "encoding/values.h"

#include <algorithm>
#include <limits>
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

// What the key says is not in the value.
void name_the_letter(DeadLetter& letter, const LogPosition& position) {
  letter.position = position;
  for (LetterEvent& event : letter.history) event.letter = position;
}

// Nothing at the end.
Result<std::optional<DeadLetter>> next_letter(RowWalk& walk) {
  KONOMI_TRY(const bool found, walk.advance());
  if (!found) return std::nullopt;
  KeyReader key(walk.key_rest());
  LogPosition position;
  KONOMI_TRY(position.partition, key.partition());
  KONOMI_TRY(position.offset, key.offset());
  KONOMI_TRY(DeadLetter letter, encoding::decode_dead_letter(walk.value()));
  name_the_letter(letter, position);
  return std::optional(std::move(letter));
}

}  // namespace

Result<void> RocksDeadLetters::put(const std::vector<DeadLetter>& letters) {
  const MutexLock lock(write_mutex_);
  std::map<std::string, const DeadLetter*> given;  // The first one of a position stays.
  for (const DeadLetter& letter : letters) given.emplace(letter_key(letter.position), &letter);
  std::vector<std::string> keys;
  for (const auto& [key, letter] : given) keys.push_back(key);
  KONOMI_TRY(const auto stored, read_rows(database_, kDeadLetters, keys));
  KONOMI_TRY(std::uint64_t count, count_waiting());

  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (stored[i]) continue;
    DeadLetter letter = *given.at(keys[i]);
    letter.history.clear();
    rows.put(kDeadLetters, keys[i], encoding::encode_dead_letter(letter));
    ++count;
    rows.put(kSettings, kCountKey, encoding::encode_number(count));
  }
  return rows.commit(Durability::written_through);
}

Result<void> RocksDeadLetters::add(const std::vector<LetterEvent>& events) {
  const MutexLock lock(write_mutex_);
  std::map<std::string, std::vector<LetterEvent>> given;
  for (const LetterEvent& event : events) given[letter_key(event.letter)].push_back(event);
  std::vector<std::string> keys;
  for (const auto& [key, of_letter] : given) keys.push_back(key);
  KONOMI_TRY(const auto stored, read_rows(database_, kDeadLetters, keys));
  KONOMI_TRY(std::uint64_t count, count_waiting());

  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!stored[i]) continue;
    KONOMI_TRY(DeadLetter letter, encoding::decode_dead_letter(*stored[i]));
    name_the_letter(letter, given.at(keys[i]).front().letter);
    const bool was_waiting = state_of(letter.history) == LetterState::waiting;
    for (const LetterEvent& event : given.at(keys[i])) {
      const bool is_new = std::ranges::none_of(
          letter.history, [&](const LetterEvent& earlier) { return is_repeated(event, earlier); });
      if (is_new) letter.history.push_back(event);
    }
    const bool is_waiting = state_of(letter.history) == LetterState::waiting;
    if (was_waiting && !is_waiting) --count;
    if (!was_waiting && is_waiting) ++count;
    rows.put(kDeadLetters, keys[i], encoding::encode_dead_letter(letter));
  }
  rows.put(kSettings, kCountKey, encoding::encode_number(count));
  return rows.commit(Durability::synced);
}

// In the embedded log a record's key is its user.
Result<std::uint64_t> RocksDeadLetters::erase(const UserId& user_id, const LogPosition& position,
                                              Timestamp /*at*/) {
  return remove(std::numeric_limits<std::size_t>::max(), [&](const DeadLetter& letter) {
    return letter.key == user_id.value() && is_before(letter.position, position);
  });
}

Result<std::uint64_t> RocksDeadLetters::expire(Timestamp before, std::size_t letters_max) {
  return remove(letters_max, [&](const DeadLetter& letter) { return letter.failed_at < before; });
}

Result<std::uint64_t> RocksDeadLetters::remove(
    std::size_t letters_max, const std::function<bool(const DeadLetter&)>& is_to_go) {
  const MutexLock lock(write_mutex_);
  KONOMI_TRY(std::uint64_t count, count_waiting());
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kDeadLetters, ""));
  std::vector<std::string> keys;
  while (keys.size() < letters_max) {
    KONOMI_TRY(const auto letter, next_letter(walk));
    if (!letter) break;
    if (!is_to_go(*letter)) continue;
    keys.push_back(letter_key(letter->position));
    if (state_of(letter->history) == LetterState::waiting) --count;
  }
  if (keys.empty()) return std::uint64_t{0};
  KONOMI_TRY(RowBatch rows, RowBatch::begin(database_));
  for (const std::string& key : keys) rows.remove(kDeadLetters, key);
  rows.put(kSettings, kCountKey, encoding::encode_number(count));
  KONOMI_CHECK_OK(rows.commit(Durability::synced));
  return keys.size();
}

Result<std::vector<DeadLetter>> RocksDeadLetters::list(const LogPosition* after,
                                                       std::size_t letters_max,
                                                       std::optional<LetterState> state) {
  std::optional<std::string> after_key;
  if (after != nullptr) after_key = letter_key(*after);
  KONOMI_TRY(RowWalk walk, RowWalk::begin(database_, kDeadLetters, "", std::move(after_key)));
  std::vector<DeadLetter> letters;
  while (letters.size() < letters_max) {
    KONOMI_TRY(auto letter, next_letter(walk));
    if (!letter) break;
    if (state && state_of(letter->history) != *state) continue;
    letters.push_back(*std::move(letter));
  }
  return letters;
}

Result<std::optional<DeadLetter>> RocksDeadLetters::find(const LogPosition& position) {
  KONOMI_TRY(const auto value, read_row(database_, kDeadLetters, letter_key(position)));
  if (!value) return std::nullopt;
  KONOMI_TRY(DeadLetter letter, encoding::decode_dead_letter(*value));
  name_the_letter(letter, position);
  return std::optional(std::move(letter));
}

Result<std::uint64_t> RocksDeadLetters::count_waiting() {
  KONOMI_TRY(const auto value, read_row(database_, kSettings, kCountKey));
  if (!value) return std::uint64_t{0};
  return encoding::decode_number(*value);
}

}  // namespace konomi::rocks
