"""The page in Debian's Chromium, against the real server: what an operator sees and does.
Screenshots go to build/screenshots, to be looked at."""

import contextlib
import csv
import io
import json
import re

import pytest
from konomi_e2e import ROOT, order, run_konomi
from playwright.sync_api import expect, sync_playwright

SCREENSHOTS = ROOT / "build" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
LANGUAGES = ("ja", "en")
PAGES = {"home": "/", "daily": "/daily?range=all", "day": "/daily/2012-05-11",
         "segments": "/segments?type=washoku", "user": "/users/tky1670"}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        # The browser and the server may share two cores with other tests.
        expect.set_options(timeout=20_000)
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser, server, language="en", viewport=None, **options):
    """A page as a new visitor sees it. Any error or warning of the page fails the test."""
    context = browser.new_context(base_url=server.url, locale=language,
                                  viewport=viewport or DESKTOP, accept_downloads=True, **options)
    complaints = []
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}")
            if message.type in ("error", "warning") else None)
    page.on("request", lambda request: complaints.append(f"elsewhere: {request.url}")
            if not request.url.startswith((server.url, "data:", "blob:")) else None)
    page.complaints = complaints
    yield page
    assert complaints == []
    context.close()


def ready(page, *regions):
    for region in regions:
        expect(page.get_by_test_id(region)).to_have_attribute("data-state", "ready")


