#!/usr/bin/env python3
"""Runs the stages of ./test or of `make soak`, two at a time, and counts what they say.

usage: run_tests.py [--soak] [STAGE…]      without stages: all of them

The last line is `N passed, N failed` (`, N skipped` when any were). A stage that failed without
naming a failed test counts as one failed test; stages that needed it are listed as not run. Logs
and JUnit files are in build/test-logs.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
AT_ONCE = 2  # Stages side by side: two keep two cores busy and memory small.
PROGRESS_EVERY_S = 60
FAILURE_LINES = 60


@dataclasses.dataclass(frozen=True)
class Stage:
    name: str
    # For bash, from the repository's root; {junit} is where its counts go. {junit:PART} is for one
    # of several programs: their counts are added up.
    command: str
    needs: tuple = ()
    counts_itself: bool = False  # Without a JUnit file: the stage is one test.
    limit_minutes: int = 30


@dataclasses.dataclass
class Outcome:
    state: str  # "passed", "failed" or "not run".
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # Of the stage's processes that had ended with it.
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple = ()


def ctest(preset, *options, part=None):
    junit = f"{{junit:{part}}}" if part else "{junit}"
    return (f"ctest --test-dir build/{preset} --parallel 2 --output-on-failure --no-tests=error"
            f" {' '.join(options)} --output-junit {junit}")


def each(*commands):
    """All of them, also after one that failed; fails when any did."""
    return "failed=0; " + " || failed=1; ".join(commands) + " || failed=1; exit $failed"


def build(preset, *options):
    return (f"cmake --preset {preset} {' '.join(options)} && "
            f"cmake --build --preset {preset} --parallel {max(2, os.cpu_count() or 2)}")


TEST_STAGES = (
    Stage("web-build", "scripts/web.sh"),
    Stage("house-rules", "scripts/tidy.py", counts_itself=True),
    Stage("format", "make --no-print-directory format-check", counts_itself=True),
    Stage("house-rules-unit",
          "build/venv/bin/pytest -q -p no:cacheprovider scripts/tidy_test.py"
          " --junitxml={junit}"),
    Stage("release-build", build("release", "-DKONOMI_TESTS=ON", "-DKONOMI_BENCH=ON"),
          needs=("web-build",)),
    Stage("web-unit",
          "cd web && npx vitest run --passWithNoTests --reporter=default --reporter=junit"
          " --outputFile.junit={junit}",
          needs=("web-build",)),
    Stage("openapi-lint",
          "cd web && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true"
          " npx redocly lint ../docs/openapi.json --max-problems 100 && cd .. &&"
          " build/venv/bin/openapi-spec-validator docs/openapi.json",
          needs=("web-build",), counts_itself=True),
    Stage("release-unit", ctest("release", "-LE", "cluster"), needs=("release-build",)),
    # Real servers, which the stages start and stop themselves; what needs one Kafka and one
    # Cassandra shares them. Where they cannot start, it fails.
    Stage("cluster", "scripts/with_stack.sh bash -c '" + each(
        ctest("release", "-L", "cluster", part="unit"),
        "build/release/tests/contract/konomi_cluster_contract_test"
        " --gtest_brief=1 --gtest_output=xml:{junit:contract}",
        "build/venv/bin/pytest -v --durations=25 -p no:cacheprovider -m cluster tests/e2e"
        " --ignore=tests/e2e/test_nemesis.py --junitxml={junit:e2e}") + "'",
          needs=("release-build",)),
    Stage("nemesis",
          "build/venv/bin/pytest -v -p no:cacheprovider tests/e2e/test_nemesis.py"
          " --junitxml={junit}",
          needs=("cluster",)),
    Stage("package",
          "build/venv/bin/pytest -v -p no:cacheprovider tests/package/test_package.py"
          " tests/package/test_service.py --junitxml={junit}",
          needs=("release-build",)),
    # Its servers are not to stand beside those of the cluster's stages.
    Stage("strangers-path",
          "build/venv/bin/pytest -v -p no:cacheprovider tests/package/test_strangers_path.py"
          " --junitxml={junit}",
          needs=("package", "nemesis")),
    # Kafka, Cassandra and the benchmarks have no test here: the cluster's tests run in release.
    Stage("asan-build", build("asan", "-DKONOMI_CLUSTER=OFF", "-DKONOMI_BENCH=OFF"),
          needs=("release-build",)),
    Stage("e2e",
          "build/venv/bin/pytest -v --durations=15 -p no:cacheprovider -m 'not cluster' tests/e2e"
          " --junitxml={junit}",
          needs=("release-build",)),
    Stage("asan-unit", ctest("asan", "-LE", "cluster"), needs=("asan-build",)),
    Stage("fuzz", "scripts/fuzz.sh 5", needs=("asan-build",), counts_itself=True),
)

SOAK_STAGES = (
    Stage("web-build", "scripts/web.sh"),
    Stage("tsan-build", build("tsan"), needs=("web-build",), limit_minutes=90),
    Stage("tsan-unit", ctest("tsan"), needs=("tsan-build",), limit_minutes=90),
    Stage("clang-tidy", "make --no-print-directory tidy", needs=("web-build",), counts_itself=True,
          limit_minutes=180),
    Stage("simulation", "make --no-print-directory soak-simulation", needs=("web-build",),
          counts_itself=True, limit_minutes=180),
    Stage("fuzz", "make --no-print-directory soak-fuzz", needs=("web-build",), counts_itself=True,
          limit_minutes=180),
    Stage("crash", "make --no-print-directory soak-crash", needs=("simulation",),
          counts_itself=True, limit_minutes=60),
    Stage("nemesis", "make --no-print-directory soak-nemesis", needs=("crash",),
          counts_itself=True, limit_minutes=120),
    Stage("api", "make --no-print-directory soak-api", needs=("nemesis",), counts_itself=True,
          limit_minutes=120),
)


JUNIT = re.compile(r"\{junit(?::(\w+))?\}")


def junit_file(stage, part=None):
    return LOGS / (f"{stage.name}-{part}.junit.xml" if part else f"{stage.name}.junit.xml")


def junit_files(stage):
    return [junit_file(stage, part) for part in JUNIT.findall(stage.command)]


def command_of(stage):
    return JUNIT.sub(lambda match: str(junit_file(stage, match.group(1))), stage.command)


def sanitizer_environment():
    """What the sanitizers are told, with the suppression files that tests/support holds."""
    options = {
        "ASAN_OPTIONS": ["detect_stack_use_after_return=1", "strict_string_checks=1"],
        "LSAN_OPTIONS": [],
        "UBSAN_OPTIONS": ["print_stacktrace=1"],
        "TSAN_OPTIONS": ["second_deadlock_stack=1"],
    }
    for variable, values in options.items():
        suppressions = ROOT / "tests" / "support" / (variable.split("_")[0].lower() + ".supp")
        if suppressions.exists():
            values.append(f"suppressions={suppressions}")
    return {variable: ":".join(values) for variable, values in options.items() if values}


def read_junit(paths):
    """(passed, failed, skipped, names of the failed) of these files together."""
    passed, skipped, failures = 0, 0, []
    for path in paths:
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failures.append(f"{case.get('classname', '')} {case.get('name', '')}".strip())
            elif case.find("skipped") is not None:
                skipped += 1
            else:
                passed += 1
    return passed, len(failures), skipped, tuple(failures)


def judge(stage, exit_code, seconds, cpu_seconds):
    passed, failed, skipped, failures = (0, 0, 0, ()) if stage.counts_itself else read_junit(
        path for path in junit_files(stage) if path.exists())
    if stage.counts_itself and exit_code == 0:
        passed = 1
    if exit_code != 0 and failed == 0:
        failed, failures = 1, (f"{stage.name} (exit {exit_code})",)
    return Outcome("failed" if failed else "passed", seconds, cpu_seconds, passed, failed, skipped,
                   failures)


class Runner:
    """Starts each stage when what it needs has passed. `outcomes` is complete after run()."""

    def __init__(self, stages):
        self.stages = stages
        self.outcomes = {}
        self.processes = {}
        self.changed = threading.Condition()
        self.started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.started:5.0f} s] {text}", flush=True)

    def run(self):
        waiting = list(self.stages)
        running = {}
        with self.changed:
            while waiting or running:
                for name in [name for name in running if name in self.outcomes]:
                    running.pop(name).join()
                for stage in list(waiting):
                    states = [self.outcomes[n].state for n in stage.needs if n in self.outcomes]
                    if any(state != "passed" for state in states):
                        waiting.remove(stage)
                        self.outcomes[stage.name] = Outcome("not run")
                        self.say(f"{stage.name}: not run, for it needs {' and '.join(stage.needs)}")
                    elif len(states) == len(stage.needs) and len(running) < AT_ONCE:
                        waiting.remove(stage)
                        self.say(f"{stage.name}: started")
                        thread = threading.Thread(target=self.run_stage, args=(stage,))
                        running[stage.name] = thread
                        thread.start()
                if running and not self.changed.wait(PROGRESS_EVERY_S):
                    for name in running:
                        self.say(f"{name}: {last_line(LOGS / (name + '.log'))}")

    def run_stage(self, stage):
        for junit in junit_files(stage):
            junit.unlink(missing_ok=True)
        log_path = LOGS / f"{stage.name}.log"
        started = time.monotonic()
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", "set -o pipefail; " + command_of(stage)],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **sanitizer_environment()}, start_new_session=True)
            self.processes[stage.name] = process
            late = threading.Event()
            timer = threading.Timer(stage.limit_minutes * 60, give_up, (process, late))
            timer.start()
            # Not process.wait(), which does not tell what the process and its children used.
            _, status, used = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = exit_code = os.waitstatus_to_exitcode(status)
            if late.is_set():
                exit_code = f"none within {stage.limit_minutes} minutes"
        outcome = judge(stage, exit_code, time.monotonic() - started,
                        used.ru_utime + used.ru_stime)
        with self.changed:
            self.report(stage, outcome, log_path)
            self.outcomes[stage.name] = outcome
            self.changed.notify()

    def report(self, stage, outcome, log_path):
        counts = f", {outcome.passed} passed, {outcome.failed} failed, {outcome.skipped} skipped"
        if outcome.passed + outcome.failed + outcome.skipped == 0:
            counts = ""
        self.say(f"{stage.name}: {outcome.state} after {outcome.seconds:.0f} s"
                 f" ({outcome.cpu_seconds:.0f} s of processor){counts}")
        if outcome.state == "failed":
            lines = log_path.read_text(errors="replace").splitlines()[-FAILURE_LINES:]
            print("\n".join("    " + line for line in lines))
            for failure in outcome.failures:
                print(f"    failed: {failure}")
            print(f"    all of it: {log_path.relative_to(ROOT)}", flush=True)

    def stop_all(self):
        for process in self.processes.values():
            kill_group(process)


def give_up(process, late):
    late.set()
    kill_group(process)


def kill_group(process):
    """Ends the process and what it started: they are a group of their own."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def last_line(path):
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    return next((line.strip()[:110] for line in reversed(lines) if line.strip()), "running")


