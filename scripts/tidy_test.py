"""Each house rule: what it finds, and what it leaves alone."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import tidy

TO_DO = "TO" + "DO"
DOCS = "do" + "cs/"  # So that the references of this file's examples are none of its own.


def rules(path, *lines):
    """The (line, rule) pairs found in a file of these lines."""
    return [(finding.line, finding.rule) for finding in tidy.check_text(path, "\n".join(lines))]


class TidyTest(unittest.TestCase):
    def assert_finds(self, rule, path, *lines, line=1):
        self.assertIn((line, rule), rules(path, *lines))

    def assert_quiet(self, path, *lines):
        self.assertEqual([], rules(path, *lines))


class Edges(TidyTest):
    def test_a_role_uses_its_own_room_and_what_lies_below(self):
        for header in ("ports/order_log.h", "domain/order.h", "base/result.h"):
            self.assert_quiet("src/consume/x.cc", f'#include "{header}"')

    def test_nothing_looks_up(self):
        self.assert_finds("edge", "src/domain/x.cc", '#include "ports/order_log.h"')
        self.assert_finds("edge", "src/base/x.cc", '#include "domain/order.h"')
        self.assert_finds("edge", "src/ports/x.h", "#pragma once", '#include "http/message.h"',
                          line=2)
        self.assert_finds("edge", "src/http/x.cc", '#include "ingest/order_handler.h"')
        self.assert_finds("edge", "src/consume/x.cc", '#include "config/config.h"')

    def test_roles_do_not_include_each_other(self):
        self.assert_finds("edge", "src/ingest/x.cc", '#include "consume/consumer.h"')
        self.assert_finds("edge", "src/simulate/x.cc", '#include "import/importer.h"')

    def test_rooms_with_endpoints_reach_http_through_rest(self):
        for room in ("ingest", "api", "export", "verify", "operate"):
            self.assert_quiet(f"src/{room}/x.cc", '#include "rest/router.h"')
            for header in ("http/message.h", "http/router.h", "http/server.h"):
                self.assert_finds("edge", f"src/{room}/x.cc", f'#include "{header}"')
        for header in ("rest/router.h", "http/message.h"):
            self.assert_finds("edge", "src/consume/x.cc", f'#include "{header}"')
        self.assert_finds("edge", "src/http/x.cc", '#include "rest/scope.h"')

    def test_import_goes_through_the_client(self):
        self.assert_quiet("src/import/x.cc", '#include "client/server.h"')
        for header in ("http/message.h", "http/server.h"):
            self.assert_finds("edge", "src/import/x.cc", f'#include "{header}"')

    def test_only_the_engines_name_adapters(self):
        line = '#include "adapters/rocks/database.h"'
        self.assertNotIn((1, "edge"), rules("src/engine/engine.cc", line))
        self.assert_finds("edge", "src/process/konomi.cc", line)
        self.assert_finds("edge", "src/aggregate/x.cc", line)
        self.assert_finds("edge", "src/adapters/memory/x.cc", line)
        self.assertNotIn((1, "edge"), rules("src/adapters/rocks/x.cc", line))

    def test_a_roles_test_runs_over_the_memory_adapter(self):
        line = '#include "adapters/memory/engine.h"'
        self.assertNotIn((1, "edge"), rules("src/aggregate/x_test.cc", line))
        self.assert_finds("edge", "src/aggregate/x.cc", line)

    def test_an_adapter_sees_the_ports_and_below(self):
        self.assert_quiet("src/adapters/rocks/x.cc", '#include "ports/order_log.h"')
        self.assert_finds("edge", "src/adapters/rocks/x.cc", '#include "http/message.h"')

    def test_main_sees_app(self):
        self.assert_finds("edge", "src/main.cc", '#include "domain/order.h"')
        self.assertNotIn((1, "edge"), rules("src/main.cc", '#include "cli/cli.h"'))

    def test_the_fixtures_of_tests_are_test_code(self):
        line = '#include "adapters/memory/engine.h"'
        for path in ("src/api/test_restaurant.h", "src/aggregate/shop_fixture.h"):
            self.assertNotIn((2, "edge"), rules(path, "#pragma once", line))
        self.assert_finds("edge", "src/api/x.cc", '#include "api/test_restaurant.h"')
        self.assertNotIn((1, "edge"),
                         rules("src/api/x_test.cc", '#include "api/test_restaurant.h"'))

    def test_only_tests_include_tests(self):
        self.assert_finds("edge", "src/consume/x.cc", '#include "tests/support/temp.h"')
        self.assertNotIn((1, "edge"),
                         rules("src/consume/x_test.cc", '#include "tests/support/temp.h"'))
        self.assert_finds("edge", "src/consume/x_test.cc", '#include "tests/sim/figures.h"')

    def test_the_rooms_have_no_circle(self):
        for room in tidy.ROOM_EDGES:
            self.assertLess(tidy.floor_of(room), len(tidy.ROOM_EDGES))

    def test_a_path_outside_src_is_free(self):
        self.assert_quiet("bench/x.cc", '#include "domain/order.h"', '#include "ports/order_log.h"')


class Libraries(TidyTest):
    def test_client_libraries_stay_in_their_adapter(self):
        self.assert_finds("library", "src/consume/x.cc", "#include <rocksdb/db.h>")
        self.assert_quiet("src/adapters/rocks/x.cc", "#include <rocksdb/db.h>")
        self.assert_finds("library", "src/adapters/rocks/x.cc", "#include <librdkafka/rdkafka.h>")

    def test_network_code_stays_in_http(self):
        self.assert_quiet("src/http/x.cc", "#include <boost/beast/core.hpp>")
        self.assert_finds("library", "src/api/x.cc", "#include <boost/beast/core.hpp>")
        self.assert_finds("library", "src/config/x.cc", "#include <boost/asio/io_context.hpp>")
        self.assert_finds("library", "src/config/x.cc", "#include <boost/asio/ip/address.hpp>")

    def test_settings_are_read_in_app(self):
        self.assert_quiet("src/cli/x.cc", "#include <CLI/CLI.hpp>")
        self.assert_quiet("src/config/x.cc", "#include <toml++/toml.h>")
        self.assert_finds("library", "src/simulate/x.cc", "#include <CLI/CLI.hpp>")

    def test_domain_has_no_io_json_or_threads(self):
        for header in ("fstream", "simdjson.h", "thread", "mutex", "sys/stat.h", "spdlog/spdlog.h"):
            self.assert_finds("library", "src/domain/x.cc", f"#include <{header}>")
        self.assert_quiet("src/domain/x.cc", "#include <fmt/format.h>", "#include <vector>")

    def test_domain_reads_no_clock(self):
        self.assert_finds("domain-clock", "src/domain/x.cc", "auto t = clock.now();")
        self.assert_quiet("src/consume/x.cc", "auto t = clock.now();")


class Headers(TidyTest):
    def test_begins_with_pragma_once(self):
        self.assert_quiet("src/domain/x.h", "// Words.", "#pragma once", "int f();")
        self.assert_finds("pragma-once", "src/domain/x.h", "#include <vector>", "#pragma once")
        self.assert_quiet("src/domain/x.cc", "#include <vector>")

    def test_opens_no_namespace(self):
        self.assert_finds("using-namespace", "src/domain/x.h", "#pragma once",
                          "using namespace std::chrono_literals;", line=2)
        self.assert_quiet("src/domain/x.cc", "using namespace std::chrono_literals;")

    def test_includes_are_rooted(self):
        self.assert_quiet("src/domain/x.cc", '#include "domain/order.h"')
        self.assert_finds("include", "src/domain/x.cc", '#include "order.h"')
        self.assert_finds("include", "src/domain/x.cc", '#include "../domain/order.h"')
        self.assert_finds("include", "src/domain/x.cc", '#include <domain/order.h>')


class Words(TidyTest):
    def test_banned_words_are_found_in_code(self):
        for rule, line in (
                ("lock", "std::mutex mutex_;"),
                ("lock", "std::unique_lock lock(m);"),
                ("lock", "std::condition_variable_any changed_;"),
                ("thread", "std::thread worker;"),
                ("thread", "worker.detach();"),
                ("output", 'std::cout << "hello";'),
                ("sleep", "std::this_thread::sleep_for(1ms);"),
                ("format", 'std::format("{}", 1);'),
                ("endl", "out << std::endl;"),
                ("using-namespace", "using namespace std;"),
                ("assert", "assert(ready);"),
                ("random", "int n = rand() % 6;"),
                ("random", "std::srand(7);"),
                ("clock", "auto t = std::chrono::system_clock::now();"),
                ("clock", "auto t = time(nullptr);"),
                ("environment", 'std::getenv("HOME");'),
                ("coroutine", "co_return;"),
                ("disabled-test", "TEST(OrderHandler, DISABLED_RefusesNothing) {}"),
                ("test-name", "TEST(OrderHandler, refuses_nothing) {}"),
                ("test-name", "TEST_F(OrderHandler, refusesNothing) {}"),
        ):
            with self.subTest(line=line):
                self.assert_finds(rule, "src/consume/x.cc", line)

    def test_their_replacements_are_not(self):
        self.assert_quiet(
            "src/consume/x_test.cc", "MutexLock lock(mutex_);", "std::jthread worker_;",
            "auto n = std::thread::hardware_concurrency();", "static_assert(sizeof(int) == 4);",
            "KONOMI_ASSERT(ready, message);", "operand(1);", "clock.time(&x);",
            "auto t = clock.now();", "TEST(OrderHandler, RefusesAnEmptyUserId) {}",
            "TYPED_TEST(OrderLogContract, ReadsWhatWasAppended) {}")

    def test_words_in_comments_and_texts_are_not_code(self):
        self.assert_quiet("src/consume/x.cc", "// std::mutex is not used.",
                          'auto s = "std::cout assert(1)";', 'auto r = R"(std::mutex)";',
                          "/* std::thread */")

    def test_a_digit_separator_begins_no_text(self):
        self.assert_finds("lock", "src/consume/x.cc", "n = 1'000; std::mutex m; n = 2'000;")

    def test_the_home_of_a_word_may_use_it(self):
        self.assert_quiet("src/base/mutex.h", "#pragma once", "std::mutex mutex_;")
        self.assert_quiet("src/base/clock.h", "#pragma once",
                          "auto t = std::chrono::system_clock::now();")
        self.assert_quiet("src/config/config.cc", 'std::getenv("HOME");')
        self.assert_quiet("src/http/session.cc", "co_return;")

    def test_a_place_is_excused_with_a_reason(self):
        self.assert_quiet("src/consume/x.cc", "std::mutex m;  // tidy: lock: handed to a library.")
        self.assert_quiet("src/consume/x.cc", "// tidy: lock: handed to a library.",
                          "std::mutex m;")
        self.assert_finds("lock", "src/consume/x.cc", "std::mutex m;  // tidy: lock:")
        self.assert_finds("lock", "src/consume/x.cc", "std::mutex m;  // tidy: thread: no.")


class JsonGlue(TidyTest):
    def test_a_literal_that_begins_with_a_member_is_found(self):
        for literal in ('R"({"error":)"', r'",\"size\":{}"', r'"\"kind\":\"days\","',
                        'R"({{"name":"{}","value":)"', 'R"(],"differences":[)"'):
            self.assert_finds("json-glue", "src/verify/x.cc", f"out += {literal};")

    def test_escaping_by_hand_is_found(self):
        self.assert_finds("json-glue", "src/cli/x.cc", "append_json_string(out, name);")

    def test_texts_for_people_are_left_alone(self):
        for literal in (r'"expected an object such as {\"user_id\":\"guest-1\"}"',
                        r'"\"{}\" has no scope; expected read: {}"', '"{}: {}"', '"{"'):
            self.assert_quiet("src/cli/x.cc", f"say({literal});")

    def test_the_writer_and_tests_may_do_it(self):
        line = 'append_json_string(out, R"({"a":1})");'
        for path in ("src/wire/x.cc", "src/base/x.cc", "src/cli/x_test.cc", "tests/sim/x.cc"):
            self.assert_quiet(path, line)

    def test_a_line_is_excused_with_a_reason(self):
        self.assert_quiet("src/config/x.cc", "// tidy: json-glue: TOML is written like JSON here.",
                          "append_json_string(out, value);")


class CoAwait(TidyTest):
    PATH = "src/http/session.cc"

    def test_a_braced_value_is_found(self):
        self.assert_finds("co-await", self.PATH, "co_await write(Answer{.status = 200});")
        self.assert_finds("co-await", self.PATH, "co_await write({1, 2});")
        self.assert_finds("co-await", self.PATH, "auto n = co_await Write{1};")

    def test_a_capturing_lambda_is_found_over_lines(self):
        self.assert_finds("co-await", self.PATH, "auto n = co_await completion<int>(",
                          "    [&](Completion<int> done) { log.append(std::move(done)); });",
                          line=2)

    def test_a_plain_lambda_and_a_named_value_are_right(self):
        self.assert_quiet(self.PATH, "co_await post([](int n) { return n + 1; });")
        self.assert_quiet(self.PATH, "auto start = [&](Completion<int> done) { go(done); };",
                          "int n = co_await completion<int>(start);", "Answer a{1};")

    def test_a_block_behind_it_is_not_part_of_it(self):
        self.assert_quiet(self.PATH, "if (co_await ready()) {", "  go();", "}")
        self.assert_quiet(self.PATH, "while (auto n = co_await read(buffers[0])) {", "}")

    def test_a_tuple_is_named_before_it_is_bound(self):
        self.assert_finds("co-await", self.PATH, "auto [ec, n] = co_await read(b);")
        self.assert_quiet(self.PATH, "auto r = co_await read(b);", "auto& [ec, n] = r;")

    def test_a_coroutine_lambda_captures_nothing(self):
        self.assert_finds("co-await", self.PATH,
                          "auto run = [this]() -> awaitable<void> { co_await go(); };")
        self.assert_quiet(self.PATH, "auto run = []() -> awaitable<void> { co_await go(); };")


class Texts(TidyTest):
    def test_leftovers_are_found_in_every_text(self):
        self.assert_finds("leftover", "docs/design.md", f"{TO_DO}: later")
        self.assert_finds("leftover", "src/domain/x.cc", f"// {TO_DO}: later")

    def test_paths_of_one_machine_are_found(self):
        self.assert_finds("machine-path", "scripts/x.sh", "cd /wo" + "rk/main")
        self.assert_quiet("scripts/x.sh", "cd /srv/konomi")

    def test_registry_hosts_are_found(self):
        self.assert_finds("registry", "web/x.json", '"https://registry.npm' + 'js.org/vue"')
        self.assert_finds("registry", "x.sh", "pip install -i https://pyp" + "i.org/simple x")

    def test_tests_do_not_sleep(self):
        self.assert_finds("sleep", "tests/e2e/x.py", "time." + "sleep(1)")
        self.assert_quiet("scripts/x.py", "time." + "sleep(1)")

    def test_an_excuse_for_clang_tidy_says_why(self):
        self.assert_finds("lint-reason", "src/domain/x.cc", "int n;  // NOLINT")
        self.assert_finds("lint-reason", "src/domain/x.cc", "int n;  // NOLINT(bugprone-x)")
        self.assert_quiet("src/domain/x.cc", "int n;  // NOLINT(bugprone-x): a C interface.")

    def test_lines_end_at_a_hundred(self):
        self.assert_quiet("src/domain/x.cc", "/" * 100)
        self.assert_finds("line-length", "src/domain/x.cc", "/" * 101)
        self.assert_quiet("docs/design.md", "/" * 101)


class House(TidyTest):
    """A house of a few files of its own."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        patch = mock.patch.object(tidy, "ROOT", self.root)
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, path, *lines):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


