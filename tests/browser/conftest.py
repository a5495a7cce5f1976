"""A server, a Chromium, and a page in it that is watched."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from ..live_feed import WAIT, Server

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=WAIT * 1000)


@pytest.fixture(scope="session")
def browser():
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.fail("no browser: scripts/browser says what to do")
    with sync_playwright() as playwright:
        args = [] if os.geteuid() else ["--no-sandbox"]  # which Chromium insists on for root
        browser = playwright.chromium.launch(executable_path=found, args=args)
        yield browser
        browser.close()


@pytest.fixture
def environment():
    """What the server is to find in its environment."""
    return {}


@pytest.fixture
def server(tmp_path, environment):
    """Return a server that has nothing to complain about."""
    server = Server(tmp_path / "server.log", **environment)
    yield server
    server.kill()
    assert not server.log.read_text()


@pytest.fixture
def complaints():
    """Return what the browser complains about: a test takes out what it has provoked."""
    return []


@pytest.fixture
def page(browser, server, complaints):
    """Return the page of the server, which needs nobody else and raises no error."""
    page = browser.new_page()
    page.set_default_timeout(WAIT * 1000)
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    yield page
    page.close()
    assert requested
    assert [url for url in requested if not url.startswith((server.url, "data:"))] == []
    assert complaints == []