def with_needs(stages, names):
    by_name = {stage.name: stage for stage in stages}
    wanted = set()

    def want(name):
        if name not in by_name:
            sys.exit(f"run_tests: there is no stage {name}; there are: {' '.join(by_name)}")
        wanted.add(name)
        for need in by_name[name].needs:
            want(need)

    for name in names:
        want(name)
    return tuple(stage for stage in stages if stage.name in wanted)


def closing_line(outcomes):
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main():
    parser = argparse.ArgumentParser(description="Runs the stages of ./test or make soak.")
    parser.add_argument("--soak", action="store_true", help="the long stages instead")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="these and what they need")
    arguments = parser.parse_args()
    stages = SOAK_STAGES if arguments.soak else TEST_STAGES
    if arguments.stages:
        stages = with_needs(stages, arguments.stages)

    LOGS.mkdir(parents=True, exist_ok=True)
    runner = Runner(stages)
    try:
        runner.run()
    except KeyboardInterrupt:
        runner.stop_all()
        sys.exit("run_tests: interrupted")

    print()
    for stage in stages:
        outcome = runner.outcomes[stage.name]
        print(f"{stage.name:18} {outcome.state:8} {outcome.seconds:6.0f} s"
              f" {outcome.cpu_seconds:6.0f} s cpu {outcome.passed:6} passed"
              f" {outcome.failed:4} failed {outcome.skipped:4} skipped")
    print(f"{'in all':18} {'':8} {time.monotonic() - runner.started:6.0f} s")
    print()
    print(closing_line(runner.outcomes.values()), flush=True)
    failed = any(outcome.state != "passed" for outcome in runner.outcomes.values())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