class References(House):
    def setUp(self):
        super().setUp()
        self.write(DOCS + "law.md", "# The law", "## Day state", "```", "## No heading", "```",
                   "### `status`, and [more](x.md)", "## Day state", "# Day state")
        self.write(DOCS + "decisions/" + "0007-why.md", "# Why")

    def test_anchors_are_those_of_github(self):
        text = (self.root / DOCS / "law.md").read_text(encoding="utf-8")
        self.assertEqual(["the-law", "day-state", "status-and-more", "day-state-1", "day-state-2"],
                         tidy.slugs(text))

    def test_a_page_that_is_named_exists(self):
        for path in ("src/domain/x.cc", "README.md", "scripts/x.sh", "tests/e2e/x.py"):
            self.assert_quiet(path, f"// As `{DOCS}law.md` says, and {DOCS}law.md.")
            self.assert_finds("reference", path, f"// As `{DOCS}laws.md` says.")

    def test_a_file_that_a_page_at_the_root_names_exists(self):
        self.write("src/domain/x.cc")
        self.assert_quiet("GUIDE.md", "Copy `src/domain/x.cc` and `src/domain`.")
        self.assert_finds("reference", "GUIDE.md", "Copy `src/domain/y.cc`.")
        self.assert_quiet("src/domain/x.cc", "// Once `src/domain/y.cc`.")

    def test_a_heading_that_is_named_exists(self):
        self.assert_quiet("src/domain/x.cc", f"// (see {DOCS}law.md#day-state).")
        self.assert_finds("reference", "src/domain/x.cc", f"// (see {DOCS}law.md#no-heading).")

    def test_a_decision_may_be_named_by_its_number(self):
        self.assert_quiet("src/domain/x.cc", f"// {DOCS}decisions/0007", "// decisions/" + "0007")
        self.assert_finds("reference", "src/domain/x.cc", f"// {DOCS}decisions/0008")
        self.assert_finds("reference", "src/domain/x.cc", "// (decisions/" + "0008).")

    def test_a_link_leads_from_its_page_to_a_file(self):
        self.write("src/room.h")
        self.write(DOCS + "x.md", "# Here")
        self.assert_quiet(DOCS + "x.md", "[a](law.md), [b](../src/room.h), [c](#here)", "# Here")
        self.assert_finds("reference", DOCS + "x.md", "[a](../law.md)")
        self.assert_finds("reference", DOCS + "x.md", "[a](law.md#nights)")
        self.assert_finds("reference", DOCS + "x.md", "[a](#nowhere)")

    def test_what_lies_elsewhere_is_left_alone(self):
        self.assert_quiet("README.md", f"[a](https://example.com/{DOCS}x.md)")
        self.assert_quiet("src/domain/x.cc", "f(array[0](not_a_link));")


