"""The README's code runs, and prints what it says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()

BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
BLOCKS = [(code, said) for code, said in BLOCK.findall(README)]
PROGRAMS = [(code, said) for code, said in BLOCKS if "run(main())" in code or "__main__" in code]


@pytest.mark.parametrize(("code", "said"), PROGRAMS)
def test_programs_run(code, said, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(code)
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    # That a step took long is said where modules have still to be compiled.
    assert [line for line in ran.stderr.splitlines() if not line.startswith("Executing <")] == []
    assert said in {"", ran.stdout}


@pytest.mark.parametrize(("code", "said"), BLOCKS)
def test_all_of_it_is_python(code, said):
    compile(code, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert not said or (code, said) in PROGRAMS


def test_there_are_some():
    assert len(PROGRAMS) >= 3
