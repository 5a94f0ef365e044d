"""What breaks a cluster on purpose: nodes, processes, and the links between them, by one seed."""

import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import httpx
from cluster_e2e import Stack
from konomi_e2e import ROOT, free_port, wait_for

TOXIPROXY = pathlib.Path(os.environ.get("TOXIPROXY", ROOT / "build" / "toxiproxy" / "server"))
NODES = 3
KINDS = ("kafka", "cassandra")
SESSION_TIMEOUT_S = 6  # Of the consumer group; the shortest that a broker allows.
DOWN_S = (2, 6)  # How long a killed node stays away.
FAULT_S = (2, 5)  # How long a link is broken,
LONGER = ((0.12, 3), (0.03, 10))  # and with these chances so many times as long.
REST_S = (1, 3)  # Between two faults of a lane.
POLL_S = 0.1


class ProxiedStack(Stack):
    """Three nodes of each server, reached through Toxiproxy only."""

    def up(self):
        self.command("up", "--nodes", str(NODES), "--free-ports", "--behind-proxies")
        self.read_settings()
        return self

    def links(self):
        """(name of the node, where clients go, where it listens) of every node."""
        for kind, name in (("kafka", "KONOMI_KAFKA_BROKERS"),
                           ("cassandra", "KONOMI_CASSANDRA_CONTACT_POINTS")):
            for number, told in enumerate(self.settings[name].split(","), 1):
                yield f"{kind}-{number}", told, f"127.0.0.{number}:{told.rpartition(':')[2]}"


