"""The commands: what they print, what they refuse, and how they end."""

import collections
import csv
import datetime
import gzip
import json
import pathlib
import re
import socket
import subprocess
import threading

import httpx
import pytest
from konomi_e2e import BINARY, ROOT, free_port, ndjson, order, run_konomi, wait_for


def refused(result, *words):
    """A command that did not do its work says why on standard error, and exits with an error."""
    assert result.returncode != 0, result.stdout
    for word in words:
        assert word in result.stderr, result.stderr
    return result


def write_csv(path, rows, header="order_id,user_id,ordered_at,menu_type"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def counted(server, date="2025-05-31"):
    server.wait_counted()
    day = server.get(f"/api/v1/days/{date}")
    return {entry["menu_type"]: entry["count"] for entry in day["counts"] if entry["count"]}


def day_orders(server):
    server.wait_counted()
    return {day["date"]: day["orders"] for day in server.days()}


GOOD_ROWS = [f"o{n},u{n % 3},2025-05-31T12:00:{n:02}+09:00,washoku" for n in range(10)]


# --- Help ----------------------------------------------------------------------------------------

def commands():
    """The commands that `konomi --help` lists, in its order."""
    listed = run_konomi("--help").stdout.partition("\nSubcommands:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^  (\w+) {2,}\S", listed, re.MULTILINE)
    assert "serve" in found, "the list of commands is not where it is expected"
    return found


def test_the_design_lists_the_commands_that_help_lists():
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    section = text.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `konomi (\w+)` \|", section, re.MULTILINE) == commands()


def test_the_readme_names_only_commands_that_help_lists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ {4}|`)konomi ([a-z]\w*)", text, re.MULTILINE))
    assert "serve" in named and named <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_the_help_of_a_command_has_examples(command):
    result = run_konomi(command, "--help")
    assert re.search(r"^examples?:", result.stdout, re.MULTILINE | re.IGNORECASE), result.stdout
    assert f"konomi {command}" in result.stdout


@pytest.mark.parametrize("arguments", [("nonsense",), ("serve", "--nonsense"), ()])
def test_what_is_unknown_is_refused_with_a_hint(arguments):
    result = run_konomi(*arguments, check=False)
    assert result.returncode != 0
    assert "help" in (result.stderr + result.stdout).lower()


def test_version_is_that_of_the_project():
    source = (pathlib.Path(__file__).parent.parent.parent / "CMakeLists.txt").read_text()
    version = re.search(r"VERSION (\d+\.\d+\.\d+)", source).group(1)
    assert version in run_konomi("version").stdout


# --- Import --------------------------------------------------------------------------------------

@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_csv_with_a_header(konomi, tmp_path, packed):
    file = write_csv(tmp_path / "orders.csv", GOOD_ROWS)
    if packed:
        file = tmp_path / "orders.csv.gz"
        file.write_bytes(gzip.compress((tmp_path / "orders.csv").read_bytes()))
    run_konomi("import", file, "--url", konomi.url, "--wait")
    assert counted(konomi) == {"washoku": 10}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_ndjson(konomi, tmp_path, packed):
    file = tmp_path / ("orders.ndjson" + (".gz" if packed else ""))
    lines = ndjson([order(f"u{n}", order_id=f"o{n}") for n in range(10)])
    file.write_bytes(gzip.compress(lines) if packed else lines)
    run_konomi("import", file, "--url", konomi.url, "--wait")
    assert counted(konomi) == {"washoku": 10}


def test_several_files_are_one_import(konomi, tmp_path):
    first = write_csv(tmp_path / "a.csv", GOOD_ROWS[:4])
    second = write_csv(tmp_path / "b.csv", GOOD_ROWS[4:])
    result = run_konomi("import", first, second, "--url", konomi.url, "--wait", "--output", "json")
    assert json.loads(result.stdout)["accepted"] == 10
    assert counted(konomi) == {"washoku": 10}


def test_columns_in_another_order_and_unknown_ones(konomi, tmp_path):
    file = write_csv(tmp_path / "orders.csv", [
        'washoku,"said ""hi"", twice",u1,"2025-05-31T12:00:00+09:00",o1'],
        header="menu_type,note,user_id,ordered_at,order_id")
    run_konomi("import", file, "--url", konomi.url, "--wait")
    assert counted(konomi) == {"washoku": 1}


def test_a_byte_order_mark_and_carriage_returns_are_no_text(konomi, tmp_path):
    file = tmp_path / "orders.csv"
    lines = ["order_id,user_id,ordered_at,menu_type", *GOOD_ROWS]
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    run_konomi("import", file, "--url", konomi.url, "--wait")
    assert counted(konomi) == {"washoku": 10}
    assert konomi.get("/api/v1/users/u0")["user_id"] == "u0"


def test_a_file_without_a_header_needs_columns(konomi, tmp_path):
    file = tmp_path / "orders.csv"
    file.write_text("2025-05-31T12:00:00+09:00,u1,ignored,washoku\n", encoding="utf-8")
    refused(run_konomi("import", file, "--url", konomi.url, check=False), "--columns")
    run_konomi("import", file, "--url", konomi.url, "--wait", "--columns",
               "ordered_at,user_id,-,menu_type")
    assert counted(konomi) == {"washoku": 1}


def test_rows_without_an_id_count_once_and_twins_count_each(konomi, tmp_path):
    rows = ["u1,2025-05-31T12:00:00+09:00,washoku"] * 2 + ["u2,2025-05-31T12:00:00+09:00,washoku"]
    file = write_csv(tmp_path / "orders.csv", rows, header="user_id,ordered_at,menu_type")
    for _ in range(2):
        run_konomi("import", file, "--url", konomi.url, "--wait")
        assert counted(konomi) == {"washoku": 3}


def rejects_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rejects_are_written_with_line_and_reason(konomi, tmp_path):
    rows = [*GOOD_ROWS[:2],
            "o2,,2025-05-31T12:00:00+09:00,washoku",
            "o3,u3,yesterday,washoku",
            '"o4","u4","2025-05-31T12:00:00+09:00","was\nhoku"',
            "o5,u5",
            *GOOD_ROWS[6:8]]
    file = write_csv(tmp_path / "orders.csv", rows)
    rejects = tmp_path / "rejects.csv"
    result = run_konomi("import", file, "--url", konomi.url, "--wait", "--rejects", rejects,
                        "--output", "json", check=False)
    summary = json.loads(result.stdout)
    assert (summary["accepted"], summary["rejected"]) == (4, 4)
    assert counted(konomi) == {"washoku": 4}
    found = rejects_of(rejects)
    assert [row["line"] for row in found] == ["4", "5", "6", "8"]
    for row, word in zip(found, ("user_id", "ordered_at", "menu_type", "")):
        assert word in row["reason"] and row["reason"]
        assert row["file"].endswith("orders.csv")
    assert "o3,u3,yesterday,washoku" in found[1]["row"]


def test_an_import_with_rejects_says_so_by_its_exit_code(konomi, tmp_path):
    file = write_csv(tmp_path / "orders.csv", [*GOOD_ROWS, "x,,2025-05-31T12:00:00Z,washoku"])
    result = run_konomi("import", file, "--url", konomi.url, "--wait", check=False)
    assert result.returncode == 3
    assert counted(konomi) == {"washoku": 10}


def test_json_output_is_one_object_and_nothing_else(konomi, tmp_path):
    file = write_csv(tmp_path / "orders.csv", GOOD_ROWS)
    result = run_konomi("import", file, "--url", konomi.url, "--wait", "--output", "json")
    summary = json.loads(result.stdout)
    assert (summary["accepted"], summary["rejected"]) == (10, 0)


def test_a_file_that_is_not_there_is_refused(konomi, tmp_path):
    missing = tmp_path / "missing.csv"
    refused(run_konomi("import", missing, "--url", konomi.url, check=False), str(missing))


def test_a_broken_gzip_file_is_refused_and_what_came_before_is_kept(konomi, tmp_path):
    rows = [f"o{n},u{n},2025-05-31T12:00:00+09:00,washoku" for n in range(50_000)]
    whole = gzip.compress(write_csv(tmp_path / "orders.csv", rows).read_bytes())
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(whole[:len(whole) // 2])
    refused(run_konomi("import", file, "--url", konomi.url, check=False), "cut.csv.gz")


def test_without_a_server_an_import_names_the_address(tmp_path):
    """It would wait for a server that is away, so it is given no time for that."""
    file = write_csv(tmp_path / "orders.csv", GOOD_ROWS)
    result = run_konomi("import", file, "--url", f"http://127.0.0.1:{free_port()}",
                        "--retry-for", "200ms", check=False)
    refused(result, "127.0.0.1")


def test_a_command_without_a_server_says_how_to_start_one():
    url = f"http://127.0.0.1:{free_port()}"
    refused(run_konomi("export", "orders", "--url", url, check=False),
            f"nothing answers at {url} (connection refused); start konomi with `konomi serve`, or "
            "name another address with --url")


def test_an_import_into_a_stopped_konomi(servers, tmp_path):
    file = write_csv(tmp_path / "orders.csv", GOOD_ROWS)
    server = servers.make("--settle", "100ms")
    run_konomi("import", file, "--data-dir", server.data_dir, "--wait")
    server.start()
    assert counted(server) == {"washoku": 10}


def test_an_import_into_a_locked_directory_names_the_remedy(konomi, tmp_path):
    file = write_csv(tmp_path / "orders.csv", GOOD_ROWS)
    refused(run_konomi("import", file, "--data-dir", konomi.data_dir, check=False), "--url")


# --- Simulate ------------------------------------------------------------------------------------

def simulated(server, *flags):
    run_konomi("simulate", "--url", server.url, *flags)
    server.wait_counted()
    lists = [server.segment_csv(segment["menu_type"])
             for segment in server.get("/api/v1/segments")["segments"]]
    return [(day["date"], day["orders"], day["users"], day["counts"], day["hours"])
            for day in server.days()], lists


JAPAN = datetime.timedelta(hours=9)
# The last day is given, so that midnight between two runs changes nothing.
HISTORY = ("--days", "10", "--orders", "2000", "--until", "2025-05-31")


def test_one_seed_is_one_history(servers):
    first = simulated(servers.start(), *HISTORY, "--seed", "7")
    second = simulated(servers.start(), *HISTORY, "--seed", "7")
    other = simulated(servers.start(), *HISTORY, "--seed", "8")
    assert first == second
    assert first != other
    assert sum(day[1] for day in first[0]) == 2000


def test_a_simulated_history_has_a_rhythm(konomi):
    days, _ = simulated(konomi, *HISTORY, "--seed", "7")
    hours = [sum(day[4][hour] for day in days) for hour in range(24)]
    assert max(hours[11:14]) > 5 * max(1, max(hours[2:5])), hours
    # Guests have habits: hardly anybody orders everything alike.
    segments = konomi.get("/api/v1/segments")["segments"]
    assert sum(1 for segment in segments if segment["users"]) >= 2


def test_duplicates_and_late_orders_are_counted_once_and_on_their_day(konomi, tmp_path):
    file = tmp_path / "orders.ndjson"
    run_konomi("simulate", *HISTORY, "--seed", "7", "--duplicates", "0.1", "--late", "0.1",
               "--out", file)
    sent = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    orders = {item["order_id"]: item for item in sent}
    times = [item["ordered_at"] for item in sent]
    assert len(orders) == 2000 < len(sent)
    assert times != sorted(times), "none is late"
    expected = collections.Counter(
        (datetime.datetime.fromisoformat(item["ordered_at"]) + JAPAN).strftime("%Y-%m-%d")
        for item in orders.values())
    run_konomi("import", file, "--url", konomi.url, "--wait")
    assert day_orders(konomi) == dict(expected)


def test_a_rate_keeps_orders_coming_until_it_is_stopped(konomi):
    process = subprocess.Popen([BINARY, "simulate", "--rate", "200", "--url", konomi.url],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: konomi.status()["log"]["end"] > 100, "orders come in")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


# --- Aggregate -----------------------------------------------------------------------------------

def test_aggregate_counts_a_day_of_a_stopped_konomi(servers):
    server = servers.start("--settle", "1h")
    server.post_orders([order(f"u{n}", order_id=f"o{n}") for n in range(10)])
    assert server.stop() == 0
    run_konomi("aggregate", "--date", "2025-05-31", "--data-dir", server.data_dir)
    server.start()
    assert server.get("/api/v1/days/2025-05-31")["orders"] == 10


def test_aggregate_of_a_bad_date_is_refused(tmp_path):
    refused(run_konomi("aggregate", "--date", "tomorrow", "--data-dir", tmp_path / "data",
                       check=False), "tomorrow")


# --- Config --------------------------------------------------------------------------------------

def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path):
    file = tmp_path / "konomi.toml"
    file.write_text('time_zone = "Europe/Kyiv"\nday_starts_at = "05:00"\nmin_orders = 3\n',
                    encoding="utf-8")
    environment = {"KONOMI_TIME_ZONE": "Europe/Berlin", "KONOMI_DAY_STARTS_AT": "06:00"}
    result = run_konomi("config", "print", "--config", file, "--time-zone", "UTC", "--output",
                        "json", env=environment)
    settings = {entry["name"]: entry for entry in json.loads(result.stdout)["settings"]}
    assert {name: (settings[name]["value"], settings[name]["source"])
            for name in ("time_zone", "day_starts_at", "min_orders", "listen")} == {
        "time_zone": ("UTC", "flag"), "day_starts_at": ("06:00", "environment"),
        "min_orders": (3, str(file)), "listen": ("127.0.0.1:8080", "default")}


def test_what_config_prints_it_reads(tmp_path):
    first = run_konomi("config", "print", "--time-zone", "Europe/Kyiv").stdout
    file = tmp_path / "konomi.toml"
    file.write_text(first, encoding="utf-8")
    run_konomi("config", "check", "--config", file)
    second = run_konomi("config", "print", "--config", file).stdout

    def settings(text):
        return [line.split("#")[0].strip() for line in text.splitlines()
                if line.split("#")[0].strip()]

    assert settings(first) == settings(second)
    assert any("Europe/Kyiv" in line for line in settings(second))


@pytest.mark.parametrize("line, word", [
    ('time_zon = "UTC"', "time_zone"), ('time_zone = "Mars/Base"', "Mars/Base"),
    ('day_starts_at = "25:00"', "25:00"), ("min_orders = 0", "min_orders"), ("x = = 1", "line 1"),
    ('listen = "0.0.0.0:8080"', "0.0.0.0"), ("settle = 5", "settle")])
def test_config_check_names_what_is_wrong(tmp_path, line, word):
    file = tmp_path / "konomi.toml"
    file.write_text(line + "\n", encoding="utf-8")
    result = refused(run_konomi("config", "check", "--config", file, check=False), word)
    assert "konomi.toml" in result.stderr


def test_every_wrong_setting_is_named_at_once(tmp_path):
    file = tmp_path / "konomi.toml"
    file.write_text('nonsense = 1\ntime_zone = "Mars/Base"\n', encoding="utf-8")
    refused(run_konomi("config", "check", "--config", file, check=False), "nonsense", "Mars/Base")


# --- Serve ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"])
def test_serve_refuses_to_listen_to_other_machines(tmp_path, listen):
    refused(run_konomi("serve", "--listen", listen, "--data-dir", tmp_path / "data", check=False),
            "loopback")


def test_a_second_serve_on_the_same_data_names_the_remedy(konomi):
    result = run_konomi("serve", "--listen", f"127.0.0.1:{free_port()}", "--data-dir",
                        konomi.data_dir, check=False, timeout=60)
    refused(result, str(konomi.data_dir))
    assert re.search(r"another|running|stop", result.stderr), result.stderr
    assert konomi.http.get("/readyz").status_code == 200


def test_serve_on_a_taken_port_names_it(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(run_konomi("serve", "--listen", f"127.0.0.1:{port}", "--data-dir",
                           tmp_path / "data", check=False, timeout=60), str(port))


@pytest.mark.parametrize("flags", [("--time-zone", "UTC"), ("--day-starts-at", "05:00"),
                                   ("--bucket-count", "16")])
def test_another_setting_than_the_datas_is_refused(servers, flags):
    server = servers.start()
    server.post_orders([order("u1")])
    assert server.stop() == 0
    result = run_konomi("serve", "--listen", f"127.0.0.1:{server.port}", "--data-dir",
                        server.data_dir, *flags, check=False, timeout=60)
    refused(result, "konomi migrate")
    server.start()
    assert counted(server) == {"washoku": 1}


def test_sigterm_ends_it_with_0_and_loses_nothing(servers):
    server = servers.start()
    acknowledged, stopping = [], threading.Event()

    def write(number):
        with httpx.Client(base_url=server.url, timeout=10) as http:
            sequence = 0
            while not stopping.is_set():
                order_id = f"{number}-{sequence}"
                sequence += 1
                try:
                    answer = http.post("/api/v1/orders",
                                       json=order(f"u{number}", order_id=order_id))
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    acknowledged.append((number, order_id))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        wait_for(lambda: len(acknowledged) > 200, "200 orders are acknowledged")
        assert server.stop() == 0, server.log_text()
    finally:
        stopping.set()
        for writer in writers:
            writer.join()
    server.start()
    server.wait_counted()
    for number in range(4):
        mine = {order_id for owner, order_id in acknowledged if owner == number}
        counts = server.get(f"/api/v1/users/u{number}")["counts"]
        assert sum(entry["orders"] for entry in counts) >= len(mine)
    assert sum(day_orders(server).values()) >= len(acknowledged)


def test_sigterm_lets_a_request_in_flight_finish(servers):
    server = servers.start()
    body = ndjson([order(f"u{n}", order_id=f"o{n}") for n in range(1000)])
    head = (f"POST /api/v1/orders HTTP/1.1\r\nHost: 127.1\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    with server.connect() as connection:
        connection.sendall(head + body[:1000])
        # The server has the beginning when it answers someone who came later.
        assert server.http.get("/livez").status_code == 200
        codes = []
        ending = threading.Thread(target=lambda: codes.append(server.stop()))
        ending.start()
        wait_for(lambda: not accepts(server), "it accepts no more connections")
        connection.sendall(body[1000:])
        answer = connection.recv(65536)
        ending.join()
    assert b" 202 " in answer.split(b"\r\n")[0], answer[:200]
    assert codes == [0], server.log_text()
    server.start()
    assert counted(server) == {"washoku": 1000}


def accepts(server):
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            return True
    except OSError:
        return False


def test_figures_are_the_same_after_a_restart(servers):
    server = servers.start()
    server.post_orders([order(f"u{n % 7}", ("washoku", "chuka")[n % 2], order_id=f"o{n}")
                        for n in range(100)])
    server.wait_counted()
    before = server.get("/api/v1/days/2025-05-31"), server.get("/api/v1/segments")
    assert server.stop() == 0
    server.start()
    server.wait_counted()
    assert (server.get("/api/v1/days/2025-05-31"), server.get("/api/v1/segments")) == before


def test_nothing_is_written_outside_the_data_directory(servers, tmp_path, monkeypatch):
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    monkeypatch.chdir(workplace)
    server = servers.start()
    server.post_orders([order("u1")])
    assert server.stop() == 0
    assert list(workplace.iterdir()) == []
