"""Roles as processes of their own, on real Kafka and real Cassandra."""

import json
import random
import subprocess

import pytest
from cluster_e2e import Process
from konomi_e2e import free_port, ndjson, order, quoted, run_konomi, wait_for

pytestmark = pytest.mark.cluster


def produce(cluster, lines):
    """Records as another program would write them: "KEY<TAB>VALUE" lines, through kcat."""
    done = subprocess.run(
        ["kcat", "-P", "-b", cluster.stack.brokers, "-t", cluster.environment["KONOMI_KAFKA_TOPIC"],
         "-K", "\t", "-X", "topic.partitioner=murmur2"],
        input="\n".join(lines).encode(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


def counts(api, date):
    return {entry["menu_type"]: entry["count"]
            for entry in api.get(f"/api/v1/days/{date}")["counts"] if entry["count"]}


def test_a_topic_of_the_first_version_is_drained(clusters):
    cluster = clusters.make()
    good = [f"u{user}\tu{user},2025-05-31T{hour:02}:30:00+09:00,{menu_type}"
            for user in range(20) for hour, menu_type in ((12, "washoku"), (19, "yoshoku"))]
    bad = ["u1\tu1,2025-05-31T12:00:00+09:00", "u,1\tu,1,2025-05-31T12:00:00+09:00,washoku",
           "u2\tu2,yesterday,washoku", "u3\t", "u4\tu4,2025-05-31T12:00:00Z,washoku,extra",
           'u5\t{"user_id":'"\"u5\"}"]
    produce(cluster, good + bad)
    cluster.add("consume,aggregate")
    api = cluster.add("api")
    status = cluster.wait_counted()
    assert status["log"]["end"] == len(good) + len(bad)
    assert status["dead_letters"] == len(bad)
    assert counts(api, "2025-05-31") == {"washoku": 20, "yoshoku": 20}
    user = api.get("/api/v1/users/u7")
    assert (user["preference"]["menu_type"], user["preference"]["tied"]) == ("yoshoku", True)


def test_a_process_answers_for_its_roles_only(clusters):
    cluster = clusters.make()
    ingest = cluster.add("ingest")
    api = cluster.add("api")
    consume = cluster.add("consume")
    assert ingest.http.post("/api/log", json={
        "user_id": "u1", "timestamp": "2025-05-31T00:00:00Z",
        "menu_type": "washoku"}).json()["status"] == "ok"
    assert ingest.http.get("/api/v1/status").status_code == 404
    assert api.http.post("/api/log", json={}).status_code == 404
    for process in (ingest, api, consume):
        assert process.http.get("/livez").status_code == 200
    for process in (ingest, consume):
        assert "konomi_" in process.http.get("/metrics").text
    assert api.get("/api/v1/status")["engine"] == "cluster"


def test_what_is_missing_is_named_with_the_command_that_makes_it(stack, tmp_path):
    environment = {**stack.settings, "KONOMI_KAFKA_TOPIC": "not-there",
                   "KONOMI_CASSANDRA_KEYSPACE": "konomi_not_there"}

    def serve(*flags):
        process = Process(tmp_path / "process", "api", environment, *flags)
        return subprocess.run(process.command(), env=environment, capture_output=True, text=True,
                              timeout=60, check=False)

    missing = serve()
    assert missing.returncode == 1
    assert "konomi topics apply" in missing.stderr, missing.stderr
    run_konomi("topics", "apply", env=environment)
    missing = serve()
    assert missing.returncode == 1
    assert "konomi schema apply" in missing.stderr, missing.stderr
    said = run_konomi("schema", "apply", env=environment).stdout
    assert "konomi_not_there" in said
    assert "nothing to do" in run_konomi("schema", "apply", env=environment).stdout
    nobody = serve("--kafka-brokers", f"127.0.0.1:{free_port()}")
    assert nobody.returncode == 1
    assert "127.0.0.1" in nobody.stderr and "brokers" in nobody.stderr, nobody.stderr


def test_data_made_with_other_settings_is_refused(clusters):
    cluster = clusters.make("--time-zone", "Asia/Tokyo")
    cluster.add("api")
    other = Process(cluster.directory / "other", "api", cluster.environment, "--time-zone",
                    "Europe/Kyiv")
    ended = subprocess.run(other.command(), env=cluster.environment, capture_output=True, text=True,
                           timeout=60, check=False)
    assert ended.returncode == 1
    assert "Asia/Tokyo" in ended.stderr and "Europe/Kyiv" in ended.stderr


def test_orders_are_taken_while_the_stores_are_away(stack, clusters):
    cluster = clusters.make().start_pairs()
    ingest = cluster.of("ingest")[0]
    ingest.post_orders([order(f"u{i}", order_id="before") for i in range(50)])
    cluster.wait_counted()
    stack.command("kill", "cassandra-1")
    try:
        ingest.post_orders([order(f"u{i}", order_id="during") for i in range(50)])
        answer = cluster.api.http.get("/api/v1/users/u1")
        assert answer.status_code == 503, answer.text
        assert "Retry-After" in answer.headers
        assert ingest.http.get("/livez").status_code == 200
        wait_for(lambda: "[-]stores failed" in cluster.api.http.get("/readyz?verbose").text,
                 "the role api says that its stores are away")
        assert ingest.http.get("/readyz?verbose").text.splitlines()[0] == "[+]log ok"
        assert ingest.http.get("/readyz").status_code == 200
    finally:
        stack.command("start", "cassandra-1")
    ingest.post_orders([order(f"u{i}", order_id="after") for i in range(50)])
    cluster.wait_counted()
    assert counts(cluster.api, "2025-05-31") == {"washoku": 150}


def test_a_log_that_does_not_answer_refuses_orders_and_recovers(stack, clusters):
    cluster = clusters.make()
    ingest = cluster.add("ingest")
    cluster.add("consume,aggregate")
    cluster.add("api")
    ingest.post_orders([order("u1", order_id="before")])
    stack.command("kill", "kafka-1")
    try:
        refused = ingest.http.post("/api/v1/orders", json=order("u1", order_id="during"))
        assert refused.status_code == 503, refused.text
        assert "Retry-After" in refused.headers
    finally:
        stack.command("start", "kafka-1")

    def accepted():
        return ingest.http.post("/api/v1/orders",
                                json=order("u1", order_id="during")).status_code == 202

    wait_for(accepted, "orders are taken again", 60)
    cluster.wait_counted()
    assert counts(cluster.api, "2025-05-31") == {"washoku": 2}


# --- Two engines, one answer ---------------------------------------------------------------------

def stream(seed):
    """Batches of orders with repeats, corrections, cancellations, late and shuffled ones."""
    dice = random.Random(seed)
    types = ["washoku", "yoshoku", "chuka", "Americano with Milk", "和食"]
    sent = []
    for _ in range(30):
        batch = []
        for _ in range(dice.randint(1, 60)):
            kind = dice.random()
            if sent and kind < 0.15:
                batch.append(dict(dice.choice(sent)))
            elif sent and kind < 0.30:
                batch.append({**dice.choice(sent), "menu_type": dice.choice(types),
                              "status": "placed"})
            elif sent and kind < 0.40:
                batch.append({**dice.choice(sent), "status": "cancelled"})
            else:
                day, hour = dice.randint(1, 12), dice.randint(0, 23)
                made = order(f"guest {dice.randint(1, 40)}", dice.choice(types),
                             f"2025-05-{day:02}T{hour:02}:{dice.randint(0, 59):02}:00+09:00",
                             order_id=f"o{len(sent)}")
                sent.append(made)
                batch.append(made)
        dice.shuffle(batch)
        yield batch


def export(api):
    """Everything that two engines must agree on, as bytes."""
    out = []
    for day in api.days():
        for name in ("state", "revision", "computed_at", "counted_up_to"):
            day.pop(name, None)
        out.append(day)
    segments = api.get("/api/v1/segments")
    segments.pop("computed_at")
    out.append(segments)
    out.append(api.get("/api/user_segments"))
    users = set()
    for segment in segments["segments"]:
        listed = api.segment_csv(segment["menu_type"])
        out.append(listed)
        users.update(line.split(",")[0] for line in listed.splitlines()[1:])
    for user in sorted(users):
        out.append(api.get(f"/api/v1/users/{quoted(user)}"))
    return json.dumps(out, ensure_ascii=False, indent=1).encode()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_engines_give_the_same_bytes(servers, clusters, seed):
    embedded = servers.start()
    cluster = clusters.make().start_pairs()
    dice = random.Random(seed)
    for batch in stream(seed):
        # One after the other, for the order of corrections is part of the stream.
        embedded.post_orders(batch)
        ingest = dice.choice(cluster.of("ingest"))
        ingest.post_orders(batch)
        if dice.random() < 0.3:
            again = ndjson(batch)
            for server in (embedded, ingest):
                server.http.post("/api/v1/orders", content=again,
                                 headers={"Content-Type": "application/x-ndjson"})
    embedded.wait_counted()
    cluster.wait_counted()
    assert export(cluster.api) == export(embedded)
