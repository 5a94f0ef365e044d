#!/usr/bin/env python3
"""How much disk and memory a history of orders takes, so that a machine can be bought for it.

usage: bench/capacity.py [--engine embedded|cluster] [--orders N,…] [--guests N] [--days N]
                         [--build DIR] [--directory DIR]

For each number of orders, simulated guests with habits (the same seed each time) order over that
many days; the orders are imported, stored and counted. Then the bytes on disk are shown, split into
table files, the write-ahead log and the rest, and the most memory that each process held.

  embedded   while it runs and all is counted, after SIGTERM, and started again, once its table
             files have kept their size for 10 s
  cluster    of a Kafka and a Cassandra that it starts and, to have them write down what they hold
             in memory, stops: one copy of everything, so multiply by the replication

Bytes and memory hardly depend on what else the machine does; seconds do.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import cluster_bench
import ingest_bench

LAST_DAY = "2025-05-31"
QUIET_S = 10  # Table files that keep their size for so long are not being compacted.
LIMIT_S = 900


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=LIMIT_S * 4, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"capacity: {' '.join(map(str, command))} ended with {done.returncode}:\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def peak_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def sizes(directory):
    """Bytes of table files, of the write-ahead log, and of everything else, of each database."""
    found = {}
    for database in ("log", "stores"):
        kinds = {"tables": 0, "wal": 0, "other": 0}
        for path in (directory / database).iterdir():
            kind = {".sst": "tables", ".log": "wal"}.get(path.suffix, "other")
            try:
                kinds[kind] += path.stat().st_size
            except FileNotFoundError:
                pass  # A compaction has just replaced it.
        found[database] = kinds
    return found


def total(found):
    return sum(sum(kinds.values()) for kinds in found.values())


def when_quiet(directory):
    """Sizes once the table files rest: how far the log is stored is written all the time."""
    last, since, begin = None, time.monotonic(), time.monotonic()
    while time.monotonic() - begin < LIMIT_S:
        now = sizes(directory)
        tables = [kinds["tables"] for kinds in now.values()]
        if tables != last:
            last, since = tables, time.monotonic()
        elif time.monotonic() - since >= QUIET_S:
            return now
        time.sleep(0.5)
    sys.exit(f"capacity: the files of {directory} did not come to rest within {LIMIT_S} s")


def show(moment, found, orders):
    parts = "   ".join(f"{database}: " + " + ".join(f"{kinds[kind]:>11}" for kind in kinds)
                       for database, kinds in found.items())
    print(f"  {moment:22} {total(found):>12} bytes {total(found) / orders:7.1f} an order   {parts}",
          flush=True)


def make_orders(arguments, orders, file):
    run(arguments.build / "konomi", "simulate", "--seed", 1, "--guests", arguments.guests,
        "--orders", orders, "--days", arguments.days, "--until", LAST_DAY, "--out", file)


def import_orders(arguments, file, ingest, api, directory):
    begin = time.monotonic()
    told = json.loads(run(arguments.build / "konomi", "import", file, "--url", ingest,
                          "--status-url", api, "--state-dir", directory, "--wait", "--output",
                          "json"))
    return told, time.monotonic() - begin


def embedded(arguments, orders, directory):
    file = directory / "orders.ndjson"
    make_orders(arguments, orders, file)
    data = directory / "data"
    url = f"http://127.0.0.1:{ingest_bench.free_port()}"
    command = [arguments.build / "konomi", "serve", "--data-dir", data, "--listen",
               url.removeprefix("http://")]
    server = ingest_bench.Server(command, url, "/readyz")
    _, seconds = import_orders(arguments, file, url, url, directory)
    print(f"\n{orders} orders, {arguments.guests} guests, {arguments.days} days, as NDJSON "
          f"{file.stat().st_size} bytes; imported and counted in {seconds:.1f} s, peak memory "
          f"{peak_kb(server.process.pid)} kB\n"
          f"  {'':22} {'':>18} {'':>16}   of each database: table files + write-ahead log + others")
    file.unlink()
    show("all counted", sizes(data), orders)
    show("the same, at rest", when_quiet(data), orders)
    server.process.send_signal(signal.SIGTERM)
    if server.process.wait(timeout=LIMIT_S) != 0:
        sys.exit(f"capacity: konomi ended with {server.process.returncode}")
    show("stopped", sizes(data), orders)
    begin = time.monotonic()
    server = ingest_bench.Server(command, url, "/readyz")
    opened = time.monotonic() - begin
    show(f"opened, after {opened:.1f} s", sizes(data), orders)
    show("at rest again", when_quiet(data), orders)
    print(f"  peak memory of the second start {peak_kb(server.process.pid)} kB", flush=True)
    server.stop()


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def cluster(arguments, orders, directory):
    file = directory / "orders.ndjson"
    make_orders(arguments, orders, file)
    stack = cluster_bench.Stack(directory / "stack")
    topic, keyspace = "orders-capacity", "konomi_capacity"
    try:
        stack.up()
        os.environ.update(KONOMI_KAFKA_TOPIC=topic, KONOMI_KAFKA_GROUP="capacity",
                          KONOMI_CASSANDRA_KEYSPACE=keyspace)
        run(arguments.build / "konomi", "topics", "apply")
        run(arguments.build / "konomi", "schema", "apply")
        servers = {}
        for role in ("ingest", "consume", "aggregate", "api"):
            url = f"http://127.0.0.1:{ingest_bench.free_port()}"
            servers[role] = ingest_bench.Server(
                [arguments.build / "konomi", "serve", "--roles", role, "--listen",
                 url.removeprefix("http://")], url, "/readyz")
        _, seconds = import_orders(arguments, file, servers["ingest"].url, servers["api"].url,
                                   directory)
        peaks = {role: peak_kb(server.process.pid) for role, server in servers.items()}
        for server in servers.values():
            server.stop()
        stack.command("down")
        print(f"\n{orders} orders, {arguments.guests} guests, {arguments.days} days; imported and "
              f"counted in {seconds:.1f} s\n  peak memory, kB: "
              + ", ".join(f"{role} {peak}" for role, peak in peaks.items()))
        folders = [("Kafka", path) for path in stack.directory.rglob(f"{topic}-[0-9]*")
                   if path.is_dir()]
        folders += [(f"Cassandra {path.name.rpartition('-')[0]}", path)
                    for path in stack.directory.rglob(f"{keyspace}/*") if path.is_dir()]
        by_name = {}
        for name, path in folders:
            by_name[name] = by_name.get(name, 0) + folder_bytes(path)
        for name, count in sorted(by_name.items(), key=lambda each: -each[1]):
            print(f"  {name:36} {count:>12} bytes {count / orders:7.1f} an order", flush=True)
        if not any(name.startswith("Cassandra") for name in by_name):
            sys.exit(f"capacity: no files of {keyspace} under {stack.directory}")
    finally:
        stack.command("reset")
    file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=("embedded", "cluster"), default="embedded")
    parser.add_argument("--orders", default="1000000,3000000")
    parser.add_argument("--guests", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--build", type=pathlib.Path,
                        default=cluster_bench.ROOT / "build" / "release")
    parser.add_argument("--directory", type=pathlib.Path, help="where to work; else under /tmp")
    arguments = parser.parse_args()
    for orders in map(int, arguments.orders.split(",")):
        with tempfile.TemporaryDirectory(prefix="konomi-capacity-",
                                         dir=arguments.directory) as directory:
            measure = {"embedded": embedded, "cluster": cluster}[arguments.engine]
            measure(arguments, orders, pathlib.Path(directory))


if __name__ == "__main__":
    main()
