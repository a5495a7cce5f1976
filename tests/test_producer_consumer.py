"""The example producer_consumer.py: what it counts, what it leaves out, and how it ends."""

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import aitertools as ait

EXAMPLE = Path(__file__).parents[1] / "examples" / "producer_consumer.py"


@pytest.fixture(scope="module")
def example():
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("producer_consumer", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path):
    """A small tree, with more files than the queue holds."""
    files = {f"many/{n}.py": "line\n" for n in range(250)}
    files |= {"top.py": "a\nb\nc\n", "one/deep/er.py": "a\nb\n", "one/notes.txt": "text\n"}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    return tmp_path


def test_counts_the_lines_of_every_file_once(example, root, capsys):
    """Those of the folder itself and of its packages, however deep."""
    example.main([str(root)])

    first, *largest, stats = capsys.readouterr().out.splitlines()
    assert first == "255 lines in 252 files, most of them in"
    assert largest[:2] == ["  top.py 3", f"  {Path('one', 'deep', 'er.py')} 2"]
    assert stats == repr(ait.QueueStats((0, 0, 0, 252, 252, 0)))


def test_installed_packages_are_left_out(example, root, capsys):
    """Only what the folder itself consists of is counted."""
    (root / "site-packages").mkdir()
    (root / "site-packages" / "other.py").write_text("\n" * 1000)

    example.main([str(root)])
    assert capsys.readouterr().out.startswith("255 lines in 252 files")


def test_a_file_that_cannot_be_read_is_named(example, root, capsys):
    """It is no reason to stop: all others are counted."""
    (root / "many" / "dangling.py").symlink_to(root / "nowhere.py")

    example.main([str(root)])
    out, err = capsys.readouterr()
    assert out.startswith("255 lines in 252 files")
    assert "dangling.py" in err


def test_a_folder_without_python_is_counted_too(example, tmp_path, capsys):
    """Nothing was put, and the consumers end all the same."""
    example.main([str(tmp_path)])

    assert capsys.readouterr().out.startswith("0 lines in 0 files")


def test_a_failing_producer_ends_the_consumers(example, root):
    """Nobody is left waiting, and the error is told."""

    def failing():
        yield root / "top.py"
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        asyncio.run(example.count([failing(), root.rglob("*.py")]))


def test_what_is_no_folder_is_refused(example, root, capsys):
    """One line says what is wrong."""
    with pytest.raises(SystemExit, match="2"):
        example.main([str(root / "top.py")])
    assert "not a folder: " in capsys.readouterr().err.splitlines()[-1]


def test_runs_from_the_command_line(root, tmp_path):
    """The answer goes to stdout, and that is all."""
    command = [sys.executable, str(EXAMPLE), str(root)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=60, check=True, cwd=tmp_path
    )

    assert done.stdout.startswith("255 lines in 252 files")
    assert not done.stderr
