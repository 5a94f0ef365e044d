#!/usr/bin/env python3
"""Real Apache Kafka (KRaft) and Apache Cassandra on loopback, from Maven Central's jars.

What to run is scripts/dev-stack.sh; deploy/dev-stack holds the versions and the settings of the
servers. A stack is a directory: stack.json says which nodes and ports it has, and every node has a
directory of its own in it with its configuration, data, logs and process id. Two stacks in two
directories know nothing of each other.
"""

import argparse
import base64
import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECIPE = ROOT / "deploy" / "dev-stack"
KAFKA, CASSANDRA = "kafka", "cassandra"
KINDS = (KAFKA, CASSANDRA)
DEFAULT_PORTS = {"kafka_port": 9092, "cassandra_port": 9042}
# Below the ports that the kernel gives to outgoing connections, which could take one at any time.
FREE_PORTS = range(20000, 32000)
JAVA_MAJOR = 17  # Kafka 4 wants at least this, Cassandra 5 at most.
TOKENS_PER_NODE = 16
SETUP = "scripts/setup.sh cluster"

# What a node takes beyond its heap, measured: code, threads, direct buffers, bloom filters.
BEYOND_HEAP_MB = {KAFKA: 250, CASSANDRA: 600}
HEAP_MB = {KAFKA: 512, CASSANDRA: 1024}
HEAP_START_MB = 256
STOP_LIMIT_S = {KAFKA: 15, CASSANDRA: 20}
KILL_LIMIT_S = 60
FETCH_LIMIT_S = 900
JARS_MB = {KAFKA: 43, CASSANDRA: 67}
PROBE_LIMIT_S = 5
POLL_S = 0.1
TAIL_LINES = 20
TAIL_LINE_MAX = 240

USAGE = """\
%(prog)s up [--nodes 1|3] [--free-ports] [--kafka-port N] [--cassandra-port N] [--wait SECONDS]
          [--behind-proxies]
       %(prog)s down|status|reset|env
       %(prog)s start|stop|kill NODE…
       each with [--dir DIR]"""

HELP = """\
commands:
  up            starts what does not run yet and waits until every node answers
  down          stops every node; the data stays
  status        one line per node; exit code 0 only when all of them answer
  reset         stops every node and deletes all data; the ports stay chosen
  env           prints the export lines that point konomi at this stack
  start NODE…   kafka-1, cassandra-3, ...; waits until the others see them too
  stop NODE…    asks them to stop, and waits until they have
  kill NODE…    kill -9

  eval "$(scripts/dev-stack.sh env)" && konomi serve

  up --behind-proxies   servers tell their clients to come to 127.0.1.N instead of 127.0.0.N, same
                port, where a proxy of yours listens; what the servers say to each other stays
                direct. env names the proxies.

environment:
  DEV_STACK_DIR                build/dev-stack; what --dir says goes first
  DEV_STACK_JARS               build/dev-stack-jars; fetched once, shared by all stacks
  DEV_STACK_KAFKA_HEAP_MB      512, per node
  DEV_STACK_CASSANDRA_HEAP_MB  1024, per node
  DEV_STACK_JVM_OPTIONS        more options for both servers, for example
                                      -XX:TieredStopAtLevel=4 for long measurements
"""


class Failure(Exception):
    """The command cannot do what it was asked; the message is for the person who asked."""


def say(text):
    print(text, flush=True)


def whole_number(name, default):
    text = os.environ.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise Failure(f"{name} is \"{text}\"; expected a whole number above 0")
    return int(text)


def heap_mb(kind):
    return whole_number(f"DEV_STACK_{kind.upper()}_HEAP_MB", HEAP_MB[kind])


# --- Jars ----------------------------------------------------------------------------------------

def java_command():
    """The first Java of the right version among JAVA_HOME, PATH and Debian's own place."""
    candidates = [pathlib.Path(os.environ["JAVA_HOME"], "bin", "java")
                  ] if os.environ.get("JAVA_HOME") else []
    candidates += [pathlib.Path(found) for found in [shutil.which("java")] if found]
    candidates += sorted(pathlib.Path("/usr/lib/jvm").glob(f"java-{JAVA_MAJOR}-*/bin/java"))
    found = []
    for candidate in candidates:
        with contextlib.suppress(OSError):
            said = subprocess.run([candidate, "-version"], capture_output=True, text=True,
                                  check=False).stderr
            version = re.search(r'version "(\d+)', said)
            if version and int(version[1]) == JAVA_MAJOR:
                return candidate
            found.append(f"{candidate} is {version[1] if version else 'no Java'}")
    raise Failure(f"Java {JAVA_MAJOR} is needed and not there"
                  f"{' (' + '; '.join(found) + ')' if found else ''}; this installs it: {SETUP}")


