"""Real orders, and the answers that two other programs found for them (shared/data/truth.json)."""

import collections
import concurrent.futures
import csv
import dataclasses
import gzip
import io
import json

import pytest
from konomi_e2e import quoted, run_konomi


@dataclasses.dataclass(frozen=True)
class Set:
    truth: str
    orders: str
    users: str
    time_zone: str
    orders_min: int  # It has at least so many.


SETS = (
    Set("tokyo_sample", "tokyo_foursquare/orders_sample.csv.gz",
        "tokyo_foursquare/users_sample.csv.gz", "Asia/Tokyo", 10_000),
    Set("tokyo_first_days", "tokyo_foursquare/orders_first_days.csv.gz",
        "tokyo_foursquare/users_first_days.csv.gz", "Asia/Tokyo", 1_000),
    Set("coffee_vending", "coffee_vending/orders.csv.gz", "coffee_vending/users.csv.gz",
        "Europe/Kyiv", 3_000),
)


def load(server, data, item):
    result = run_konomi("import", data / item.orders, "--url", server.url, "--wait", "--output",
                        "json")
    server.wait_counted()
    return json.loads(result.stdout)


def load_cluster(cluster, data, item):
    """Through both ingests at once; in the middle of it a consumer is killed and one joins."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        imports = [pool.submit(cluster.import_file, data / item.orders, "--batch", "50",
                               "--state-dir", cluster.directory / f"import{ingest}", ingest=ingest)
                   for ingest in range(2)]
        cluster.wait_stored(item.orders_min // 4)
        cluster.of("consume")[0].kill()
        cluster.add("consume")
        for done in imports:
            done.result()
    cluster.wait_counted()


@dataclasses.dataclass
class Loaded:
    server: object
    item: Set
    truth: dict
    users: list
    load_again: object


def load_embedded(servers, data, item):
    server = servers.start("--time-zone", item.time_zone)
    load(server, data, item)
    return server, lambda: load(server, data, item)


def load_on_cluster(clusters, data, item):
    cluster = clusters.make("--time-zone", item.time_zone).start_pairs()
    load_cluster(cluster, data, item)

    def again():
        cluster.import_file(data / item.orders, "--restart", "--state-dir",
                            cluster.directory / "again")
        cluster.wait_counted()
    return cluster.api, again


@pytest.fixture(scope="module", params=[
    *(pytest.param((item, "embedded"), id=item.truth) for item in SETS),
    *(pytest.param((item, "cluster"), id=f"{item.truth}-cluster", marks=pytest.mark.cluster)
      for item in SETS)])
def loaded(request, data):
    item, engine = request.param
    if engine == "cluster":
        server, again = load_on_cluster(request.getfixturevalue("module_clusters"), data, item)
    else:
        server, again = load_embedded(request.getfixturevalue("module_servers"), data, item)
    truth = json.loads((data / "truth.json").read_text())[item.truth]
    with gzip.open(data / item.users, "rt", encoding="utf-8", newline="") as file:
        users = list(csv.DictReader(file))
    return Loaded(server, item, truth, users, again)


def by_type(entries, value="count"):
    """What is not 0, by menu type."""
    return {entry["menu_type"]: entry[value] for entry in entries if entry[value]}


def not_zero(figures, *others):
    return {name: count for name, count in figures.items() if count and name not in others}


def user_counts(row):
    return {name[2:]: int(count) for name, count in row.items()
            if name.startswith("n_") and int(count)}


def summed(days):
    total = collections.Counter()
    for day in days:
        total.update(by_type(day["counts"]))
    return dict(total)


def test_totals_equal_the_truth(loaded):
    days = loaded.server.days()
    assert len(days) == loaded.truth["days_with_orders"]
    assert sum(day["orders"] for day in days) == loaded.truth["orders"]
    assert summed(days) == not_zero(loaded.truth["orders_by_type"])
    status = loaded.server.status()
    assert status["users"] == loaded.truth["distinct_users"]
    assert status["days"] == {"first": days[0]["date"], "last": days[-1]["date"],
                              "count": loaded.truth["days_with_orders"]}
    assert status["dead_letters"] == 0
    assert status["time_zone"] == loaded.item.time_zone


def test_listed_days_equal_the_truth(loaded):
    for date, truth in loaded.truth["days"].items():
        day = loaded.server.get(f"/api/v1/days/{date}")
        assert by_type(day["counts"]) == not_zero(truth, "total", "users"), date
        assert (day["orders"], day["users"]) == (truth["total"], truth["users"]), date
        first_version = loaded.server.get("/api/daily_order_summaries", date=date)["summaries"]
        assert [by_type(summary["counts"]) for summary in first_version] == [
            not_zero(truth, "total", "users")]


def test_the_first_versions_list_holds_every_day(loaded):
    summaries = loaded.server.get("/api/daily_order_summaries")["summaries"]
    assert [summary["date"] for summary in summaries] == [
        day["date"] for day in reversed(loaded.server.days())]
    assert summed(summaries) == not_zero(loaded.truth["orders_by_type"])


def test_local_hours_equal_the_truth(loaded):
    days = loaded.server.days()
    assert [sum(day["hours"][hour] for day in days) for hour in range(24)] == \
        loaded.truth["by_local_hour"]


def test_a_days_hours_by_type_add_up(loaded):
    for date in loaded.truth["days"]:
        day = loaded.server.get(f"/api/v1/days/{date}")
        for entry in day["counts"]:
            assert sum(entry["hours"]) == entry["count"], (date, entry["menu_type"])
        assert [sum(entry["hours"][hour] for entry in day["counts"]) for hour in range(24)] == \
            day["hours"], date


def test_months_equal_the_truth(loaded):
    months = collections.Counter()
    for day in loaded.server.days():
        months[day["date"][:7]] += day["orders"]
    assert dict(months) == loaded.truth["by_month"]


def test_segment_sizes_equal_the_truth(loaded):
    answer = loaded.server.get("/api/v1/segments")
    users = loaded.truth["distinct_users"]
    assert by_type(answer["segments"], "users") == not_zero(loaded.truth["segments"])
    assert (answer["users"], answer["undecided"]) == (users, 0)
    for segment in answer["segments"]:
        assert segment["share"] == pytest.approx(segment["users"] / users, abs=5.1e-5)
    assert answer["day"] == loaded.server.status()["days"]["last"]


def test_segments_list_exactly_their_users(loaded):
    truth = collections.defaultdict(list)
    for row in loaded.users:
        truth[row["preference"]].append(row["user_id"])
    for segment in loaded.server.get("/api/user_segments")["segments"]:
        expected = sorted(truth[segment["menu_type"]], key=str.encode)
        assert segment["user_ids"] == expected, segment["menu_type"]
        assert segment["count"] == len(expected)
        rows = csv.DictReader(io.StringIO(loaded.server.segment_csv(segment["menu_type"])))
        assert [row["user_id"] for row in rows] == expected, segment["menu_type"]


def test_every_users_preference_equals_the_truth(loaded):
    tied = 0
    for row in loaded.users:
        user = loaded.server.get(f"/api/v1/users/{quoted(row['user_id'])}")
        preference, counts = user["preference"], user_counts(row)
        assert preference["menu_type"] == row["preference"], row
        assert preference["total_orders"] == int(row["orders"]), row
        assert preference["orders"] == counts[row["preference"]], row
        assert preference["tied"] == (row["tied"] == "1"), row
        assert by_type(user["counts"], "orders") == counts, row
        assert summed(user["days"]) == counts, row
        assert user["undecided"] is False
        assert user["changes"][-1]["to"] == row["preference"], row
        tied += preference["tied"]
    assert tied == loaded.truth["users_tied_for_most_frequent"]


def test_users_with_many_orders_are_found_by_filter(loaded):
    for menu_type, users in loaded.truth["segments_of_users_with_5_or_more_orders"].items():
        rows = csv.DictReader(io.StringIO(loaded.server.segment_csv(menu_type)))
        assert sum(int(row["total_orders"]) >= 5 for row in rows) == users, menu_type


def figures(server):
    """Everything that importing again must leave as it is."""
    days = [{name: value for name, value in day.items()
             if name not in ("computed_at", "counted_up_to")} for day in server.days()]
    segments = server.get("/api/v1/segments")
    lists = {segment["menu_type"]: server.segment_csv(segment["menu_type"])
             for segment in segments["segments"]}
    return days, by_type(segments["segments"], "users"), lists


def test_importing_the_same_file_again_changes_nothing(loaded):
    before = figures(loaded.server)
    loaded.load_again()
    assert figures(loaded.server) == before
    assert loaded.server.status()["users"] == loaded.truth["distinct_users"]


@pytest.mark.parametrize("item", SETS, ids=lambda item: item.truth)
def test_with_the_zone_utc_days_are_cut_at_utc_midnight(servers, data, item):
    server = servers.start("--time-zone", "UTC")
    load(server, data, item)
    truth = json.loads((data / "truth.json").read_text())[item.truth]
    for date, expected in truth["same_days_cut_at_utc_midnight"].items():
        day = server.get(f"/api/v1/days/{date}")
        assert by_type(day["counts"]) == not_zero(expected, "total"), date
        assert day["orders"] == expected["total"], date
    # Which zone cuts the days changes nobody's preference.
    segments = server.get("/api/v1/segments")["segments"]
    assert by_type(segments, "users") == not_zero(truth["segments"])
