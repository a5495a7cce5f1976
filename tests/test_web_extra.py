"""What is said when the extra is not installed, and what is imported when it is."""

from __future__ import annotations

import subprocess
import sys

import aitertools.web

WITHOUT = """
import sys

class Lacks:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {gone!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacks())
{code}
"""


def tried(code, *gone):
    """What a process says that lacks some packages."""
    program = WITHOUT.format(gone=gone, code=code)
    return subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )


def test_without_starlette_it_says_what_to_type():
    done = tried("import aitertools.web", "starlette")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == "ImportError: aitertools.web needs starlette: pip install 'aitertools[web]'"
    assert "During handling" not in done.stderr


def test_httpx_is_not_needed_to_serve():
    done = tried("import aitertools.web; print('fine')", "httpx", "httpx2", "fastapi", "uvicorn")
    assert done.stdout == "fine\n", done.stderr


def test_without_it_the_package_is_as_ever():
    done = tried("import aitertools; print('fine')", "starlette", "httpx", "httpx2")
    assert done.stdout == "fine\n", done.stderr


def test_its_names_are_there():
    assert aitertools.web.__all__ == sorted(aitertools.web.__all__)
    for name in aitertools.web.__all__:
        assert getattr(aitertools.web, name).__doc__