def jars_root():
    return pathlib.Path(os.environ.get("DEV_STACK_JARS") or ROOT / "build/dev-stack-jars"
                        ).absolute()


def fetch_jars(kind):
    """The directory with a server's jars. Its name follows from the pom, so that a changed pom
    takes nothing from under the servers that run."""
    pom = RECIPE / f"{kind}-pom.xml"
    text = pom.read_bytes()
    version = re.search(rb"<version>([^<]+)</version>", text)[1].decode()
    jars = jars_root() / f"{kind}-{version}-{hashlib.sha256(text).hexdigest()[:8]}"
    if jars.is_dir():
        return jars
    jars.parent.mkdir(parents=True, exist_ok=True)
    with locked(jars.parent / "lock", "another command to fetch the jars"):
        if jars.is_dir():
            return jars
        if not shutil.which("mvn"):
            raise Failure(f"mvn, which fetches {kind}'s jars, is not there; this installs it: "
                          f"{SETUP}")
        say(f"{kind}: fetching version {version} from Maven Central, {JARS_MB[kind]} MB, only once")
        began = time.monotonic()
        partial, log = jars.with_name(jars.name + ".partial"), jars.parent / f"mvn-{kind}.log"
        shutil.rmtree(partial, ignore_errors=True)
        with open(log, "wb") as output:
            try:
                code = subprocess.run(
                    ["mvn", "-B", "-q", "-ntp", "--strict-checksums", "-f", pom,
                     "dependency:copy-dependencies", f"-DoutputDirectory={partial}"],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
                    cwd=jars.parent, timeout=FETCH_LIMIT_S).returncode
            except subprocess.TimeoutExpired:
                code = f"none after {FETCH_LIMIT_S} s"
        if code != 0 or not list(partial.glob("*.jar")):
            raise Failure(f"{kind}: mvn could not fetch the jars (exit code {code}); what it said "
                          f"last ({log}):\n{tail(log)}")
        partial.rename(jars)
        say(f"{kind}: fetched after {time.monotonic() - began:.0f} s into {jars}")
    return jars


# --- Files ---------------------------------------------------------------------------------------