class NamedFiles(House):
    def names(self, *paths):
        return [(finding.path, finding.rule) for finding in tidy.check_named(paths)]

    def test_a_header_is_in_the_readme_of_its_room(self):
        header = self.write("src/domain/order.h", "#pragma once")
        for text, is_named in (("| `order.h` | what |", True), ("| `ids`, `order` | what |", True),
                               ("What an order is.", False), ("| `reorder.h` | what |", False),
                               ("| `order.html` | what |", False), ("| `order_id` |", False)):
            self.write("src/domain/README.md", text)
            self.assertEqual([] if is_named else [(header, "unnamed")], self.names(header), text)

    def test_an_adapter_is_a_room(self):
        self.write("src/adapters/rocks/README.md", "# rocks")
        header = self.write("src/adapters/rocks/keys.h", "#pragma once")
        self.assertEqual([(header, "unnamed")], self.names(header))

    def test_a_private_header_says_why(self):
        self.write("src/domain/README.md", "# domain")
        header = self.write("src/domain/x.h", "// Private to domain: shared by two files.")
        self.assertEqual([], self.names(header))
        self.write("src/domain/x.h", "// Private to domain:")
        self.assertEqual([(header, "unnamed")], self.names(header))

    def test_sources_and_test_code_need_no_name(self):
        self.write("src/domain/README.md", "# domain")
        self.assertEqual([], self.names(self.write("src/domain/x.cc"),
                                        self.write("src/domain/test_x.h"),
                                        self.write("src/domain/x_fixture.h")))

    def test_the_files_of_the_end_to_end_tests_are_in_their_readme(self):
        self.write("tests/e2e/README.md", "| `test_wire.py` |")
        self.assertEqual([("tests/e2e/test_truth.py", "unnamed")],
                         self.names(self.write("tests/e2e/test_wire.py"),
                                    self.write("tests/e2e/test_truth.py")))


