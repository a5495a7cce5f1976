"""A server, a Chromium, and a page in it that is watched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parent.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EVERY = 0.1  # seconds from one reading to the next
WAIT = 10  # seconds of real time after which something does not come any more
PROMPT = 4  # in which a server ends; it would wait five for streams that do not

expect.set_options(timeout=WAIT * 1000)


class Server:
    """uvicorn with tests/browser/server.py, as often as it is started always on the same port."""

    port = 0

    def __init__(self, log, **environment):
        self.log = log
        self._environment = {**os.environ, "LIVE_FEED_EVERY": str(EVERY), **environment}
        self.start()

    def start(self):
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.server", str(self.port)],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.port = int(self._process.stdout.readline() or 0)
        assert self.port, self.log.read_text()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def post(self, *readings):
        """Publish readings."""
        lines = "\n".join(map(json.dumps, readings))
        httpx.post(f"{self.url}/readings", content=lines, timeout=WAIT).raise_for_status()

    def alone(self):
        """Wait until nobody is subscribed."""
        httpx.get(f"{self.url}/alone", timeout=WAIT).raise_for_status()

    def cut(self):
        """Have it cut all connections, as a network does: this one, too."""
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{self.url}/cut", timeout=WAIT)

    def stop(self):
        """Have it shut down; return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PROMPT)
        finally:
            self.kill()

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


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
