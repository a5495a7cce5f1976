"""The example of docs/executors.md runs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .test_executors import run

PAGE = Path(__file__).parent.parent / "docs" / "executors.md"


def test_the_example_prints_digests_in_order(tmp_path, capsys):
    names = {}
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), names)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    run(names["main"](paths))
    expected = [hashlib.sha256(name.encode()).hexdigest() for name in "abc"]
    assert capsys.readouterr().out.split() == expected
