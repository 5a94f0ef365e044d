#!/usr/bin/env python3
"""Orders over HTTP into a durable log: konomi beside the limits of this machine, in one run.

usage: bench/ingest_bench.py [--seconds N] [--rounds N] [--build DIR]

For 1, 16, 64 and 256 connections wrk posts single orders, to konomi (each answered after
the fsync of its group) and to a server that does nothing; the median of the rounds is printed, and
konomi's share of the limit. Then NDJSON bodies of 1 000 orders. wrk takes its part of the
processor, so figures of different machines do not compare; the ratios do.
"""

import argparse
import pathlib
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = (1, 16, 64, 256)
UNCHECKED = ssl._create_unverified_context()  # Certificates that a benchmark has just made.


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_it_answers(process, url, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            sys.exit(f"ingest_bench: the server for {url} ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1, context=UNCHECKED).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            pass
    sys.exit(f"ingest_bench: nothing answers at {url}")


class Server:
    def __init__(self, command, url, probe):
        self.url = url
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_until_it_answers(self.process, url + probe)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)


def wrk(url, connections, seconds, script, headers=()):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", str(HERE / script),
         *(word for header in headers for word in ("-H", header)), url],
        check=True, capture_output=True, text=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if errors:
        sys.exit(f"ingest_bench: {errors[1]} requests were refused at {url}")
    return rate, milliseconds(out, "50%"), milliseconds(out, "99%")


def milliseconds(out, percentile):
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", out).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def median(rounds):
    return [statistics.median(column) for column in zip(*rounds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("ingest_bench: wrk is not installed; apt-get install wrk")

    with tempfile.TemporaryDirectory(prefix="konomi-bench-") as directory:
        konomi_url, limit_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        konomi = Server([arguments.build / "konomi", "serve", "--data-dir", directory,
                         "--listen", konomi_url.removeprefix("http://")], konomi_url, "/readyz")
        limit = Server([arguments.build / "bench" / "http_bench", limit_url.rsplit(":", 1)[1], "2"],
                       limit_url, "/")
        try:
            print("one order a request      konomi req/s   p50 ms   p99 ms   no-op req/s   ratio")
            for connections in CONNECTIONS:
                seconds = arguments.seconds
                pairs = [(wrk(konomi_url + "/api/log", connections, seconds, "orders.lua"),
                          wrk(limit_url + "/", connections, seconds, "http_bench.lua"))
                         for _ in range(arguments.rounds)]
                rate, p50, p99 = median([pair[0] for pair in pairs])
                no_op = median([pair[1] for pair in pairs])[0]
                print(f"{connections:4} connections        {rate:12.0f} {p50:8.2f} {p99:8.2f}"
                      f" {no_op:13.0f} {rate / no_op:7.2f}", flush=True)
            print("\n1 000 orders a request   orders/s   p50 ms   p99 ms")
            for connections in (1, 4):
                rate, p50, p99 = median([
                    wrk(konomi_url + "/api/v1/orders", connections, arguments.seconds,
                        "orders_ndjson.lua") for _ in range(arguments.rounds)])
                print(f"{connections:4} connections        {rate * 1000:10.0f}"
                      f" {p50:8.2f} {p99:8.2f}", flush=True)
        finally:
            konomi.stop()
            limit.stop()


if __name__ == "__main__":
    main()
