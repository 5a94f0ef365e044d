#!/usr/bin/env python3
"""The house rules that a program can check; what they mean is in CONTRIBUTING.md.

usage: tidy.py [--commits RANGE] [FILE…]      without files: every file git knows or would add
       tidy.py --write                        draws the rooms in ARCHITECTURE.md

One line per finding, `file:line: rule: what to do instead`. Exit 1 when there are any. A C++ line
can be excused with `// tidy: <rule>: <reason>` at its end or alone on the line before.
"""

import argparse
import bisect
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINE_MAX = 100
README_LINES_MAX = 30
CODE_SUFFIXES = (".h", ".cc")
LIMITED_SUFFIXES = (".h", ".cc", ".py", ".sh")

# --- The house: who may include whom -------------------------------------------------------------

ROLES = ("ingest", "consume", "aggregate", "api", "export", "import", "simulate", "verify")
BELOW = ("ports", "domain", "base")
ROOM_EDGES = {
    "base": (),
    "domain": ("base",),
    "ports": ("domain", "base"),
    "wire": BELOW,
    "encoding": ("wire",) + BELOW,
    "http": BELOW,
    "rest": ("http", "wire") + BELOW[1:],
    "trace": ("http", "wire") + BELOW,
    "dlq": ("encoding",) + BELOW,
    **{role: BELOW for role in ROLES},
    "ingest": ("rest", "wire") + BELOW,
    "api": ("dlq", "rest", "wire") + BELOW,
    "access": ("rest", "http", "wire") + BELOW,
    "export": ("rest", "wire") + BELOW,
    "verify": ("rest", "wire") + BELOW,
    "config": ("wire",) + BELOW,
    "engine": ("config",) + BELOW,
    "operate": ("engine", "config", "export", "rest", "wire") + BELOW,
    "process": ("ingest", "consume", "aggregate", "api", "export", "verify", "operate", "engine",
                "config", "access", "dlq", "rest", "http", "trace") + BELOW,
    "client": ("rest", "http") + BELOW,
    "import": ("client", "wire") + BELOW,
    "cli": ROLES + ("process", "client", "operate", "engine", "config", "access", "rest",
                    "http", "wire") + BELOW,
    "main": ("cli", "config", "base"),
}
# What every adapter may include; none includes another.
ADAPTERS_MAY = ("encoding", "wire") + BELOW
# What is only linked into tests: foo_test.cc, foo_fuzz.cc, and the fixtures that they share.
TEST_CODE = re.compile(r"(_test|_fuzz|_fixture)\.(h|cc)$|/test_[^/]*\.(h|cc)$")
# The files that name adapters.
ENGINE_FILES = ("src/engine/engine.cc", "src/engine/cluster_engine.cc")
# Which rooms may include a library: the start of an <include>, the rooms, what to do elsewhere.
# The first that fits decides.
LIBRARIES = (
    ("rocksdb/", ("adapters/rocks",), "go through a port"),
    ("librdkafka/", ("adapters/kafka",), "go through a port"),
    ("boost/asio", ("http",), "network code and coroutines live in src/http"),
    ("boost/beast", ("http",), "take http/message.h: handlers are ordinary functions"),
    ("CLI/", ("cli",), "flags are read in cli; take the values you use"),
    ("toml++/", ("config", "access"), "settings are read in config; take the values you use"),
    ("date/", ("domain",), "time zones are domain/business_day.h"),
)
DOMAIN_REFUSES = {
    "I/O": ("iostream", "fstream", "istream", "ostream", "cstdio", "stdio.h", "filesystem",
            "unistd.h", "sys/", "spdlog/", "prometheus/"),
    "JSON": ("simdjson.h", "simdjson", "boost/json"),
    "threads": ("thread", "mutex", "shared_mutex", "condition_variable", "atomic", "future",
                "semaphore", "latch", "barrier", "stop_token"),
}

# --- Documents -----------------------------------------------------------------------------------

# The picture of the includes: its file, and the lines that it stands between.
PICTURE = ("ARCHITECTURE.md", "<!-- The rooms: written by scripts/tidy.py --write -->",
           "<!-- The end of the rooms -->")
# Folders besides the rooms whose README names each file of a kind.
LISTED_FILES = (("tests/e2e", ".py"),)
# Where the table of ports is, and what the last column of its rows says.
PORTS_FOLDER = "src/ports"
# Calls that write are those that return no value but an error, and those that begin so.
WRITING_VERBS = ("add", "append", "erase", "expire", "put", "reclaim", "remove", "replay")

