"""The page, driven in a real browser: map, timeline, lineage, what changes while it is open, a phone, keys alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from catalogue.world import CHINA, World, again, day_of, serving

DEPTH = "snow-depth-china"
TITLE = "Daily snow depth of China from passive microwave"
pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page on which nothing goes wrong: no error, nothing that its policy forbids, no request to elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(f"{said.text} {said.location}") if said.type == "error" else None)
    page.on(
        "request", lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else wrong.append(asked.url)
    )
    yield page
    context.close()
    assert [text for text in wrong if "api/products/nothing" not in text] == []


def show_all(page: Page) -> None:
    """Show every item, instead of the latest of each product."""
    page.get_by_label("Product").select_option("")
    expect(page.locator(".items li")).to_have_count(10)


def test_the_map_shows_outlines_and_pictures_in_every_view(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".items li")).to_have_count(2)
    expect(page.get_by_role("status").filter(has_text="The latest of 2 products")).to_be_visible()
    # The view follows what is chosen, until somebody chooses a view.
    for product, view in {"snow depth": "Third Pole", "brightness": "Arctic"}.items():
        page.get_by_role("button", name=re.compile(product)).click()
        expect(page.get_by_role("button", name=view, exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="World", exact=True).click()
    show_all(page)
    expect(page.get_by_role("button", name="World", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status").filter(has_text="10 items")).to_be_visible()
    # Two places, though ten items: an outline for each place.
    expect(page.locator(".outline")).to_have_count(2)
    assert len(page.locator(".coast").get_attribute("d") or "") > 50_000
    expect(page.locator(".card img")).to_have_js_property("complete", True)
    expect(page.locator(".pictures image")).to_have_count(1)
    for view in ("Arctic", "Antarctic", "Third Pole", "World"):
        page.get_by_role("button", name=view, exact=True).click()
        expect(page.get_by_role("button", name=view, exact=True)).to_have_attribute("aria-pressed", "true")
        assert "NaN" not in (page.locator(".coast").get_attribute("d") or "")
    page.get_by_label("Product").select_option(DEPTH)
    expect(page.locator(".items li")).to_have_count(5)
    page.get_by_role("textbox", name="From").fill("2014-02-04")
    expect(page.locator(".items li")).to_have_count(2)
    page.locator(".outline").first.click(position={"x": 3, "y": 3}, force=True)
    page.get_by_role("link", name=re.compile("^Open")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)


def test_what_was_asked_last_is_what_is_shown(page: Page) -> None:
    held: list[Route] = []
    page.goto("/")
    expect(page.locator(".items li")).to_have_count(2)
    page.route("**/stac/search?collections=cold-pass-tb*", lambda route: held.append(route))
    page.get_by_label("Product").select_option("cold-pass-tb")
    page.wait_for_timeout(200)
    show_all(page)
    assert len(held) == 1, "the answer that somebody no longer waits for is on its way"
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator(".items li")).to_have_count(10)
    expect(page.get_by_role("status").filter(has_text="10 items")).to_be_visible()


def test_where_nothing_was_made_yet_the_page_says_so(browser: Browser, tmp_path: Path) -> None:
    world = World(tmp_path)
    with serving(world) as empty:
        page = browser.new_page(base_url=empty)
        page.goto("/")
        expect(page.get_by_role("status").filter(has_text="Nothing was made yet")).to_be_visible()
        page.goto("/#/timeline")
        expect(page.locator(".notice")).to_have_text("No slot was opened yet. They open when granules come.")
        expect(page.locator(".detail")).to_be_hidden()
        page.close()
    world.close()


def test_the_timeline_tells_what_was_made_what_waits_and_what_died(page: Page) -> None:
    page.goto("/#/timeline")
    lane = page.get_by_role("group", name=TITLE)
    expect(lane.locator(".slot")).to_have_count(8)
    for state, count in {"made": 5, "waiting": 1, "dead": 1, "void": 1}.items():
        expect(lane.locator(f".slot.{state}")).to_have_count(count)
    told = page.get_by_role("region", name=TITLE).locator(".awaited")
    expect(told).to_have_text("1 slot waits for cold-pass-tb")
    lane.locator(".slot.waiting").click()
    expect(page.locator(".detail")).to_contain_text("Waits for cold-pass-tb of 20140206, until")
    lane.locator(".slot.dead").click()
    expect(page.locator(".detail")).to_contain_text("the product stumbled (1 attempt)")
    lane.locator(".slot.void").click()
    expect(page.locator(".detail")).to_contain_text("polar night")


def test_what_lies_far_back_leaves_room_to_the_rest(page: Page) -> None:
    page.goto("/#/timeline")
    shown = page.evaluate(
        """async () => {
          const { lately } = await import("/js/timeline.js");
          const day = (number) => new Date(Date.UTC(2014, 1, number)).toISOString();
          const slots = [-200, ...Array(70).keys()].map((number) => ({ start: day(number), end: day(number + 1) }));
          return lately(slots).map((slot) => slot.start.slice(0, 10));
        }"""
    )
    assert (len(shown), shown[0], shown[-1]) == (60, "2014-02-10", "2014-04-10")


def test_an_item_shows_its_lineage_back_to_granules_and_forward_and_how_to_cite_it(page: Page) -> None:
    page.goto(f"/#/item/{day_of(DEPTH, 2).key}")
    expect(page.locator(".node.here")).to_have_count(1)
    expect(page.locator(".node.item")).to_have_count(4)
    expect(page.locator(".node.granule")).to_have_count(6)
    expect(page.locator(".citation")).to_contain_text("Ice Office (20")
    expect(page.locator(".citation")).to_contain_text(
        f"{TITLE}, version 1.0.0, {day_of(DEPTH, 2).key}, revision 1 (final)"
    )
    expect(page.locator(".picture img")).to_have_js_property("complete", True)
    # The stream goes on beside it, and closes nothing that was opened.
    page.locator("summary").click()
    with page.expect_response("**/api/overview"):
        page.evaluate("document.dispatchEvent(new CustomEvent('icestream:anew'))")
    page.wait_for_timeout(100)
    expect(page.locator("details")).to_have_attribute("open", "")
    page.locator("a.node.item").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("brightness temperature")
    page.locator("a.node.granule").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("NSIDC0032.F17")
    expect(page.locator("a.node.item").first).to_be_visible()


def test_a_product_has_its_page(page: Page) -> None:
    page.goto("/#/products")
    page.get_by_role("link", name=re.compile(TITLE)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.locator(".strip li")).to_have_count(5)
    expect(page.get_by_text("From the last input's arrival:")).to_contain_text("4.2 s")
    expect(page.locator(".references")).to_contain_text("doi:10.3189/172756408787814690")


def test_what_is_not_there_is_said(page: Page) -> None:
    page.goto("/#/timeline")
    expect(page.locator(".slot").first).to_be_visible()
    page.evaluate("location.hash = '#/product/nothing'")
    expect(page.get_by_role("alert")).to_contain_text("there is no record of a product nothing")


def test_everything_is_reached_by_keys_alone(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".items li")).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    reached = []
    for _ in range(26):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('class') || document.activeElement.name"))
    assert {"entry", "open", "chart", "product", "from", "to"} <= set(reached)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.locator(".chart").focus()
    before = page.locator(".chart").get_attribute("viewBox")
    for key in ("+", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        after = page.locator(".chart").get_attribute("viewBox")
        assert after != before
        before = after
    page.keyboard.press("0")
    expect(page.locator(".chart")).to_have_attribute("viewBox", "-88.000 -88.000 176.000 176.000")
    page.locator(".open").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.goto("/#/timeline")
    lane = page.get_by_role("group", name=TITLE)
    last = lane.locator(".slot").last
    last.focus()
    page.keyboard.press("ArrowLeft")
    expect(lane.locator(".slot").nth(6)).to_be_focused()
    expect(page.locator(".detail")).to_contain_text("stumbled")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("group", name=re.compile("brightness")).locator(".slot:focus")).to_have_count(1)
    # Whoever is somewhere stays there when it is drawn anew.
    page.evaluate("document.activeElement.title = 'before'; document.dispatchEvent(new CustomEvent('icestream:anew'))")
    expect(page.locator(".slot:focus:not([title=before])")).to_have_count(1)


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for place in ("", "#/timeline", "#/products", f"#/product/{DEPTH}", f"#/item/{day_of(DEPTH, 2).key}", "help.html"):
        page.goto(f"/{place}")
        page.locator("main h1").wait_for(state="attached")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, place
        small = page.evaluate(
            "[...document.querySelectorAll('button:not(.slot), nav a')].filter(each => each.offsetParent)"
            ".filter(each => each.getBoundingClientRect().height < 36).map(each => each.outerHTML)"
        )
        assert small == [], place


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-theme", scheme)
    poor = page.evaluate(
        """() => {
          const style = getComputedStyle(document.documentElement);
          const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          const light = (name) => {
            pen.fillStyle = style.getPropertyValue(name);
            pen.fillRect(0, 0, 1, 1);
            const linear = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((value) => value / 255)
              .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
          };
          const pairs = [["--ink", "--sheet"], ["--ink", "--ground"], ["--faint", "--sheet"], ["--faint", "--ground"],
            ["--faint", "--accent-soft"], ["--accent", "--sheet"], ["--accent", "--accent-soft"],
            ["--accent-ink", "--accent"],
            ["--alarm", "--sheet"], ["--alarm", "--ground"]];
          return pairs.map(([a, b]) => [a, b, [light(a), light(b)].sort((x, y) => y - x)])
            .map(([a, b, [x, y]]) => [a, b, (x + 0.05) / (y + 0.05)]).filter(([, , contrast]) => contrast < 4.5);
        }"""
    )
    assert poor == []
    assert page.evaluate("getComputedStyle(document.querySelector('.dot')).animationName") == "none"
    page.get_by_role("button", name="Dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark" if scheme == "light" else "light")


def test_what_is_announced_while_the_page_is_open_appears(page: Page, world: World) -> None:
    page.goto("/")
    show_all(page)
    expect(page.locator("#live-text")).to_have_text("live")
    page.wait_for_timeout(2500)
    fresh = world.make(day_of(DEPTH, 8))
    world.announce(fresh)
    expect(page.locator(".items li")).to_have_count(11)
    expect(page.locator("#news")).to_have_text(f"{fresh.granule_id}, revision 1, final")
    page.goto("/#/timeline")
    expect(page.get_by_role("group", name=TITLE).locator(".slot.made")).to_have_count(6)
    # Taken away again, so that the world is as it was.
    world.announce(again(fresh, 2, void="for the next test", assets=()))
    page.goto("/#/")
    page.get_by_label("Product").select_option("")
    expect(page.locator(".items li")).to_have_count(10)


STREAM = """
window.EventSource = class extends EventTarget {
  constructor() { super(); window.stream = this; }
  close() {}
};
"""


def test_what_changed_while_the_stream_was_lost_is_read_when_it_is_back(page: Page) -> None:
    page.add_init_script(STREAM)
    page.clock.install()
    page.goto("/#/products")
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")
    page.evaluate("stream.dispatchEvent(new Event('open'))")
    page.clock.run_for(1500)
    for kind in ("full", "error"):
        page.evaluate(f"stream.dispatchEvent(new Event('{kind}'))")
    expect(page.locator("#live-text")).to_have_text("not live: too many pages are open")
    with page.expect_request("**/api/overview", timeout=3000):
        page.evaluate("stream.dispatchEvent(new Event('open'))")
        page.clock.run_for(1500)


def test_what_changes_while_a_page_is_read_is_read_after_and_not_beside(page: Page) -> None:
    held: list[Route] = []
    page.add_init_script(STREAM)
    page.clock.install()
    page.route("**/api/overview", lambda route: held.append(route))
    page.goto("/#/products")
    page.evaluate("stream.dispatchEvent(new MessageEvent('slot', { data: '{}' }))")
    page.clock.run_for(1500)
    assert len(held) == 1
    held.pop().continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")
    page.unroute("**/api/overview")
    with page.expect_request("**/api/overview", timeout=3000):
        page.clock.run_for(1500)


def test_a_map_that_comes_late_does_not_take_the_place_of_another_page(page: Page) -> None:
    held: list[Route] = []
    page.route("**/coast.json", lambda route: held.append(route))
    with page.expect_response("**/api/overview"):
        page.goto("/", wait_until="commit")
    page.evaluate("location.hash = '#/products'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")
    with page.expect_response("**/coast.json"):
        held.pop().continue_()
    page.wait_for_timeout(100)
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")


def test_a_coast_that_could_not_be_had_is_asked_for_again(page: Page) -> None:
    page.route("**/coast.json", lambda route: route.fulfill(body="cut sho"))
    page.goto("/", wait_until="commit")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/coast.json")
    again.click()
    expect(page.locator(".items li").first).to_be_visible()


LISTENERS = """
window.listening = 0;
const listen = window.addEventListener;
window.addEventListener = (kind, call, given) => {
  if (kind === "pointerup") {
    window.listening += 1;
    given?.signal?.addEventListener("abort", () => { window.listening -= 1; });
  }
  listen.call(window, kind, call, given);
};
"""


def test_a_map_that_was_left_listens_no_more(page: Page) -> None:
    page.add_init_script(LISTENERS)
    page.goto("/", wait_until="commit")
    expect(page.locator(".items li").first).to_be_visible()
    assert page.evaluate("listening") == 1
    page.evaluate("location.hash = '#/products'")
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")
    assert page.evaluate("listening") == 0


def test_a_picture_is_laid_where_its_grid_lies(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Product").select_option(DEPTH)
    expect(page.locator(".pictures image")).to_have_attribute("x", f"{CHINA[0]:g}")
    place = page.locator(".pictures image").evaluate(
        "each => [...'x y width height'.split(' ')].map(a => +each.getAttribute(a))"
    )
    west, south, east, north = CHINA
    assert place == pytest.approx([west, -north, east - west, north - south], abs=0.01)
    places = page.evaluate(
        """async () => {
          const { VIEWS, path, viewFor } = await import("/js/projection.js");
          const ring = [[-180, 60], [180, 60], [180, 90], [-180, 90], [-180, 60]];
          return [VIEWS.arctic.project(12, 90), VIEWS.arctic.project(0, 0), VIEWS.antarctic.project(0, -90),
            VIEWS.world.project(30, 40), path([ring], VIEWS.arctic), viewFor([170, 40, -170, 50])];
        }"""
    )
    assert places[:4] == [
        pytest.approx([0, 0], abs=1e-9),
        pytest.approx([0, 100]),
        pytest.approx([0, 0], abs=1e-9),
        [30, -40],
    ]
    # A circle, with no line to the pole and back.
    corners = re.findall(r"L(-?[\d.]+) (-?[\d.]+)", places[4])
    assert places[5] == "arctic"
    radii = {round((float(x) ** 2 + float(y) ** 2) ** 0.5, 1) for x, y in corners}
    assert radii <= {36.6, 0.0}


def test_of_a_picture_nothing_is_laid_where_nothing_is_known(page: Page) -> None:
    page.goto("/help.html")
    seen = page.evaluate(
        """async () => {
          const { without } = await import("/js/picture.js");
          const canvas = Object.assign(document.createElement("canvas"), { width: 2, height: 1 });
          const pen = canvas.getContext("2d");
          pen.fillStyle = "#c4c6c9"; pen.fillRect(0, 0, 1, 1);
          pen.fillStyle = "#c4c6ca"; pen.fillRect(1, 0, 1, 1);
          return [...without({ image: canvas, nothing: [0xc4c6c9] }).getContext("2d").getImageData(0, 0, 2, 1).data];
        }"""
    )
    assert (seen[3], seen[4:]) == (0, [0xC4, 0xC6, 0xCA, 255])