@contextlib.contextmanager
def locked(path, whom):
    with open(path, "a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {whom} ({path})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tail(path):
    """The last lines without stack frames, which hide what was said above them."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    told = [line for line in lines if line.strip() and not re.match(r"\s+at |\s+\.\.\. \d", line)]
    return "\n".join("  " + line[:TAIL_LINE_MAX] for line in told[-TAIL_LINES:])


def filled_in(name, values):
    def value(match):
        return str(values[match[1]])
    return re.sub(r"@([A-Z_]+)@", value, (RECIPE / name).read_text(encoding="utf-8"))


def options_in(name, values):
    lines = filled_in(name, values).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


# --- Asking the servers --------------------------------------------------------------------------

class Refused(Exception):
    """A server that does not answer, or not what was expected: not yet, or not any more."""


def receive(connection, count):
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise Refused("the connection was closed")
        data += part
    return data


class Reader:
    """Kafka's wire format: big-endian numbers, strings and arrays with their length first."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def string(self):
        length = self.take("h")
        return None if length < 0 else self.take(f"{length}s").decode()

    def array(self, item):
        return [item() for _ in range(max(0, self.take("i")))]


@dataclasses.dataclass
class Partition:
    leader: int
    replicas: list
    in_sync: list


def kafka_metadata(host, port):
    """The ids of the brokers that this broker knows, and every partition of every topic."""
    api, version, correlation, client = 3, 7, 1, b"dev-stack"
    request = struct.pack(f">hhih{len(client)}siB", api, version, correlation, len(client), client,
                          -1, 0)
    with socket.create_connection((host, port), timeout=PROBE_LIMIT_S) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", receive(connection, 4))[0]
        answer = Reader(receive(connection, size))

    def broker():
        broker_id, _, _, _ = (answer.take("i"), answer.string(), answer.take("i"), answer.string())
        return broker_id

    def partition():
        answer.take("hi")
        leader, _ = answer.take("i"), answer.take("i")
        numbers = [answer.array(lambda: answer.take("i")) for _ in ("replicas", "isr", "offline")]
        return Partition(leader, numbers[0], numbers[1])

    def topic():
        answer.take("h")
        answer.string()
        answer.take("B")
        return answer.array(partition)

    answer.take("ii")  # Correlation id and throttle time.
    brokers = answer.array(broker)
    answer.string()  # The cluster's id.
    answer.take("i")  # The controller.
    return set(brokers), [one for topic in answer.array(topic) for one in topic]


CONSISTENCY = {"ONE": 1, "QUORUM": 4, "ALL": 5}


def cassandra_query(host, port, query, consistency="ONE"):
    """Runs a query over CQL's native protocol, version 4; any result will do."""
    def ask(connection, opcode, body):
        connection.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
        _, _, _, kind, length = struct.unpack(">BBhBi", receive(connection, 9))
        answer = receive(connection, length)
        if kind == 0:
            raise Refused(answer[6:].decode(errors="replace"))

    def text(value):
        return struct.pack(">h", len(value)) + value

    with socket.create_connection((host, port), timeout=PROBE_LIMIT_S) as connection:
        ask(connection, 1, struct.pack(">h", 1) + text(b"CQL_VERSION") + text(b"3.0.0"))
        ask(connection, 7, struct.pack(">i", len(query)) + query.encode() +
            struct.pack(">hB", CONSISTENCY[consistency], 0))


# --- Nodes ---------------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Node:
    kind: str
    number: int
    directory: pathlib.Path

    @property
    def name(self):
        return f"{self.kind}-{self.number}"

    @property
    def host(self):
        return f"127.0.0.{self.number}"

    @property
    def proxy_host(self):
        return f"127.0.1.{self.number}"

    @property
    def pid_file(self):
        return self.directory / "pid"

    def pid(self):
        """The process id when the node runs. Another program's process with the same number does
        not count: the node's own names its directory."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        mark = f"-Dkonomi.dev-stack.node={self.directory}".encode()
        return pid if mark in words else None

    def send(self, sign):
        pid = self.pid()
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)

    def last_words(self):
        parts = []
        for name in ("console.log", "server.log"):
            said = tail(self.directory / name)
            if said:
                parts.append(f"{self.name}: the end of {self.directory / name}:\n{said}")
        return "\n".join(parts) or f"{self.name}: it wrote no log"


class Stack:
    def __init__(self, directory):
        self.directory = directory
        try:
            self.settings = json.loads((directory / "stack.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.settings = {}
        except ValueError as error:
            raise Failure(f"{directory}/stack.json cannot be read ({error}); remove {directory}")

    @property
    def exists(self):
        return bool(self.settings)

    def save(self):
        new = self.directory / "stack.json.new"
        new.write_text(json.dumps(self.settings, indent=2) + "\n", encoding="utf-8")
        new.rename(self.directory / "stack.json")

    def nodes(self, kind=None):
        return [Node(each, number, self.directory / f"{each}-{number}")
                for each in KINDS if kind in (None, each)
                for number in range(1, self.settings.get("nodes", 0) + 1)]

    def node(self, name):
        for node in self.nodes():
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes())
        raise Failure(f"{name} is no node of this stack; expected one of: {known or 'none yet'}")

    def running(self, kind=None):
        return [node for node in self.nodes(kind) if node.pid()]

    def client_port(self, node):
        return self.settings[f"{node.kind}_port"]

    def is_behind_proxies(self):
        return self.settings.get("behind_proxies", False)

    def told_host(self, node):
        """Where the node tells its clients to come."""
        return node.proxy_host if self.is_behind_proxies() else node.host

    def ports(self, node):
        """What a node listens on, by its meaning: (host, port)."""
        inner = "controller" if node.kind == KAFKA else "storage"
        ports = {"clients": (node.host, self.client_port(node)),
                 inner: (node.host, self.settings[f"{inner}_port"])}
        if node.kind == KAFKA and self.is_behind_proxies():
            ports["brokers"] = (node.host, self.settings["broker_port"])
        if node.kind == CASSANDRA:
            ports["jmx"] = ("127.0.0.1", self.settings["jmx_ports"][node.number - 1])
        return ports

    def answers(self, node):
        """Whether the node serves a client, whatever the others do."""
        try:
            if node.kind == KAFKA:
                brokers, _ = kafka_metadata(node.host, self.client_port(node))
                return node.number in brokers
            cassandra_query(node.host, self.client_port(node),
                            "SELECT release_version FROM system.local")
            return True
        except (OSError, Refused, struct.error):
            return False

    def is_seen(self, node):
        """Whether the node works together with all others that run: it reaches them, and they hold
        all that they ought to hold of Kafka's log. Cassandra's nodes hand over what one of them
        missed later; a quorum reads around it."""
        running = self.running(node.kind)
        try:
            if node.kind == KAFKA:
                ids = {other.number for other in running}
                brokers, partitions = kafka_metadata(node.host, self.client_port(node))
                # Nobody but a replica in sync may lead: without one the partition has to wait.
                return brokers == ids and all(
                    ids.isdisjoint(part.in_sync) or
                    part.leader in ids and ids.intersection(part.replicas) <= set(part.in_sync)
                    for part in partitions)
            level = ("ONE", "QUORUM", "ALL")[len(running) - 1] if len(self.nodes()) > 2 else "ONE"
            # This table is on three nodes, so it tells whether they reach each other.
            cassandra_query(node.host, self.client_port(node),
                            "SELECT status FROM system_distributed.view_build_status WHERE"
                            " keyspace_name = 'any' AND view_name = 'any'", level)
            return True
        except (OSError, Refused, struct.error):
            return False


# --- Ports ---------------------------------------------------------------------------------------

def is_free(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class PortChooser:
    """Free ports, each given once, also when several stacks choose at the same time: a choice is
    held under a name that all processes of this network see, until this command ends."""

    def __init__(self):
        self.held = []

    def hold(self, port):
        mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mark.bind(f"\0konomi-dev-stack-port-{port}")
        except OSError:
            mark.close()
            return False
        self.held.append(mark)
        return True

    def choose(self, hosts):
        for port in random.sample(FREE_PORTS, len(FREE_PORTS)):
            if all(is_free(host, port) for host in hosts) and self.hold(port):
                return port
        raise Failure(f"no port from {FREE_PORTS.start} to {FREE_PORTS.stop - 1} is free")


def owner_of(port):
    """The program that listens on a port, as far as /proc tells."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for handle in (process / "fd").iterdir():
                if os.readlink(handle) in inodes:
                    name = (process / "comm").read_text().strip()
                    return f"{name}, process {process.name}"
    return "another program"


def choose_ports(stack, options, chooser):
    """Fills in the ports that stack.json lacks. While a node runs nothing can change."""
    settings, hosts = stack.settings, [node.host for node in stack.nodes(KAFKA)]
    some_run = bool(stack.running())

    def usable(port, hosts):
        return port is not None and all(is_free(host, port) for host in hosts)

    for key, default in DEFAULT_PORTS.items():
        asked, known = getattr(options, key, None), settings.get(key)
        if some_run:
            if asked and asked != known:
                raise Failure(f"--{key.replace('_', '-')} {asked}: this stack runs with {known}; "
                              "stop it first: scripts/dev-stack.sh down")
            continue
        if asked:
            settings[key] = asked
        elif getattr(options, "free_ports", False):
            if not usable(known, hosts):
                settings[key] = chooser.choose(hosts)
        elif not known:
            settings[key] = default
    if some_run:
        return
    inner = ("broker_port",) if stack.is_behind_proxies() else ()
    for key in ("controller_port", "storage_port", *inner):
        if not usable(settings.get(key), hosts):
            settings[key] = chooser.choose(hosts)
    known = settings.get("jmx_ports", [])
    if len(known) != len(hosts) or not all(usable(port, ["127.0.0.1"]) for port in known):
        settings["jmx_ports"] = [chooser.choose(["127.0.0.1"]) for _ in hosts]


def check_ports(stack, nodes):
    for node in nodes:
        for use, (host, port) in stack.ports(node).items():
            if not is_free(host, port):
                advice = ("stop it, or choose another port: up --free-ports, or up "
                          f"--{node.kind}-port N" if use == "clients" else
                          "run down, then up: it chooses another")
                raise Failure(f"{node.name}: {host}:{port} is taken ({owner_of(port)}); {advice}")


# --- Starting ------------------------------------------------------------------------------------

def memory_available_mb():
    values = dict(re.findall(r"(\w+):\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text()))
    available = int(values["MemAvailable"]) // 1024
    group = pathlib.Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        cache = re.search(r"^inactive_file (\d+)", (group / "memory.stat").read_text(), re.M)
        available = min(available, (limit - used + int(cache[1] if cache else 0)) >> 20)
    return available


def check_memory(nodes):
    need = sum(heap_mb(node.kind) + BEYOND_HEAP_MB[node.kind] for node in nodes)
    available = memory_available_mb()
    if available < need:
        raise Failure(f"{len(nodes)} node(s) need {need} MB of memory and {available} MB are "
                      "available; stop other programs, or make the heaps smaller with "
                      "DEV_STACK_KAFKA_HEAP_MB and DEV_STACK_CASSANDRA_HEAP_MB")


def values_for(stack, node):
    count, settings = stack.settings["nodes"], stack.settings
    hosts = [other.host for other in stack.nodes(node.kind)]
    step = 2**64 // (TOKENS_PER_NODE * count)
    told_host = stack.told_host(node)
    # Brokers speak to each other where they speak to clients, unless a proxy is in between.
    broker_listener = "BROKERS" if stack.is_behind_proxies() else "PLAINTEXT"
    brokers = (f",BROKERS://{node.host}:{settings['broker_port']}"
               if stack.is_behind_proxies() else "")
    return {
        "NODE_ID": node.number,
        "NODE_DIR": node.directory,
        "NODE_DIR_IN_URL": urllib.parse.quote(str(node.directory)),
        "HOST": node.host,
        "TOLD_HOST": told_host,
        "HEAP_MB": heap_mb(node.kind),
        "HEAP_START_MB": min(HEAP_START_MB, heap_mb(node.kind)),
        "REPLICATION": count,
        "MIN_INSYNC": 2 if count == 3 else 1,
        "KAFKA_PORT": settings["kafka_port"],
        "BROKER_LISTENER": broker_listener,
        "AND_BROKERS": brokers,
        "CONTROLLER_PORT": settings["controller_port"],
        "VOTERS": ",".join(f"{number}@{host}:{settings['controller_port']}"
                           for number, host in enumerate(hosts, 1)),
        "CASSANDRA_PORT": settings["cassandra_port"],
        "STORAGE_PORT": settings["storage_port"],
        "JMX_PORT": settings["jmx_ports"][node.number - 1],
        "SEEDS": ",".join(f"{host}:{settings['storage_port']}" for host in hosts),
        # Every count-th token, so that neighbours in the ring are different nodes.
        "TOKENS": ",".join(str((turn * count + node.number - 1) * step - 2**63)
                           for turn in range(TOKENS_PER_NODE)),
    }


FILES = {KAFKA: ("kafka.properties", "log4j2.xml"), CASSANDRA: ("cassandra.yaml", "logback.xml")}


def prepare(stack, node):
    """Writes the node's configuration and puts the logs of its last run aside."""
    node.directory.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(node.directory / "tmp", ignore_errors=True)
    (node.directory / "tmp").mkdir()
    for name in ("server", "console"):
        with contextlib.suppress(FileNotFoundError):
            (node.directory / f"{name}.log").rename(node.directory / f"{name}.previous.log")
    values = values_for(stack, node)
    for name in FILES[node.kind]:
        (node.directory / name).write_text(filled_in(name, values), encoding="utf-8")


def format_kafka(stack, nodes, java, jars, limit_s):
    """Makes the data directories of Kafka's nodes that have none; all at the same time."""
    new = [node for node in nodes
           if node.kind == KAFKA and not (node.directory / "data/meta.properties").exists()]
    runs = []
    for node in new:
        shutil.rmtree(node.directory / "data", ignore_errors=True)
        command = [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData",
                   *[option for option in options_in("kafka-jvm.options", values_for(stack, node))
                     if option.startswith("-D")],
                   "-cp", f"{jars}/*", "kafka.tools.StorageTool", "format",
                   "-t", stack.settings["kafka_cluster_id"],
                   "-c", node.directory / "kafka.properties"]
        runs.append((node, subprocess.Popen(command, cwd=node.directory, text=True,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT)))
    for node, run in runs:
        try:
            said, _ = run.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            run.kill()
            said, _ = run.communicate()
        if run.returncode != 0:
            raise Failure(f"{node.name}: its data directory could not be made (exit code "
                          f"{run.returncode}):\n{said}")


def root_is_mounted():
    mounts = pathlib.Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    return any(line.split()[1:2] == ["/"] for line in mounts.splitlines())


# Cassandra asks Java for free space, and Java looks for the mount that a directory is on. In a
# chroot whose root is no mount point there is none, so there the server gets a view of the mounts
# of its own in which the root is one. It is hung below /proc, which can be made private first:
# below a directory that is shared with the machine outside, the mount would appear there as well.
IN_MOUNTED_ROOT = ("unshare", "--mount", "--propagation", "unchanged", "sh", "-e", "-c", """
  mount --make-rprivate /proc
  mount -t tmpfs dev-stack /proc/fs
  mkdir /proc/fs/root
  mount --rbind / /proc/fs/root
  mount --make-rprivate /proc/fs/root
  exec chroot /proc/fs/root "$@"
""", "sh")


def launch(stack, node, java, jars):
    main = {KAFKA: ["kafka.Kafka", str(node.directory / "kafka.properties")],
            CASSANDRA: ["org.apache.cassandra.service.CassandraDaemon"]}[node.kind]
    options = options_in(f"{node.kind}-jvm.options", values_for(stack, node))
    options += os.environ.get("DEV_STACK_JVM_OPTIONS", "").split()
    command = ["env", f"--chdir={node.directory}", java, *options, "-cp", f"{jars}/*", *main]
    if not root_is_mounted():
        if os.geteuid() != 0:
            raise Failure(f"{node.name}: / is no mount point here (a chroot), and Cassandra then "
                          "finds no free space; run this as root, or bind-mount the root first")
        command = [*IN_MOUNTED_ROOT, *command]
    with open(node.directory / "console.log", "wb") as console:
        process = subprocess.Popen(command, cwd=node.directory, stdin=subprocess.DEVNULL,
                                   stdout=console, stderr=subprocess.STDOUT,
                                   start_new_session=True)
    node.pid_file.write_text(str(process.pid), encoding="ascii")
    # For a moment a new process has no command line yet, and would not be taken for the node.
    while process.poll() is None and not node.pid():
        time.sleep(POLL_S / 20)
    return process


def wait_until(condition, nodes, processes, end, reached, missing):
    """Polls all nodes in turn until the condition holds for each; `reached` is called as it does.
    A node whose process ends meanwhile fails at once, with what it said last."""
    waiting = list(nodes)
    while waiting:
        for node in list(waiting):
            process = processes.get(node)
            if process is not None and process.poll() is not None:
                raise Failure(f"{node.name}: ended by itself (exit code {process.returncode})\n"
                              f"{node.last_words()}")
            if process is None and not node.pid():
                raise Failure(f"{node.name}: does not run any more\n{node.last_words()}")
            if condition(node):
                waiting.remove(node)
                reached(node)
        if waiting and time.monotonic() > end:
            raise Failure(f"{waiting[0].name}: {missing}\n{waiting[0].last_words()}")
        if waiting:
            time.sleep(POLL_S)


def check_majority(stack, chosen):
    """One Kafka node of three never gets as far as answering, so there is nothing to wait for."""
    kafkas = {node for node in stack.running() + chosen if node.kind == KAFKA}
    needed = stack.settings["nodes"] // 2 + 1
    if any(node.kind == KAFKA for node in chosen) and len(kafkas) < needed:
        raise Failure(f"Kafka answers when {needed} of its {stack.settings['nodes']} nodes run; "
                      "start that many at once: scripts/dev-stack.sh start kafka-1 kafka-2")


def start_nodes(stack, chosen, options):
    """Starts the chosen nodes that do not run, and waits for them and for all that run to work
    together. What it started it stops again when one of them cannot start."""
    absent = [node for node in chosen if not node.pid()]
    for node in chosen:
        if node not in absent:
            say(f"{node.name}: already running (process {node.pid()}, {node.host}:"
                f"{stack.client_port(node)})")
    check_majority(stack, chosen)
    chooser, processes = PortChooser(), {}
    choose_ports(stack, options, chooser)
    if absent:
        java = java_command()
        jars = {kind: fetch_jars(kind) for kind in sorted({node.kind for node in absent})}
        check_memory(absent)
        check_ports(stack, absent)
        stack.settings.setdefault("kafka_cluster_id", new_cluster_id())
        stack.save()
        for node in absent:
            prepare(stack, node)
    began = time.monotonic()

    def answered(node):
        if node in absent:
            say(f"{node.name}: answers after {time.monotonic() - began:.1f} s ({node.host}:"
                f"{stack.client_port(node)}, process {node.pid()})")

    try:
        # Cassandra takes longest, so it goes first; Kafka's data directory is made meanwhile.
        for kind in (CASSANDRA, KAFKA):
            some = [node for node in absent if node.kind == kind]
            if some and kind == KAFKA:
                format_kafka(stack, some, java, jars[kind], options.wait)
            for node in some:
                processes[node] = launch(stack, node, java, jars[kind])
                say(f"{node.name}: starting (log: {node.directory}/server.log)")
        end = began + options.wait
        wait_until(stack.answers, chosen, processes, end, answered,
                   f"does not answer after {options.wait} s (--wait N allows more)")
        several = [node for node in stack.running() if stack.settings["nodes"] > 1]
        wait_until(stack.is_seen, several, processes, end, lambda node: None,
                   f"does not reach all other nodes after {options.wait} s (--wait N allows more)")
        if several and absent:
            say(f"all nodes that run see each other after {time.monotonic() - began:.1f} s")
    except BaseException:
        if processes:
            say("stopping again what was started")
            stop_nodes(list(processes), gently=False)
        raise


def new_cluster_id():
    """Kafka's form of a random UUID: 22 characters. One that begins with a dash would be taken for
    an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


# --- Stopping ------------------------------------------------------------------------------------

def stop_nodes(nodes, gently):
    """Ends the processes of these nodes, and returns when none is left."""
    began = time.monotonic()
    waiting = [node for node in nodes if node.pid()]
    for node in waiting:
        node.send(signal.SIGTERM if gently else signal.SIGKILL)
    hard = set() if gently else set(waiting)
    while waiting:
        passed = time.monotonic() - began
        for node in list(waiting):
            if not node.pid():
                waiting.remove(node)
                node.pid_file.unlink(missing_ok=True)
                how = "killed" if node in hard else "stopped"
                say(f"{node.name}: {how} after {passed:.1f} s")
            elif node not in hard and passed > STOP_LIMIT_S[node.kind]:
                say(f"{node.name}: still runs after {passed:.0f} s; killing it")
                hard.add(node)
                node.send(signal.SIGKILL)
            elif passed > KILL_LIMIT_S:
                raise Failure(f"{node.name}: process {node.pid()} does not end, not even killed")
        time.sleep(POLL_S / 5)


# --- Commands ------------------------------------------------------------------------------------

def up(stack, options):
    nodes = options.nodes or stack.settings.get("nodes", 1)
    known = stack.settings.get("nodes", nodes)
    if nodes != known and any(node.directory.exists() for node in stack.nodes()):
        raise Failure(f"--nodes {nodes}: this stack has {known}; delete it first "
                      "(scripts/dev-stack.sh reset), or choose another directory with --dir")
    stack.settings["nodes"] = nodes
    if options.behind_proxies and not stack.is_behind_proxies():
        if stack.running():
            raise Failure("--behind-proxies: this stack runs without; stop it first: "
                          "scripts/dev-stack.sh down")
        stack.settings["behind_proxies"] = True
    start_nodes(stack, stack.nodes(), options)
    where = "" if stack.directory == default_directory() else (
        f" --dir {shlex.quote(str(stack.directory))}")
    say(f"the stack is up; point konomi at it: eval \"$(scripts/dev-stack.sh env{where})\"")


def start(stack, options):
    start_nodes(stack, [stack.node(name) for name in options.node], options)


def stop(stack, options, gently=True):
    nodes = [stack.node(name) for name in options.node]
    for node in nodes:
        if not node.pid():
            raise Failure(f"{node.name}: does not run")
    stop_nodes(nodes, gently)


def kill(stack, options):
    stop(stack, options, gently=False)


def down(stack, _options):
    if not stack.running():
        say(f"nothing runs in {stack.directory}")
    stop_nodes(stack.nodes(), gently=True)


def reset(stack, _options):
    stop_nodes(stack.nodes(), gently=False)
    for node in stack.nodes():
        shutil.rmtree(node.directory, ignore_errors=True)
        if node.directory.exists():
            raise Failure(f"{node.directory} could not be deleted")
    if stack.exists:
        stack.settings.pop("kafka_cluster_id", None)
        stack.save()
    say(f"no data is left in {stack.directory}")


def status(stack, _options):
    if not stack.exists:
        raise Failure(f"there is no stack in {stack.directory}; scripts/dev-stack.sh up makes one")
    healthy = True
    for node in stack.nodes():
        pid = node.pid()
        answers = bool(pid) and stack.answers(node)
        healthy = healthy and answers
        say(f"{node.name:<12} {f'running, process {pid}' if pid else 'stopped':<26} "
            f"{node.host}:{stack.client_port(node):<6} "
            f"{'answers' if answers else 'does not answer'}")
    return 0 if healthy else 1


def env(stack, _options):
    if not stack.settings.get("kafka_port"):
        raise Failure(f"there is no stack in {stack.directory}; scripts/dev-stack.sh up makes one")

    def addresses(kind):
        return ",".join(f"{stack.told_host(node)}:{stack.client_port(node)}"
                        for node in stack.nodes(kind))

    say("export KONOMI_ENGINE=cluster")
    say(f"export KONOMI_KAFKA_BROKERS={addresses(KAFKA)}")
    say(f"export KONOMI_KAFKA_REPLICATION={stack.settings['nodes']}")
    say(f"export KONOMI_CASSANDRA_CONTACT_POINTS={addresses(CASSANDRA)}")
    say(f"export KONOMI_CASSANDRA_REPLICATION={stack.settings['nodes']}")


COMMANDS = {"up": up, "down": down, "status": status, "reset": reset, "env": env, "start": start,
            "stop": stop, "kill": kill}
WITHOUT_LOCK = ("status", "env")


def port_number(text):
    number = int(text)
    if not 1024 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not from 1024 to 65535")
    return number


def default_directory():
    return ROOT / "build" / "dev-stack"


def parse(arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", metavar="DIR",
                        help="where the stack lives (default build/dev-stack)")
    starting = argparse.ArgumentParser(add_help=False)
    starting.add_argument("--wait", metavar="SECONDS", type=int, default=300,
                          help="how long a start may take (default 300)")
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("node", metavar="NODE", nargs="+")
    parser = argparse.ArgumentParser(
        prog="scripts/dev-stack.sh", usage=USAGE, epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter, description="Real Kafka and "
        "Cassandra on this machine's loopback, from Maven Central's jars.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND",
                                     prog="scripts/dev-stack.sh", help=argparse.SUPPRESS)
    for name in COMMANDS:
        parents = [common]
        parents += [starting] if name in ("up", "start") else []
        parents += [one] if name in ("start", "stop", "kill") else []
        command = commands.add_parser(name, parents=parents)
        if name == "up":
            command.add_argument("--nodes", type=int, choices=(1, 3),
                                 help="of each server (default: what the stack has, else 1)")
            command.add_argument("--kafka-port", metavar="N", type=port_number,
                                 help="for Kafka's clients (default 9092)")
            command.add_argument("--cassandra-port", metavar="N", type=port_number,
                                 help="for Cassandra's clients (default 9042)")
            command.add_argument("--behind-proxies", action="store_true",
                                 help="clients are told to come to 127.0.1.N")
            command.add_argument("--free-ports", action="store_true",
                                 help="chooses ports that nobody uses; the stack remembers them")
    return parser.parse_args(arguments)


def on_termination(_number, _frame):
    raise Failure("terminated")


def main(arguments):
    options = parse(arguments)
    directory = options.dir or os.environ.get("DEV_STACK_DIR") or default_directory()
    directory = pathlib.Path(directory).resolve()
    signal.signal(signal.SIGTERM, on_termination)
    try:
        if re.search(r"[\",\\\n]", str(directory)):
            raise Failure(f"{directory}: Kafka takes no comma, quote or backslash in its directory")
        command = COMMANDS[options.command]
        if options.command in WITHOUT_LOCK or (options.command != "up" and not directory.exists()):
            return command(Stack(directory), options) or 0
        directory.mkdir(parents=True, exist_ok=True)
        with locked(directory / "lock", "another command on this stack"):
            return command(Stack(directory), options) or 0
    except Failure as failure:
        print(f"dev-stack: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