# --- Words ---------------------------------------------------------------------------------------

# Rule, what is banned (in code without comments and string contents), what to do instead, and the
# files it does not hold for.
CODE_WORDS = (
    ("lock", r"std::(recursive_|shared_|timed_)*mutex\b"
     r"|std::(lock_guard|scoped_lock|unique_lock|shared_lock|condition_variable\w*)\b",
     "use Mutex, MutexLock or ConditionVariable of base/mutex.h, which `make tidy` can check",
     r"^src/base/(mutex|wait)\.h$"),
    ("thread", r"std::thread\b(?!\s*::)|\.detach\(\)",
     "use a std::jthread member, declared last, and a stop() that waits for it", None),
    ("output", r"std::(cout|cerr|clog)\b",
     "log with base/log.h; a command prints with fmt::print", None),
    ("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b",
     "wait on a condition with a limit; a test waits for what it expects", None),
    ("format", r"std::(format|format_to|print|println)\b", "use fmt; g++ 12 has none", None),
    ("endl", r"std::endl\b", r"write '\n'", None),
    ("using-namespace", r"using\s+namespace\s+std\s*;", "name what you use", None),
    ("assert", r"(?<![\w.>:])assert\s*\(", "use KONOMI_ASSERT(expression, message)",
     r"^src/base/assert\.h$"),
    ("random", r"(?<![\w.>:])(std::)?s?rand\s*\(",
     "take a seeded generator from the caller", None),
    ("clock", r"\b(system_clock::now|gettimeofday|clock_gettime)\b|(?<![\w.>:])(std::)?time\s*"
     r"\(\s*(0|NULL|nullptr|&\w+)\s*\)",
     "take a Clock& (base/clock.h) and ask it", r"^src/base/clock\.h$"),
    ("domain-clock", r"(\.|->|::)now\s*\(\s*\)", "pass the instant in; domain reads no clock",
     r"^(?!src/domain/)"),
    ("environment", r"\bgetenv\s*\(", "settings are read in config; take the values you use",
     r"^(src/config/|tests/|bench/)|_test\.cc$"),
    ("coroutine", r"\bco_(await|return|yield)\b",
     "coroutines live in src/http; hand in a callback", r"^src/http/"),
    ("disabled-test", r"\bDISABLED_\w+", "mend the test or delete it", None),
    ("test-name", r"\b(TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*\w+,\s*"
     r"(?!\s|[A-Z][A-Za-z0-9]*\))",
     "a test's name is a sentence: TEST(OrderHandler, RefusesAnEmptyUserId)", None),
)


def spelled(*parts):
    """A pattern for a text that must not stand in this file either."""
    return "".join(re.escape(part) for part in parts)


# The same for every text file, comments and strings included.
TEXT_WORDS = (
    ("leftover", r"\b(" + "|".join((spelled("TO", "DO"), spelled("FIX", "ME"), spelled("XX", "X"),
                                    spelled("HA", "CK"))) + r")\b",
     "finish it, or open an issue and say here what holds until then", None),
    ("machine-path", spelled("/wo", "rk/") + r"(main|shared)|" + spelled("/tmp", "/k/") +
     "|" + spelled("bash_", "jobs"),
     "name no path of one machine; take it from the repository's root or a setting", None),
    ("registry", "|".join((
        spelled("registry", ".npmjs."), spelled("pypi", ".org"), spelled("files.python", "hosted"),
        spelled("crates", ".io"), spelled("repo1", ".maven"), spelled("repo.maven", ".apache"),
        spelled("proxy", ".golang"), spelled("deb", ".debian.org"), spelled("deb.node", "source"))),
     "name no package registry's host; the clients know theirs",
     r"^bridge/Cargo\.lock$"),  # Cargo writes its index's name there.
    ("sleep", r"\btime\.sleep\(|\bfrom time import .*\bsleep\b",
     "wait for what you expect: tests/e2e/konomi_e2e.py has wait_for()",
     r"^(?!tests/e2e/)"),
    ("lint-reason", r"NOLINT(NEXTLINE|BEGIN)?(?!\w)(?!\([\w.,* -]+\): \S)(?!END)",
     "write NOLINT(check): reason", r"^(?!.*\.(h|cc)$)"),
)


