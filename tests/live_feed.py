"""The example live_feed in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
EVERY = 0.1  # seconds from one reading to the next
WAIT = 10  # seconds of real time after which something does not come any more
PROMPT = 4  # in which a server ends; it would wait five for streams that do not


class Server:
    """uvicorn with tests.live_feed_server.py, as often as it is started always on the same port."""

    port = 0

    def __init__(self, log, **environment):
        self.log = log
        self._environment = {**os.environ, "LIVE_FEED_EVERY": str(EVERY), **environment}
        self.start()

    def start(self):
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.live_feed_server", str(self.port)],
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