class Proxies:
    """A Toxiproxy with one proxy for each node. Nothing passes a proxy that is cut; toxics do what
    their names say to what passes."""

    def __init__(self, links):
        assert TOXIPROXY.exists(), f"{TOXIPROXY} is not there; scripts/setup.sh test installs it"
        port = free_port()
        self.process = subprocess.Popen(
            [TOXIPROXY, "-host", "127.0.0.1", "-port", str(port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "LOG_LEVEL": "error"})
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
        wait_for(lambda: self.http.get("/version").status_code == 200, "Toxiproxy answers")
        for name, told, upstream in links:
            self.ask("POST", "/proxies", {"name": name, "listen": told, "upstream": upstream,
                                          "enabled": True})

    def ask(self, method, path, body=None):
        answer = self.http.request(method, path, json=body)
        assert answer.status_code < 300, f"Toxiproxy: {method} {path}: {answer.text}"

    def cut(self, node):
        self.ask("POST", f"/proxies/{node}", {"enabled": False})

    def poison(self, node, kind):
        toxic, stream, attributes = TOXICS[kind]
        self.ask("POST", f"/proxies/{node}/toxics", {
            "name": toxic, "type": toxic, "stream": stream, "attributes": attributes})

    def heal(self):
        """Opens every link and takes every toxic away."""
        self.ask("POST", "/reset")

    def end(self):
        self.http.close()
        self.process.terminate()
        self.process.wait()


# What Toxiproxy does to a link, and how that is asked for.
TOXICS = {
    "slow": ("latency", "downstream", {"latency": 700, "jitter": 600}),
    "reset": ("reset_peer", "downstream", {"timeout": 200}),
    "mute": ("timeout", "downstream", {"timeout": 0}),  # What is asked for is done; no answer.
    "deaf": ("timeout", "upstream", {"timeout": 0}),  # Accepts, and hears nothing.
    "narrow": ("bandwidth", "downstream", {"rate": 30}),  # KB/s.
}


@dataclasses.dataclass(frozen=True)
class Fault:
    what: str  # "kill", "pause", "cut", or a name of TOXICS.
    targets: tuple  # Names of nodes, or of processes.
    seconds: float
    rest: float

    def __str__(self):
        return f"{self.what} {', '.join(self.targets)} for {self.seconds:.1f} s"


def one_node(dice, kind):
    return f"{kind}-{dice.randint(1, NODES)}"


def node_faults(dice):
    """One node of a kind at a time: a minority of three."""
    deck = [("kafka",), ("cassandra",), KINDS]
    dice.shuffle(deck)
    for kinds in deck:
        yield Fault("kill", tuple(one_node(dice, kind) for kind in kinds), dice.uniform(*DOWN_S),
                    dice.uniform(*REST_S))


def link_faults(dice):
    """Of one node, or of all of a kind: then konomi has to wait, and must not lose anything."""
    deck = [(what, kind) for what in ("cut", "slow", "reset", "narrow") for kind in KINDS]
    deck += zip(dice.sample(("mute", "deaf"), 2), KINDS)
    dice.shuffle(deck)
    for what, kind in deck:
        one = (one_node(dice, kind),)
        every = tuple(f"{kind}-{number}" for number in range(1, NODES + 1))
        (often, some), (seldom, many) = LONGER
        chance = dice.random()
        times = many if chance < seldom else some if chance < seldom + often else 1
        yield Fault(what, one if dice.random() < 0.6 else every, times * dice.uniform(*FAULT_S),
                    dice.uniform(*REST_S))


def role_faults(processes):
    def faults(dice):
        deck = [("kill", role) for role in ("ingest", "consume", "aggregate", "api")]
        deck += [("kill", "consume"), ("pause", "consume"), ("pause", "aggregate")]
        dice.shuffle(deck)
        for what, role in deck:
            names = [name for name in processes if name.startswith(role)]
            longer = SESSION_TIMEOUT_S + 1 if what == "pause" else 0
            yield Fault(what, (dice.choice(names),), longer + dice.uniform(0, 3),
                        dice.uniform(*REST_S))
    return faults


class Keeper(threading.Thread):
    """Starts a process again that ended, as systemd or Kubernetes would, and notes how it ended."""

    def __init__(self, processes):
        super().__init__(name="keeper", daemon=True)
        self.processes = processes  # By name.
        self.lock = threading.Lock()
        self.down = set()  # Names of those that the nemesis holds down.
        self.ended = []  # (name, exit code) of those that ended by themselves.
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(POLL_S):
            for name, process in self.processes.items():
                with self.lock:
                    if name in self.down or process.process.poll() is None:
                        continue
                    self.ended.append((name, process.process.returncode))
                    self.relaunch(process)

    @staticmethod
    def relaunch(process):
        process.process = None
        process.launch()

    def kill(self, name):
        with self.lock:
            self.down.add(name)
            self.processes[name].process.kill()
            self.processes[name].process.wait()

    def revive(self, name):
        with self.lock:
            self.down.discard(name)
            self.relaunch(self.processes[name])

    def signal(self, name, number):
        with self.lock:
            if self.processes[name].process.poll() is None:
                self.processes[name].process.send_signal(number)

    def end(self):
        self.stopping.set()
        self.join()


class Nemesis:
    """Three lanes of faults at the same time: nodes, links, roles. Each plays whole decks of its
    faults until the time is over, so that every kind comes up. The same seed plays the same faults
    in the same order."""

    def __init__(self, seed, seconds, stack, proxies, keeper, say):
        self.end_at = time.monotonic() + seconds
        self.stack, self.proxies, self.keeper = stack, proxies, keeper
        self.say = say
        self.played = collections.Counter()
        self.failures = []
        self.stopping = threading.Event()
        decks = {"nodes": node_faults, "links": link_faults, "roles": role_faults(keeper.processes)}
        self.lanes = [threading.Thread(target=self.play, name=f"nemesis of {name}", daemon=True,
                                       args=(name, deck, random.Random(f"{seed} {name}")))
                      for name, deck in decks.items()]

    def run(self, check):
        """Until every lane has played its last deck; `check` is called all the time."""
        for lane in self.lanes:
            lane.start()
        try:
            while any(lane.is_alive() for lane in self.lanes):
                check()
                self.lanes[0].join(POLL_S)
                self.stopping.wait(POLL_S)
        finally:
            self.stopping.set()
            for lane in self.lanes:
                lane.join()
            with contextlib.suppress(httpx.TransportError):
                self.proxies.heal()
        if self.failures:
            raise self.failures[0]

    def play(self, name, deck, dice):
        try:
            while time.monotonic() < self.end_at and not self.stopping.is_set():
                for fault in deck(dice):
                    if self.stopping.is_set():
                        return
                    self.say(f"{name}: {fault}")
                    self.suffer(name, fault)
                    self.played[f"{fault.what} {name}" if name != "roles" else
                                f"{fault.what} {fault.targets[0].rstrip('0123456789')}"] += 1
                    self.stopping.wait(fault.rest)
        except Exception as failure:  # Told by run().
            self.failures.append(failure)
            self.stopping.set()

    def suffer(self, name, fault):
        {"nodes": self.kill_nodes, "links": self.break_links, "roles": self.break_role}[name](fault)

    def kill_nodes(self, fault):
        self.stack.command("kill", *fault.targets)
        try:
            self.stopping.wait(fault.seconds)
        finally:
            self.stack.command("start", *fault.targets)

    def break_links(self, fault):
        for node in fault.targets:
            if fault.what == "cut":
                self.proxies.cut(node)
            else:
                self.proxies.poison(node, fault.what)
        self.stopping.wait(fault.seconds)
        self.proxies.heal()

    def break_role(self, fault):
        name, = fault.targets
        if fault.what == "kill":
            self.keeper.kill(name)
            self.stopping.wait(fault.seconds)
            self.keeper.revive(name)
        else:
            self.keeper.signal(name, signal.SIGSTOP)
            self.stopping.wait(fault.seconds)
            self.keeper.signal(name, signal.SIGCONT)