class Finding:
    def __init__(self, path, line, rule, advice):
        self.path, self.line, self.rule, self.advice = path, line, rule, advice

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.advice}"


# --- Reading C++ ---------------------------------------------------------------------------------

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def without_text(source):
    """The source with comments and the contents of literals blanked, every offset kept."""
    def blank(match):
        text = match.group(0)
        kept = re.sub(r"[^\n]", " ", text)
        if text.startswith(("//", "/*")) or len(text) < 2:
            return kept
        return text[0] + kept[1:-1] + text[-1]
    return TOKEN.sub(blank, source)


class Source:
    """One C++ file: its text, its code without comments, and where its lines begin."""

    def __init__(self, path, text):
        self.path, self.text = path, text
        self.lines = text.split("\n")
        self.code = without_text(text)
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def line_of(self, offset):
        return bisect.bisect_right(self.starts, offset)


def excused(lines, line, rule):
    mark = re.compile(r"//\s*tidy: " + re.escape(rule) + r": \S")
    own = line <= len(lines) and mark.search(lines[line - 1])
    before = line >= 2 and lines[line - 2].strip().startswith("//") and mark.search(lines[line - 2])
    return bool(own or before)


def room_of(path):
    parts = path.split("/")
    if parts[0] != "src":
        return None
    if parts[1:] == ["main.cc"]:
        return "main"
    if parts[1] == "adapters" and len(parts) > 3:
        return f"adapters/{parts[2]}"
    return parts[1] if len(parts) > 2 else None


# --- Rules for C++ -------------------------------------------------------------------------------

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def includes(source):
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def is_test_code(path):
    return bool(TEST_CODE.search(path))


def may_include(room, path, header):
    target = room_of("src/" + header)
    if target in (None, room):
        return True
    if target.startswith("adapters/"):
        # Tests of a role run over the in-memory adapter.
        return path in ENGINE_FILES or (
            is_test_code(path) and target == "adapters/memory")
    return target in (ADAPTERS_MAY if room.startswith("adapters/") else ROOM_EDGES.get(room, ()))


def check_edges(source):
    room = room_of(source.path)
    if room is None:
        return
    for line, own, header in includes(source):
        if own and (header.startswith("tests/") or is_test_code(header)):
            if not is_test_code(source.path):
                yield line, "edge", "only test code includes test code"
            elif header.startswith("tests/") and not header.startswith("tests/support/"):
                yield line, "edge", "what rooms share with tests/ lies in tests/support"
        elif own and not may_include(room, source.path, header):
            target = room_of("src/" + header)
            allowed = ROOM_EDGES.get(room, BELOW)
            if target.startswith("adapters/"):
                yield (line, "edge",
                       "only src/engine names adapters; go through a port")
            else:
                yield (line, "edge", f"{room} must not include {target}; it may include "
                       f"{', '.join(allowed) or 'nothing but itself'}")
        if not own:
            yield from check_library(source.path, room, line, header)


def check_library(path, room, line, header):
    for start, rooms, advice in LIBRARIES:
        if header.startswith(start):
            if room not in rooms:
                yield line, "library", f"<{header}> is for {', '.join(rooms)} only; {advice}"
            break
    if room == "domain" and not is_test_code(path):
        for what, headers in DOMAIN_REFUSES.items():
            if any(header == h or (h.endswith("/") and header.startswith(h)) for h in headers):
                yield line, "library", f"<{header}>: domain has no {what}; do this in a role"


def check_rooted_includes(source):
    """Their order is clang-format's work."""
    for line, own, header in includes(source):
        if own and (header.startswith(".") or not is_rooted(header)):
            yield line, "include", f'"{header}" is not found from src/ or the root; root it there'
        if not own and is_rooted(header):
            yield line, "include", f'write "{header}": it is konomi\'s own'


def is_rooted(header):
    return (ROOT / "src" / header).is_file() or (
        "/" in header and (ROOT / header).is_file()) or header in GENERATED_HEADERS


# Made by the build; none so far.
GENERATED_HEADERS = ()


def check_pragma_once(source):
    if source.path.endswith(".h"):
        first = next((n for n, line in enumerate(source.code.split("\n"), 1) if line.strip()), 1)
        if not source.lines[first - 1].startswith("#pragma once"):
            yield first, "pragma-once", "begin the header with #pragma once"
        for match in re.finditer(r"\busing\s+namespace\b", source.code):
            yield (source.line_of(match.start()), "using-namespace",
                   "a header opens no namespace for those who include it")