def photograph(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")


def shown(number):
    return f"{number:,}"


def rows(page, region, attribute):
    """Text of a region's rows by one of their attributes."""
    found = {}
    for row in page.get_by_test_id(region).locator(f"[{attribute}]").all():
        found.setdefault(row.get_attribute(attribute), row.inner_text())
    return found


def truth_of(data):
    return json.loads((data / "truth.json").read_text())["tokyo_sample"]


REGIONS = {"home": ("status", "home-days", "home-segments"), "daily": ("daily",), "day": ("day",),
           "segments": ("segments", "segment-users"), "user": ("user",)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_is_complete_in_both_languages(browser, tokyo, name, language, size):
    with opened(browser, tokyo, language, DESKTOP if size == "desktop" else PHONE) as page:
        page.goto(PAGES[name])
        ready(page, *REGIONS[name])
        photograph(page, f"{name}-{language}-{size}")
        assert page.locator("html").get_attribute("lang") == language
        text = page.locator("body").inner_text()
        # A missing message shows its key, such as daily.title.
        assert not re.search(r"\b(app|common|error|state|home|daily|segments|user)\.[a-z_]+\b",
                             text), text
        assert not re.search(r"\bNaN\b|\bundefined\b|\[object", text)
        has_kana = re.search(r"[\u3040-\u30ff]", text.replace("日本語", ""))
        assert bool(has_kana) == (language == "ja")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], "it scrolls sideways"


def test_the_page_speaks_the_browsers_language_and_remembers_a_choice(browser, tokyo):
    with opened(browser, tokyo, "ja") as page:
        page.goto("/segments")
        ready(page, "segments")
        expect(page.get_by_role("heading", level=1)).to_contain_text("ユーザーセグメント")
        page.get_by_test_id("language-en").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Guest segments")
        expect(page.get_by_test_id("language-en")).to_have_attribute("aria-pressed", "true")
        page.reload()
        ready(page, "segments")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Guest segments")


def test_the_titles_are_those_of_the_first_version(browser, tokyo):
    with opened(browser, tokyo, "ja") as page:
        page.goto("/")
        page.get_by_test_id("nav-daily").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("日次注文サマリー")
        page.get_by_test_id("nav-segments").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("ユーザーセグメント")
        page.get_by_test_id("nav-home").click()
        expect(page).to_have_url(re.compile(r"/(\?.*)?$"))


def test_home_shows_the_last_day_and_how_far_all_is_counted(browser, tokyo, data):
    last = tokyo.days()[-1]
    with opened(browser, tokyo) as page:
        page.goto("/")
        ready(page, "status", "home-days", "home-segments")
        expect(page.get_by_test_id("home-day")).to_have_attribute("data-date", last["date"])
        expect(page.get_by_test_id("home-orders")).to_contain_text(shown(last["orders"]))
        expect(page.get_by_test_id("log-end")).to_contain_text(shown(10561))
        expect(page.get_by_test_id("log-counted")).to_contain_text(shown(10561))
        sizes = rows(page, "home-segments-card", "data-menu-type")
        for menu_type, users in truth_of(data)["segments"].items():
            assert shown(users) in sizes[menu_type], sizes


def test_the_whole_history_adds_up(browser, tokyo, data):
    truth = truth_of(data)
    with opened(browser, tokyo) as page:
        page.goto("/daily")
        ready(page, "daily")
        page.get_by_test_id("preset-all").click()
        ready(page, "daily")
        expect(page.get_by_test_id("total-orders")).to_contain_text(shown(truth["orders"]))
        table = rows(page, "by-type", "data-menu-type")
        for menu_type, orders in truth["orders_by_type"].items():
            assert shown(orders) in table[menu_type], table
        expect(page.get_by_test_id("chart").first).to_be_visible()
        # The range is in the address, so that the link shows the same days to everybody.
        address = page.url
        page.goto("/")
        page.goto(address)
        ready(page, "daily")
        expect(page.get_by_test_id("total-orders")).to_contain_text(shown(truth["orders"]))


def test_a_range_of_days_is_chosen_and_left_with_back(browser, tokyo, data):
    truth = truth_of(data)
    with opened(browser, tokyo) as page:
        page.goto("/daily?from=2012-04-04&to=2012-04-30")
        ready(page, "daily")
        expect(page.get_by_test_id("total-orders")).to_contain_text(
            shown(truth["by_month"]["2012-04"]))
        page.get_by_test_id("range-from").fill("2012-04-26")
        page.get_by_test_id("range-to").fill("2012-04-28")
        page.get_by_test_id("range-apply").click()
        expect(page).to_have_url(re.compile(r"from=2012-04-26&to=2012-04-28"))
        ready(page, "daily")
        for date in ("2012-04-26", "2012-04-28"):
            row = page.locator(f'[data-testid="day-row"][data-date="{date}"]')
            expect(row).to_contain_text(shown(truth["days"][date]["total"]))
            for menu_type in truth["menu_types"]:
                assert shown(truth["days"][date][menu_type]) in row.inner_text()
        page.go_back()
        ready(page, "daily")
        expect(page.get_by_test_id("total-orders")).to_contain_text(
            shown(truth["by_month"]["2012-04"]))


def test_a_range_that_ends_before_it_begins_is_explained(browser, tokyo):
    with opened(browser, tokyo) as page:
        page.goto("/daily?from=2012-04-04&to=2012-04-30")
        ready(page, "daily")
        page.get_by_test_id("range-from").fill("2012-05-01")
        page.get_by_test_id("range-to").fill("2012-04-01")
        page.get_by_test_id("range-apply").click()
        expect(page.get_by_test_id("range-problem")).to_be_visible()


def test_a_day_is_opened_from_the_table(browser, tokyo, data):
    truth = truth_of(data)["days"]["2012-05-11"]
    with opened(browser, tokyo) as page:
        page.goto("/daily?from=2012-05-10&to=2012-05-12")
        ready(page, "daily")
        page.locator('[data-testid="day-row"][data-date="2012-05-11"]').get_by_role("link").click()
        expect(page).to_have_url(re.compile(r"/daily/2012-05-11"))
        ready(page, "day")
        expect(page.get_by_test_id("day-summary")).to_have_attribute("data-date", "2012-05-11")
        expect(page.get_by_test_id("day-orders")).to_contain_text(shown(truth["total"]))
        expect(page.get_by_test_id("day-users")).to_contain_text(shown(truth["users"]))
        expect(page.get_by_test_id("state-badge").first).to_have_attribute("data-day-state",
                                                                           "final")
        page.get_by_test_id("day-previous").click()
        expect(page).to_have_url(re.compile(r"/daily/2012-05-10"))


def listed_users(page):
    return [row.get_attribute("data-user-id") for row in page.get_by_test_id("user-row").all()]


def test_segments_have_their_sizes_and_their_users_in_pages(browser, tokyo, data):
    truth = truth_of(data)
    everyone = [row["user_id"] for row in csv.DictReader(io.StringIO(tokyo.segment_csv("chuka")))]
    with opened(browser, tokyo) as page:
        page.goto("/segments")
        ready(page, "segments")
        sizes = rows(page, "segment-table", "data-menu-type")
        for menu_type, users in truth["segments"].items():
            assert shown(users) in sizes[menu_type], sizes
        page.get_by_test_id("segment-choice").select_option("chuka")
        expect(page.get_by_test_id("segment-list")).to_have_attribute("data-menu-type", "chuka")
        page.get_by_test_id("page-size").select_option("25")
        ready(page, "segment-users")
        expect(page.get_by_test_id("user-row")).to_have_count(25)
        first = listed_users(page)
        page.get_by_test_id("next-page").click()
        expect(page.get_by_test_id("user-row")).to_have_count(len(everyone) - 25)
        assert first + listed_users(page) == everyone
        address = page.url
        page.goto("/")
        page.goto(address)
        expect(page.get_by_test_id("user-row")).to_have_count(len(everyone) - 25)
        page.get_by_test_id("first-page").click()
        expect(page.get_by_test_id("user-row")).to_have_count(25)


def test_a_filtered_list_is_downloaded_as_csv(browser, tokyo):
    expected = tokyo.segment_csv("cafe", min_orders=5)
    with opened(browser, tokyo) as page:
        page.goto("/segments?type=cafe")
        ready(page, "segments", "segment-users")
        page.get_by_test_id("filter-min-orders").fill("5")
        page.get_by_test_id("filter-apply").click()
        expect(page).to_have_url(re.compile("min_orders=5"))
        ready(page, "segment-users")
        with page.expect_download() as download:
            page.get_by_test_id("csv-link").click()
        assert download.value.suggested_filename == "segment-cafe.csv"
        with open(download.value.path(), encoding="utf-8", newline="") as file:
            assert file.read() == expected
        page.get_by_test_id("filter-clear").click()
        expect(page).not_to_have_url(re.compile("min_orders"))


def test_a_user_is_found_and_explained(browser, tokyo, data):
    truth = truth_of(data)["top_users"]["tky1670"]
    with opened(browser, tokyo) as page:
        page.goto("/segments")
        ready(page, "segments")
        page.get_by_test_id("user-search-input").first.fill("tky1670")
        page.get_by_test_id("user-search-input").first.press("Enter")
        expect(page).to_have_url(re.compile("/users/tky1670"))
        ready(page, "user")
        expect(page.get_by_test_id("preference")).to_have_attribute("data-menu-type",
                                                                    truth["preference"])
        counts = rows(page, "user-types", "data-menu-type")
        for menu_type in ("washoku", "cafe", "chuka"):
            assert shown(truth[menu_type]) in counts[menu_type], counts


def test_an_unknown_user_is_reported_as_missing(browser, tokyo):
    with opened(browser, tokyo) as page:
        page.goto("/users/nobody-of-this-name")
        expect(page.get_by_test_id("user")).to_have_attribute("data-state",
                                                              re.compile("error|ready"))
        expect(page.get_by_test_id("error").or_(page.get_by_test_id("empty"))).to_be_visible()
        photograph(page, "user-unknown-en-desktop")
        # The browser itself logs the 404 of the page's request.
        page.complaints[:] = [text for text in page.complaints if "404" not in text]


def test_an_address_without_a_page_says_so(browser, tokyo):
    with opened(browser, tokyo) as page:
        page.goto("/nothing/here")
        expect(page.get_by_test_id("not-found")).to_be_visible()
        # The browser itself logs the 404 of the document.
        page.complaints[:] = [text for text in page.complaints if "404" not in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_konomi_shows_how_to_begin(browser, konomi, language):
    with opened(browser, konomi, language) as page:
        page.goto("/")
        expect(page.get_by_test_id("empty").first).to_be_visible()
        for command in ("command-post", "command-simulate", "command-import"):
            expect(page.get_by_test_id(command)).to_be_visible()
        photograph(page, f"empty-home-{language}-desktop")
        for path in ("/daily", "/segments"):
            page.goto(path)
            expect(page.get_by_test_id("empty").first).to_be_visible()
            photograph(page, f"empty{path.replace('/', '-')}-{language}-desktop")


def test_an_order_that_comes_in_appears_by_itself(browser, konomi):
    with opened(browser, konomi) as page:
        page.goto("/")
        expect(page.get_by_test_id("empty").first).to_be_visible()
        now = konomi.status()["now"]
        konomi.post_orders([order(f"u{number}", ordered_at=now) for number in range(3)])
        expect(page.get_by_test_id("home-orders")).to_contain_text("3", timeout=30_000)
        expect(page.get_by_test_id("state-badge").first).to_have_attribute("data-day-state",
                                                                           "open")


def test_a_key_signs_in_and_out(browser, servers, tmp_path):
    key = run_konomi("keys", "create", "--keys-file", tmp_path / "keys.toml", "--name",
                     "marketing", "--scopes", "read").stdout.strip()
    konomi = servers.start("--keys-file", tmp_path / "keys.toml")
    with opened(browser, konomi) as page:
        page.goto("/segments")
        expect(page.get_by_test_id("sign-in")).to_be_visible()
        expect(page.get_by_test_id("segment-sizes")).to_have_count(0)
        photograph(page, "sign-in")
        page.get_by_test_id("sign-in-key").fill("konomi_of_somebody_else")
        page.get_by_test_id("sign-in-submit").click()
        expect(page.get_by_test_id("sign-in-problem")).to_contain_text("not valid")
        page.get_by_test_id("sign-in-key").fill(key)
        page.get_by_test_id("sign-in-submit").click()
        expect(page.get_by_test_id("nav-segments")).to_be_visible()
        assert page.evaluate("document.cookie") == ""
        page.reload()
        expect(page.get_by_test_id("sign-out")).to_have_attribute(
            "title", "Signed in with the key “marketing”")
        photograph(page, "signed-in")
        page.get_by_test_id("sign-out").click()
        expect(page.get_by_test_id("sign-in")).to_be_visible()
        # The browser itself logs the refused key and the requests made while signed out.
        page.complaints[:] = [text for text in page.complaints if "401" not in text]


def test_a_server_that_goes_away_is_reported_and_comes_back(browser, konomi):
    konomi.post_orders([order("u1", ordered_at=konomi.status()["now"])])
    konomi.wait_counted()
    with opened(browser, konomi) as page:
        page.goto("/")
        ready(page, "status", "home-days")
        konomi.stop()
        expect(page.get_by_test_id("offline").or_(
            page.get_by_test_id("refresh-failed")).first).to_be_visible(timeout=30_000)
        photograph(page, "offline-en-desktop")
        konomi.start()
        expect(page.get_by_test_id("offline")).to_be_hidden(timeout=60_000)
        expect(page.get_by_test_id("home-orders")).to_contain_text("1")
        # The browser itself logs every request that failed meanwhile.
        page.complaints[:] = [text for text in page.complaints
                              if "Failed to load resource" not in text]


def test_names_of_users_and_types_are_shown_as_text(browser, konomi):
    name = '<img src=x onerror="document.title=1">&amp;'
    konomi.post_orders([order(name, "<b>bold</b>")])
    konomi.wait_counted()
    with opened(browser, konomi) as page:
        page.goto("/segments?type=" + "%3Cb%3Ebold%3C%2Fb%3E")
        ready(page, "segments", "segment-users")
        expect(page.get_by_test_id("user-row")).to_contain_text(name)
        expect(page.get_by_test_id("segment-table")).to_contain_text("<b>bold</b>")
        page.get_by_test_id("user-row").get_by_role("link").first.click()
        ready(page, "user")
        expect(page.get_by_test_id("user-id")).to_contain_text(name)
        assert page.title() != "1"


def test_everything_is_reached_with_the_keyboard(browser, tokyo):
    with opened(browser, tokyo) as page:
        page.goto("/")
        ready(page, "home-days")
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.dataset.testid || ''"))
        assert {"nav-home", "nav-daily", "nav-segments", "language-ja",
                "language-en"} <= reached, reached


def test_the_pages_files_are_cached_and_packed(tokyo):
    home = tokyo.http.get("/")
    assert home.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in home.headers
    script = re.search(r'src="(/assets/[^"]+\.js)"', home.text).group(1)
    answer = tokyo.http.get(script, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    again = tokyo.http.get("/", headers={"If-None-Match": home.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert tokyo.http.get("/assets/missing.js").status_code == 404
