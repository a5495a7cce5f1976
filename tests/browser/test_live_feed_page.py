"""What the page draws, that it recovers by itself, and that it leaves nothing behind."""

from __future__ import annotations

import re
import signal
import time

import pytest
from playwright.sync_api import expect

MEASURED = {
    "load": r"\d+\.\d\d",
    "memory": r"[\d.]+ %",
    "sent": r"[\d.]+ [kMGT]?B/s",
    "received": r"[\d.]+ [kMGT]?B/s",
}
POINTS, CHARTS = 300, 24  # what the page keeps

# JavaScript: it is so for the chart of that name.
HAS_POINTS = """([name, n]) =>
    Number(document.querySelector(`[data-name="${name}"]`)?.dataset.points) >= n"""
HAS_NEWER = """([name, time]) =>
    Number(document.querySelector(`[data-name="${name}"]`)?.dataset.time) > time"""
IS_PAINTED = """([name, n]) => {
    const section = document.querySelector(`[data-name="${name}"]`);
    const canvas = section.querySelector("canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const line = Number(`0x${getComputedStyle(section).getPropertyValue("--line").slice(1)}ff`);
    const pixels = new DataView(data.buffer);
    let count = 0; // of pixels in the very colour of the line
    for (let at = 0; at < data.length; at += 4) {
        count += pixels.getUint32(at) === line;
    }
    return count >= n;
}"""


def chart(page, name):
    return page.locator(f'[data-name="{name}"]')


def is_live(page):
    """Have the page say so, and both of its connections prove it."""
    expect(page.locator("#state")).to_have_text("live")
    expect(page.locator("#socket-state")).to_have_text("connected")
    now = time.time()
    for name in MEASURED:
        page.wait_for_function(HAS_NEWER, arg=[name, now])
    page.fill("#text", f"Is it {now}?")
    page.click("#echo button")
    expect(page.locator("#answer")).to_have_text(f"Is it {now}?")


def posted(name, values):
    return [{"name": name, "value": value, "time": 1000 + value} for value in values]


def forgive(complaints):
    """Take out what the browser says of connections that the test has cut."""
    complaints[:] = [each for each in complaints if "net::ERR_" not in each]


def test_it_draws_what_the_server_measures(page):
    expect(page.locator("#missing")).to_be_hidden()
    for name, value in MEASURED.items():
        page.wait_for_function(HAS_POINTS, arg=[name, 5])
        page.wait_for_function(IS_PAINTED, arg=[name, 20])
        expect(chart(page, name).locator(".value")).to_have_text(re.compile(f"^{value}$"))
    is_live(page)


def test_it_draws_what_is_posted(page, server):
    """Any name gets a chart of its own, and is shown as it is."""
    server.post({"name": "<i>x</i>", "value": -1234.5}, {"name": "constructor", "value": 1e300})
    expect(chart(page, "<i>x</i>").locator("h2")).to_have_text("<i>x</i>")
    expect(chart(page, "<i>x</i>").locator(".value")).to_have_text("-1,234.5")
    page.wait_for_function(IS_PAINTED, arg=["<i>x</i>", 5])
    expect(chart(page, "constructor").locator(".value")).to_have_text("1.00e+300")


def test_a_late_reading_takes_its_place(page, server):
    """The value is that of the newest, whatever came last."""
    server.post(*posted("late", [1, 5, 3, 4, 2]))
    expect(chart(page, "late")).to_have_attribute("data-points", "5")
    expect(chart(page, "late").locator(".value")).to_have_text("5")


def test_what_is_kept_is_bounded(page, server):
    server.post(*posted("many", range(POINTS + 50)))
    page.wait_for_function(HAS_NEWER, arg=["many", 1000 + POINTS + 48])
    expect(chart(page, "many")).to_have_attribute("data-points", str(POINTS))
    for number in range(CHARTS + 5):
        server.post({"name": f"name {number}", "value": number})
    expect(chart(page, f"name {CHARTS + 4}")).to_be_visible()
    expect(page.locator(".chart")).to_have_count(CHARTS)
    expect(chart(page, "many")).to_have_count(0)  # silent for the longest time
    expect(chart(page, "load")).to_be_visible()


def test_the_socket_echoes_and_has_a_subscription(page):
    expect(page.locator("#subscribed")).to_have_text("load")
    expect(page.locator("#subscription")).to_have_text(re.compile(r"^Load \d+\.\d\d at [\d:]+$"))
    page.fill("#text", 'Grüße, {"a": 1}')
    page.press("#text", "Enter")
    expect(page.locator("#answer")).to_have_text('Grüße, {"a": 1}')
    expect(page.locator("#trip")).to_have_text(re.compile(r"^\d+\.\d ms$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_small_screen_in_either_colours(page, scheme):
    page.wait_for_function(HAS_POINTS, arg=["load", 5])
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 500})
    page.wait_for_function(IS_PAINTED, arg=["load", 20])
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_lost_connection_loses_no_reading(page, server, complaints):
    is_live(page)
    server.post(*posted("steps", range(10)))
    page.wait_for_function(HAS_POINTS, arg=["steps", 10])
    page.context.set_offline(True)  # which cuts nothing that is there
    server.cut()
    expect(page.locator("#state")).to_have_text("reconnecting…")
    server.post(*posted("steps", range(10, 50)))
    page.context.set_offline(False)
    is_live(page)
    expect(chart(page, "steps")).to_have_attribute("data-points", "50")
    forgive(complaints)


def test_it_recovers_when_the_server_is_started_again(page, server, complaints):
    is_live(page)
    for _ in range(2):
        assert server.stop() in {0, -signal.SIGTERM}  # uvicorn ends by the signal that it got
        expect(page.locator("#state")).to_have_text("reconnecting…")
        expect(page.locator("#socket-state")).to_contain_text("reconnecting…")
        expect(page.locator("#echo button")).to_be_disabled()
        server.start()
        is_live(page)
    forgive(complaints)


def test_a_closed_page_leaves_no_subscriber(page, server):
    is_live(page)
    page.close()
    server.alone()
    assert server.stop() in {0, -signal.SIGTERM}


class TestWithoutTheLibrary:
    @pytest.fixture
    def environment(self, tmp_path):
        return {"LIVE_FEED_LIBRARIES": str(tmp_path / "nothing")}

    def test_it_says_what_is_missing_and_shows_the_values(self, page, complaints):
        expect(page.locator("#missing")).to_contain_text("make demo-web")
        expect(page.locator("#missing")).to_be_visible()
        for name, value in MEASURED.items():
            expect(chart(page, name).locator(".value")).to_have_text(re.compile(f"^{value}$"))
        assert all("404" in each for each in complaints)
        complaints.clear()