def closing(code, start):
    """The offset behind the bracket that closes the one at `start`; the end when none does."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    open_, close, depth = code[start], pairs[code[start]], 0
    for offset in range(start, len(code)):
        depth += (code[offset] == open_) - (code[offset] == close)
        if depth == 0:
            return offset + 1
    return len(code)


def is_lambda(code, offset):
    """Whether the "[" at offset begins a lambda and is no subscript, attribute or binding."""
    before = code[:offset].rstrip()
    if code.startswith("[[", offset) or before.endswith("["):
        return False
    if re.search(r"\bauto(\s*&{1,2})?$", before):
        return False
    return not re.search(r"[\w\])]$", before) or bool(re.search(r"\b(return|co_return)$", before))


def lambda_body(code, offset):
    """(captures, start, end of the body) of the lambda at offset; -1 where there is no body."""
    end = closing(code, offset)
    captures = code[offset + 1:end - 1].strip()
    rest = re.compile(r"\s*(\((?P<p>))?").match(code, end)
    position = end
    if rest.group("p") is not None:
        position = closing(code, code.index("(", end))
    brace = re.compile(r"[^;{}()]*(\([^;{}()]*\)[^;{}()]*)*\{").match(code, position)
    if not brace:
        return captures, -1, -1
    return captures, brace.end() - 1, closing(code, brace.end() - 1)


def await_expression(code, start):
    """Where the expression behind a co_await ends: at ; or , or a bracket it stands in."""
    offset = start
    while offset < len(code):
        character = code[offset]
        if character in ";,)]}":
            return offset
        if character in "([":
            offset = closing(code, offset)
        elif character == "{":
            # Behind a name or > this is a braced value of the expression; else a block follows it.
            if not re.search(r"[\w>]\s*$", code[start:offset]):
                return offset
            offset = closing(code, offset)
        else:
            offset += 1
    return offset


def check_coroutines(source):
    code = source.code
    for match in re.finditer(r"\bco_await\b", code):
        start, end = match.end(), await_expression(code, match.end())
        offset = start
        while offset < end:
            if code[offset] == "[" and is_lambda(code, offset):
                captures, body, body_end = lambda_body(code, offset)
                if captures:
                    yield (source.line_of(offset), "co-await",
                           "g++ 12 destroys a capturing lambda in a co_await twice; name it first")
                if body >= 0:
                    offset = body_end
                    continue
            if code[offset] == "{":
                yield (source.line_of(offset), "co-await",
                       "g++ 12 destroys a braced value in a co_await twice; name it first")
                offset = closing(code, offset)
                continue
            offset += 1
    for match in re.finditer(r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*co_await\b", code):
        yield (source.line_of(match.start()), "co-await",
               "take the tuple by name first, then bind: auto r = co_await …; auto& [a, b] = r;")
    for match in re.finditer(r"\[", code):
        if is_lambda(code, match.start()):
            captures, body, body_end = lambda_body(code, match.start())
            if captures and body >= 0 and re.search(r"\bco_(await|return|yield)\b",
                                                    without_inner_lambdas(code[body:body_end])):
                yield (source.line_of(match.start()), "co-await",
                       "a coroutine lambda's captures die with the lambda; make it a function")


def without_inner_lambdas(body):
    """The body with the bodies of lambdas in it blanked: their co_await is not its own."""
    for match in list(re.finditer(r"\[", body)):
        if is_lambda(body, match.start()):
            _, start, end = lambda_body(body, match.start())
            if start >= 0:
                body = body[:start] + " " * (end - start) + body[end:]
    return body


def check_code_words(source):
    for rule, pattern, advice, exempt in CODE_WORDS:
        if exempt and re.search(exempt, source.path):
            continue
        for match in re.finditer(pattern, source.code):
            yield source.line_of(match.start()), rule, advice


# What a literal begins with whose text is glued to others until it is JSON: a member of an object,
# behind any brackets and commas.
JSON_MEMBER = re.compile(r'[\s{}\[\],]*"[^"]*"\s*:')
# Where it is made of characters: the writer, and the escaping and the log below it.
JSON_ROOMS = ("wire", "base")


def check_json_glue(source):
    """JSON is written by wire's JsonWriter, over the escaping of base/json.h."""
    if room_of(source.path) in (None, *JSON_ROOMS) or is_test_code(source.path):
        return
    advice = "write JSON with wire/json_writer.h: it escapes, and puts the commas"
    for match in TOKEN.finditer(source.text):
        literal = match.group(0)
        text = ""
        if literal.startswith('R"'):
            text = literal[literal.index("(") + 1:literal.rindex(")")]
        elif literal.startswith('"'):
            text = literal[1:-1].replace('\\"', '"')
        if JSON_MEMBER.match(text):
            yield source.line_of(match.start()), "json-glue", advice
    for match in re.finditer(r"\bappend_json_\w+\b", source.code):
        yield source.line_of(match.start()), "json-glue", advice