class Picture(House):
    ROOMS = {"main": ("shop",), "shop": ("till",) + tidy.BELOW, "till": tidy.BELOW,
             "book": ("till", "domain", "base"), "ports": ("domain", "base"),
             "domain": ("base",), "base": ()}

    def setUp(self):
        super().setUp()
        for name, value in (("ROOM_EDGES", self.ROOMS), ("ADAPTERS_MAY", tidy.BELOW),
                            ("ENGINE_FILES", ("src/shop/engine.cc",))):
            patch = mock.patch.object(tidy, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_shows_the_rooms_from_the_top_down(self):
        self.assertEqual([line.split(" → ")[0].strip() for line in tidy.picture().split("\n")],
                         ["main", "shop", "book", "till, adapters/*", "ports", "domain", "base",
                          "shop/engine.cc"])

    def test_shows_what_a_room_may_include(self):
        lines = dict(re.split(r" +→ ", line) for line in tidy.picture().split("\n"))
        self.assertEqual("till, ports and below", lines["shop"])
        self.assertEqual("till, domain, base", lines["book"])
        self.assertEqual("domain, base", lines["ports"])
        self.assertEqual("nothing", lines["base"])

    def test_a_page_that_differs_is_found_and_mended(self):
        file, begin, end = tidy.PICTURE
        self.write(file, "# Rooms", begin, "old", end, "The rest.")
        self.assertEqual([(2, "picture")], [(f.line, f.rule) for f in tidy.check_picture()])
        text = (self.root / file).read_text(encoding="utf-8")
        (self.root / file).write_text(tidy.with_picture(text), encoding="utf-8")
        self.assertEqual([], list(tidy.check_picture()))
        self.assertTrue(tidy.with_picture(text).endswith(end + "\nThe rest.\n"))

    def test_a_page_without_a_place_is_found(self):
        self.write(tidy.PICTURE[0], "# Rooms")
        self.assertEqual([(1, "picture")], [(f.line, f.rule) for f in tidy.check_picture()])


class Writers(House):
    def setUp(self):
        super().setUp()
        self.write("src/ports/order_store.h", "class OrderStore {", " public:",
                   "  virtual ~OrderStore() = default;",
                   "  virtual Result<void> mark(int day) = 0;",
                   "  virtual Result<std::map<int, int>> remove_orders(int day) = 0;",
                   "  virtual Result<int> count(int day) = 0;", "};")
        self.write("src/ports/ports.h", "struct Ports {", "  OrderStore& order_store;", "};")
        self.table("consume")

    def table(self, writers):
        self.write("src/ports/README.md", "| port | who writes |", "| --- | --- |",
                   f"| `order_store.h` | {writers} |")

    def found(self, *paths):
        return [(f.line, f.advice) for f in tidy.check_writers(paths)]

    def test_the_writing_calls_are_read_from_the_header(self):
        header = (self.root / "src/ports/order_store.h").read_text(encoding="utf-8")
        self.assertEqual(("OrderStore", {"mark", "remove_orders"}), tidy.port_of(header))

    def test_the_table_names_the_rooms_that_call_them(self):
        member = self.write("src/consume/x.h", "OrderStore& orders_;")
        call = self.write("src/consume/x.cc", "return ports_.orders_.mark(1);")
        self.assertEqual([], self.found(member, call))
        getter = self.write("src/engine/x.h", "OrderStore& order_store();")
        user = self.write("src/process/x.cc", "engine->order_store().remove_orders(2);")
        self.assertEqual([(3, "OrderStore is written by consume, process")],
                         self.found(member, call, getter, user))
        together = self.write("src/verify/x.cc", "ports.order_store.mark(3);")
        self.assertEqual([(3, "OrderStore is written by consume, verify")],
                         self.found(member, call, together))

    def test_a_room_that_does_not_write_is_not_in_it(self):
        self.table("consume, api")
        paths = [self.write("src/consume/x.cc", "void f(OrderStore& s) { s.mark(1); }"),
                 self.write("src/api/x.cc", "int f(OrderStore& s) { return s.count(1); }"),
                 self.write("src/api/y.cc", "// s.mark(1);", "std::set<int> t; t.mark(2);")]
        self.assertEqual([(3, "OrderStore is written by consume")], self.found(*paths))

    def test_tests_adapters_and_ports_do_not_count(self):
        write = "void f(OrderStore& s) { s.mark(1); }"
        self.assertEqual([], self.found(
            self.write("src/consume/x.cc", write), self.write("src/api/x_test.cc", write),
            self.write("src/adapters/rocks/x.cc", write), self.write("src/ports/x.h", write)))


class Commits(unittest.TestCase):
    def test_a_subject_names_its_area(self):
        self.assertEqual([], list(tidy.check_commit("ingest: refuse an empty user id\n\nWhy.")))
        self.assertNotEqual([], list(tidy.check_commit("Refuse an empty user id")))
        self.assertNotEqual([], list(tidy.check_commit("ingest: refuse it.")))
        self.assertNotEqual([], list(tidy.check_commit("ingest: " + "x" * 70)))


class Program(unittest.TestCase):
    def test_names_file_line_rule_and_remedy_and_fails(self):
        with tempfile.TemporaryDirectory() as directory:
            bad = pathlib.Path(directory) / "x.sh"
            bad.write_text("true\n# " + TO_DO + "\n", encoding="utf-8")
            result = subprocess.run(
                [sys.executable, tidy.__file__, os.path.relpath(bad, tidy.ROOT)],
                capture_output=True, text=True, check=False)
        self.assertEqual(1, result.returncode)
        self.assertRegex(result.stdout,
                         r"^\S*x\.sh:2: leftover: finish it, or ")


if __name__ == "__main__":
    unittest.main()
