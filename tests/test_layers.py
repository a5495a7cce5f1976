"""The layering that `aitertools/__init__.py` draws, and the names that are public."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import aitertools as ait
from aitertools import engine, runtime

PACKAGE = Path(ait.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

ABOVE = {
    # what a part may import of ours; the order is that of the picture
    "_core": set(),
    "_lazily": set(),
    "runtime": {"_core", "_lazily", "stream"},  # stream: for types only, see below
    "results": set(),
    "engine": {"_core", "_lazily", "runtime", "results", "stream"},  # stream: for types only
    "schedules": {"engine"},  # the checks of arguments
    "stream": {"_core", "runtime", "results", "engine", "schedules"},
    "functions": {"_core", "results", "stream"},
    "queues": {"_core", "runtime", "stream"},
    "debug": {"_core"},
    "__init__": {"stream", "functions", "queues", "results", "schedules", "debug", "runtime"},
    "testing": {"stream"},  # its functions that are public, no more
    "web": {"stream", "queues", "schedules", "runtime"},  # of runtime: a send's timeout, waking
    "cli": {"stream", "queues"},  # what is public
    "__main__": {"cli"},
}

LOOPS = {"asyncio", "trio", "anyio", "curio", "threading", "concurrent", "queue"}


def part_of(path):
    """Which part of the picture a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py").removesuffix(".pyi")


def name(path):
    return str(path.relative_to(PACKAGE))


def imports(path, *, typing=False):
    """The modules that a file imports, absolute; those only for types on demand."""
    tree = ast.parse(path.read_text())
    package = ["aitertools", *path.relative_to(PACKAGE).parent.parts]
    guarded = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            guarded |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
    for node in ast.walk(tree):
        if id(node) in guarded and not typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield module
            if node.module is None:
                yield from (f"{module}.{alias.name}" for alias in node.names)


def ours(path, **how):
    """The parts of the picture that a file imports."""
    for module in imports(path, **how):
        if module.startswith("aitertools."):
            yield module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_point_down_only(path):
    part = part_of(path)
    assert part in ABOVE, "a new part: say in ABOVE what it may import"
    below = ABOVE[part] - ({"stream"} if part in {"runtime", "engine"} else set())
    assert set(ours(path)) <= below | {part}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_for_types_nobody_looks_further_up_either(path):
    assert set(ours(path, typing=True)) <= ABOVE[part_of(path)] | {part_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_the_runtime_knows_of_event_loops_and_threads(path):
    roots = {module.partition(".")[0] for module in imports(path)}
    # testing brings a loop of its own, and the command line runs one
    if part_of(path) not in {"runtime", "testing", "cli"}:
        assert roots & LOOPS == set()


def test_the_core_knows_nothing_of_the_package_and_of_loops():
    """What it needs of them is registered with set_hook()."""
    for path in (PACKAGE / "_core").glob("*.[ch]"):
        imported = re.findall(r'PyImport_\w+\("([\w.]*)', path.read_text())
        assert {module.partition(".")[0] for module in imported} & {"aitertools", *LOOPS} == set()


def test_importing_it_does_not_import_trio_or_what_is_not_needed():
    code = "import sys, asyncio; before = set(sys.modules); import aitertools; "
    code += "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"trio", "typing_extensions", "anyio"} & set(done.stdout.split()) == set()


def test_importing_it_does_not_import_the_operators_of_the_engine():
    code = (
        "import sys, aitertools; print(*(m for m in sys.modules if m.startswith('aitertools.e')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    helpers = {"aitertools.engine.checks", "aitertools.engine.outcomes"}
    assert set(done.stdout.split()) == {"aitertools.engine", *helpers}


@pytest.mark.parametrize("package", [engine, runtime], ids=lambda package: package.__name__)
def test_what_is_imported_when_it_is_asked_for_is_there_for_types_too(package):
    tree = ast.parse(Path(package.__file__).read_text())
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    [table] = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    for_types = {node.module: tuple(alias.name for alias in node.names) for node in typed.body}
    assert ast.literal_eval(table) == for_types
    for name in package.__all__:
        assert not inspect.ismodule(getattr(package, name))  # which may be of the same name


def test_what_is_not_there_is_said_as_by_any_module():
    with pytest.raises(
        AttributeError, match=r"^module 'aitertools.engine' has no attribute 'nope'"
    ):
        engine.nope  # noqa: B018 -- asking is all


def test_importing_it_does_not_import_what_is_for_tests():
    code = "import sys, aitertools; assert 'aitertools.testing' not in sys.modules; "
    code += "import aitertools.testing; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- public names --------------------------------------------------------------------------------


def test_all_is_sorted_and_complete():
    """Every name that is not private and not a module is in __all__."""
    public = {
        name
        for name, value in vars(ait).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert ait.__all__ == sorted(ait.__all__)
    assert public == set(ait.__all__)


BORROWED = {
    name: ["asyncio.queues", "asyncio"] for name in ("QueueEmpty", "QueueFull", "QueueShutDown")
}
BORROWED["Result"] = ["typing"]  # what | makes


@pytest.mark.parametrize("public", ait.__all__)
def test_public_names_say_where_they_are_public(public):
    value = getattr(ait, public)
    assert getattr(value, "__module__", "aitertools") in {"aitertools", *BORROWED.get(public, ())}


@pytest.mark.parametrize("public", sorted({*ait.__all__} - {"Result"}))  # a type alias has no doc
def test_public_names_are_documented(public):
    assert inspect.getdoc(getattr(ait, public))


METHODS = {
    f"{cls.__name__}.{name}": value
    for cls in (ait.Stream, ait.Peekable)
    for name, value in inspect.getmembers(cls)
    if not name.startswith("_")
}


@pytest.mark.parametrize("method", list(METHODS.values()), ids=list(METHODS))
def test_methods_are_documented_with_an_example(method):
    doc = inspect.getdoc(method)
    assert doc
    assert doc.splitlines()[0].endswith(".") or doc.startswith("source")
    assert ">>>" in doc or method.__name__ == "aclose"


def test_a_stream_has_no_dictionary():
    """It is the core's object; a method costs it nothing."""
    assert not hasattr(ait.empty(), "__dict__")
    assert ait.Stream.__slots__ == ()
    for cls in ait.Stream.__mro__[1:-1]:
        assert "__dict__" not in vars(cls), cls


def test_its_types_are_shipped():
    assert files("aitertools").joinpath("py.typed").is_file()
    assert files("aitertools").joinpath("_core.pyi").is_file()


def test_the_stub_names_what_the_core_has():
    from aitertools import _core  # noqa: PLC0415 - the one place that looks at all of it

    stub = ast.parse((PACKAGE / "_core.pyi").read_text())
    stubbed = {n.name for n in stub.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    constants = [ast.unparse(n.target) for n in stub.body if isinstance(n, ast.AnnAssign)]
    stubbed |= {name for name in constants if name.isupper()}
    assert stubbed == {name for name in vars(_core) if not name.startswith("__")}