CODE_RULES = (check_edges, check_rooted_includes, check_pragma_once, check_coroutines,
              check_code_words, check_json_glue)


# --- Rules for every text ------------------------------------------------------------------------

def check_text_words(path, lines):
    for rule, pattern, advice, exempt in TEXT_WORDS:
        if exempt and re.search(exempt, path):
            continue
        expression = re.compile(pattern)
        for number, line in enumerate(lines, 1):
            if expression.search(line):
                yield number, rule, advice


def check_lines(path, lines):
    if path.endswith(LIMITED_SUFFIXES):
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX:
                yield number, "line-length", f"{len(line)} characters; at most {LINE_MAX}"


# --- References ----------------------------------------------------------------------------------

# `docs/…` as people write it in comments and texts, with an anchor or without.
DOCS_PATH = re.compile(r"(?<![\w./-])((?:docs/|decisions/(?=\d))[\w./-]*)(?:#([\w-]+))?")
LINK = re.compile(r"\]\(([^()\s]+)\)")
# A file as the pages at the root name it.
NAMED_FILE = re.compile(r"`((?:src|tests|web|deploy|scripts|bench)/[\w./-]+)`")
FENCE = re.compile(r"^ *```")


def slugs(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found, times, fenced = [], {}, False
    for line in text.split("\n"):
        fenced ^= bool(FENCE.match(line))
        heading = re.match(r"#{1,6} +(.*?) *#*$", line)
        if heading and not fenced:
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            times[slug] = times.get(slug, -1) + 1
            found.append(f"{slug}-{times[slug]}" if times[slug] else slug)
    return found


def references(path, lines):
    """(line, as written, file from the root, anchor or None) of each reference to a document, and
    of each file that a page at the root names."""
    for number, line in enumerate(lines, 1):
        if path.endswith(".md"):
            if "/" not in path:
                yield from ((number, file, file, None) for file in NAMED_FILE.findall(line))
            for target in LINK.findall(line):
                if not re.match(r"\w+:", target):
                    file, _, anchor = target.partition("#")
                    folder = pathlib.PurePosixPath(path).parent
                    yield (number, target, os.path.normpath(folder / file) if file else path,
                           anchor or None)
        for match in DOCS_PATH.finditer(line):
            file = match.group(1).rstrip("./-")
            yield (number, match.group(0), file if file.startswith("docs") else f"docs/{file}",
                   match.group(2))


def found_file(file):
    """The file that is meant: a decision may be named by its number alone."""
    if (ROOT / file).exists():
        return ROOT / file
    if re.search(r"/\d{4}$", file):
        named = list(ROOT.glob(f"{file}-*.md"))
        return named[0] if len(named) == 1 else None
    return None


def check_references(path, lines):
    for number, written, file, anchor in references(path, lines):
        target = found_file(file)
        if target is None:
            yield number, "reference", f"{written}: there is no {file}"
        elif anchor and anchor not in slugs(target.read_text(encoding="utf-8")):
            yield number, "reference", f"{written}: {file} has no heading with that anchor"


def check_text(path, text):
    """The findings of one file."""
    lines = text.split("\n")
    found = [*check_text_words(path, lines), *check_lines(path, lines),
             *check_references(path, lines)]
    if path.endswith(CODE_SUFFIXES):
        source = Source(path, text)
        for rule in CODE_RULES:
            found.extend(rule(source))
        found = [item for item in found if not excused(lines, item[0], item[1])]
    return [Finding(path, *item) for item in sorted(set(found))]


def check_rooms(paths):
    """Every room says what it is for, briefly."""
    rooms = {room_of(path) for path in paths if path.endswith(CODE_SUFFIXES)} - {None, "main"}
    rooms = sorted(f"src/{room}" for room in rooms)
    for room in rooms:
        readme = ROOT / room / "README.md"
        if not readme.is_file():
            yield Finding(f"{room}/README.md", 1, "room", "write it: what the room is for, main "
                          "types, invariants, where to start reading")
            continue
        count = len(readme.read_text(encoding="utf-8").splitlines())
        if count > README_LINES_MAX:
            yield Finding(f"{room}/README.md", README_LINES_MAX + 1, "room",
                          f"{count} lines; say it in {README_LINES_MAX}")


PRIVATE = re.compile(r"^// Private to [\w/]+: \S", re.MULTILINE)


def is_named(file, readme):
    """Whether a README names the file, whole or, between backticks, by its stem."""
    name = pathlib.PurePosixPath(file)
    return bool(re.search(rf"(?<![\w.-]){re.escape(name.name)}(?![\w-])", readme) or
                re.search(rf"`[^`\n]*(?<![\w.-]){re.escape(name.stem)}(?![\w.-])[^`\n]*`", readme))


def check_named(paths):
    """Every header of a room, and every file of LISTED_FILES, is in its folder's README."""
    for path in paths:
        folder = str(pathlib.PurePosixPath(path).parent)
        is_header = room_of(path) not in (None, "main") and path.endswith(".h")
        is_listed = any(folder == listed and path.endswith(kind) for listed, kind in LISTED_FILES)
        if not (is_header and not is_test_code(path)) and not is_listed:
            continue
        readme = ROOT / (f"src/{room_of(path)}" if is_header else folder) / "README.md"
        if not readme.is_file() or is_named(path, readme.read_text(encoding="utf-8")):
            continue
        head = "\n".join((ROOT / path).read_text(encoding="utf-8").split("\n")[:10])
        if is_header and PRIVATE.search(head):
            continue
        yield Finding(path, 1, "unnamed",
                      f"{readme.relative_to(ROOT)} does not name it; give it a place in its table" +
                      (" or begin it with `// Private to ROOM: why`" if is_header else ""))


def floor_of(room):
    """How many floors lie below a room."""
    return 1 + max((floor_of(below) for below in ROOM_EDGES.get(room, ())), default=-1)


def picture():
    """Who may include whom, a line for the rooms of a floor that may include the same."""
    rows = {}
    for room, rooms in ROOM_EDGES.items():
        rows.setdefault((floor_of(room), rooms), []).append(room)
    floor = 1 + max(floor_of(room) for room in ADAPTERS_MAY)
    rows[(floor, ADAPTERS_MAY)] = rows.get((floor, ADAPTERS_MAY), []) + ["adapters/*"]
    lines = []
    for (_, rooms), names in sorted(rows.items(), key=lambda row: -row[0][0]):
        may = [room for room in rooms if room not in BELOW]
        if set(BELOW) <= set(rooms):
            may.append(f"{BELOW[0]} and below")
        else:
            may += [room for room in rooms if room in BELOW]
        lines.append((", ".join(names), ", ".join(may) or "nothing"))
    lines += [(file.removeprefix("src/"), "adapters/*, and what its room may")
              for file in ENGINE_FILES]
    width = max(len(names) for names, _ in lines)
    return "\n".join(f"{names:{width}} → {may}" for names, may in lines)


def with_picture(text):
    """The page with the picture as it should be; None when it has no place for it."""
    _, begin, end = PICTURE
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        return None
    head, tail = text[:text.index(begin)], text[text.index(end):]
    return f"{head}{begin}\n```\n{picture()}\n```\n{tail}"


def check_picture():
    file = PICTURE[0]
    text = (ROOT / file).read_text(encoding="utf-8")
    wanted = with_picture(text)
    if wanted is None:
        yield Finding(file, 1, "picture", f"give the rooms a place between {PICTURE[1]} and "
                      f"{PICTURE[2]}")
    elif wanted != text:
        yield Finding(file, text[:text.index(PICTURE[1])].count("\n") + 1, "picture",
                      "it differs from the tables of scripts/tidy.py; run scripts/tidy.py --write")


def port_of(header):
    """(class, its writing calls) of a port's header."""
    code = without_text(header)
    classes = re.split(r"\bclass (\w+) \{", code)
    for name, body in zip(classes[1::2], classes[2::2]):
        calls = re.findall(r"\bvirtual ([\w:<>, *&]+?) (\w+)\(", body)
        if calls:
            return name, {call for result, call in calls if result == "Result<void>" or
                          call.split("_")[0] in WRITING_VERBS}
    return None, set()


def writers_of(port, calls, sources):
    """The rooms of these (path, text) whose code calls a port to write."""
    rooms = {}
    for path, text in sources:
        rooms.setdefault(room_of(path), []).append(without_text(text))
    # What stands for the port: functions that give it and its member of `Ports`, in every room, and
    # the room's own members and parameters.
    reference = rf"\b{port}\s*&\s*(\w+)"
    getters = {rf"{name}\(\)" for codes in rooms.values() for code in codes
               for name in re.findall(reference + r"\(\)", code)}
    together = without_text((ROOT / PORTS_FOLDER / "ports.h").read_text(encoding="utf-8"))
    getters.update(re.findall(reference + ";", together))
    writers = set()
    for room, codes in rooms.items():
        names = getters | {name for code in codes for name in
                           re.findall(rf"\b{port}\s*[&*]\s*(?:const\s+)?(\w+)(?!\w*\()", code)}
        call = rf"\b({'|'.join(sorted(names))})\s*(?:\.|->)\s*({'|'.join(sorted(calls))})\("
        if names and calls and any(re.search(call, code) for code in codes):
            writers.add(room)
    return writers


def check_writers(paths):
    """The table of ports tells the rooms that write each of them."""
    readme = f"{PORTS_FOLDER}/README.md"
    sources = [(path, (ROOT / path).read_text(encoding="utf-8")) for path in paths
               if path.endswith(CODE_SUFFIXES) and not is_test_code(path) and
               room_of(path) not in (None, "main", "ports") and
               not room_of(path).startswith("adapters/")]
    rows = (ROOT / readme).read_text(encoding="utf-8").split("\n")
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        header = ROOT / PORTS_FOLDER / cells[0].strip("`")
        if not row.startswith("| `") or not header.is_file():
            continue
        port, calls = port_of(header.read_text(encoding="utf-8"))
        told = set(re.findall(r"[\w/]+", cells[-1]))
        written = writers_of(port, calls, sources)
        if port and told != written:
            yield Finding(readme, number, "writers",
                          f"{port} is written by {', '.join(sorted(written)) or 'nobody'}")


def check_house(paths):
    """What holds between files; `paths` are all of them."""
    return [*check_rooms(paths), *check_named(paths), *check_picture(), *check_writers(paths)]


def check_commit(message):
    """What is wrong with a commit message's first line, or nothing."""
    subject = message.split("\n", 1)[0]
    if len(subject) > 72:
        yield f"the subject has {len(subject)} characters; say it in 72"
    if not re.match(r"[a-z][a-z0-9_./, -]*: \S", subject):
        yield "write `area: what changed`"
    if re.match(r"[^:]*: .*\.$", subject):
        yield "a subject has no full stop"


# --- The program ---------------------------------------------------------------------------------

def git(*arguments):
    return subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), *arguments],
                          check=True, capture_output=True, text=True).stdout


def all_paths():
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return sorted(path for path in set(listed) if path and (ROOT / path).is_file())


def read_text(path):
    """The file's text; nothing when it is no text."""
    data = (ROOT / path).read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def main():
    parser = argparse.ArgumentParser(description="Checks the house rules.")
    parser.add_argument("--commits", metavar="RANGE", help="check these commits' messages as well")
    parser.add_argument("--write", action="store_true",
                        help=f"write the picture of the rooms into {PICTURE[0]}")
    parser.add_argument("files", nargs="*", metavar="FILE", help="only these, from the root")
    arguments = parser.parse_args()

    if arguments.write:
        page = ROOT / PICTURE[0]
        wanted = with_picture(page.read_text(encoding="utf-8"))
        if wanted is not None:
            page.write_text(wanted, encoding="utf-8")
    paths = arguments.files or all_paths()
    findings = []
    for path in paths:
        text = read_text(path)
        if text is not None:
            findings.extend(check_text(path, text))
    findings.extend(check_rooms(paths) if arguments.files else check_house(paths))
    for finding in findings:
        print(finding)
    wrong_commits = 0
    if arguments.commits:
        for commit in git("rev-list", arguments.commits).split():
            for problem in check_commit(git("log", "-1", "--format=%B", commit)):
                print(f"{commit[:10]}: commit: {problem}")
                wrong_commits += 1
    if findings or wrong_commits:
        sys.exit(1)
    print(f"tidy: {len(paths)} files, nothing to say")


if __name__ == "__main__":
    main()
