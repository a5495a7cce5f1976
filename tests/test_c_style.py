"""The habits of the C core, checked: what a reviewer would otherwise have to look for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import aitertools

CORE = Path(aitertools.__file__).parent / "_core"
FILES = sorted([*CORE.glob("*.c"), *CORE.glob("*.h")])
C_FILES = [path for path in FILES if path.suffix == ".c"]
FAMILIES = {"create", "transform", "select", "group", "combine", "pools", "reduce", "errors"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
each_c_file = pytest.mark.parametrize("path", C_FILES, ids=lambda path: path.name)

if not FILES:  # installed from a wheel: the sources are not there
    pytest.skip("no C sources", allow_module_level=True)


def without_comments(text):
    """The code, each comment and string replaced by what keeps the lines."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])

    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', blank, text, flags=re.DOTALL)


def functions(path):
    """Name, first line and text of each function: from its name at the margin to its brace."""
    lines = without_comments(path.read_text()).splitlines()
    start = None
    for i, line in enumerate(lines):
        if re.match(r"^\w+\(", line) and not line.rstrip().endswith(";"):
            start = i
        if line == "}" and start is not None:
            yield lines[start].partition("(")[0], start + 1, lines[start : i + 1]
            start = None


@each_file
def test_no_line_is_over_100_columns(path):
    long = [n for n, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 100]
    assert long == []


@each_file
def test_no_file_is_over_600_lines(path):
    assert len(path.read_text().splitlines()) <= 600


@each_c_file
def test_no_function_is_over_90_lines(path):
    found = list(functions(path))
    assert found or path.name == "errors.c"
    assert {name: len(body) for name, _, body in found if len(body) > 90} == {}


def test_functions_are_short_as_a_rule():
    lengths = sorted(len(body) for path in C_FILES for _, _, body in functions(path))
    assert lengths[len(lengths) // 2] <= 20
    assert lengths[len(lengths) * 9 // 10] <= 45


@each_file
def test_each_file_begins_with_what_it_is_for(path):
    assert path.read_text().startswith("/* ")


@each_file
def test_there_are_no_tabs_and_no_trailing_blanks(path):
    text = path.read_text()
    assert "\t" not in text
    assert not re.search(r"[ ]+$", text, flags=re.MULTILINE)
    assert text.endswith("\n")


@each_file
def test_comments_are_all_of_one_kind(path):
    assert "//" not in without_comments(path.read_text())


@each_c_file
def test_nothing_returns_from_inside_a_critical_section(path):
    code = without_comments(path.read_text())
    sections = re.findall(
        r"Py_BEGIN_CRITICAL_SECTION\w*.*?Py_END_CRITICAL_SECTION\w*", code, flags=re.DOTALL
    )
    assert not [section for section in sections if re.search(r"\b(return|goto)\b", section)]


@each_file
def test_which_python_it_is_asked_in_one_place_only(path):
    code = without_comments(path.read_text())
    if path.name != "compat.h":
        assert "PY_VERSION_HEX" not in code
        assert "Py_GIL_DISABLED" not in code


@pytest.mark.parametrize("path", C_FILES, ids=lambda path: path.name)
def test_each_family_is_in_the_one_table_of_the_module(path):
    tables = re.findall(r"^PyMethodDef (ait_\w+_functions)\[\]", path.read_text(), re.MULTILINE)
    joined = (CORE / "module.c").read_text()
    for table in tables:
        assert re.search(rf"\b{table}\b", joined)
    if path.stem in FAMILIES:
        assert tables


@each_c_file
def test_each_kind_of_operator_can_be_made(path):
    """No dead operator: the `new` of each kind is reached from a table."""
    code = without_comments(path.read_text())
    for kind in re.findall(r"^static const ait_kind (\w+) =", code, flags=re.MULTILINE):
        assert len(re.findall(rf"\b{kind}\b", code)) > 1, kind


@each_c_file
def test_each_operator_says_its_name(path):
    text = path.read_text()
    for body in re.findall(r"static const ait_kind \w+ = \{(.*?)\};", text, flags=re.DOTALL):
        assert ".name =" in body
        assert ".step =" in body


@each_c_file
def test_references_come_first_in_the_struct_of_an_operator(path):
    """One traverse and one clear serve all: they count the leading words."""
    for head, name in re.findall(
        r"typedef struct \{\s*AIT_OP_HEAD;(.*?)\} (\w+);", path.read_text(), flags=re.DOTALL
    ):
        fields = re.findall(r"^\s*([\w ]+?)[ ]*(\*?)(\w+);", without_comments(head), re.MULTILINE)
        is_reference = [bool(star) and kind != "void" for kind, star, _ in fields]
        assert is_reference == sorted(is_reference, reverse=True), name


@each_c_file
def test_operators_leave_safety_to_the_driver(path):
    """Locks and `busy` are not an operator's business; a peek is the exception: it is no pull."""
    if path.stem in FAMILIES:
        for name, _, body in functions(path):
            code = "\n".join(body)
            for word in ("CRITICAL_SECTION", "->busy", "ait_flag_", "tp_dealloc"):
                assert word not in code or "peek" in name, name


@each_c_file
def test_no_exception_is_cleared_that_was_not_named(path):
    """Before PyErr_Clear() is a question which one it is, or beside it the answer."""
    text = path.read_text().splitlines()
    for n, line in enumerate(text):
        if "PyErr_Clear();" in line and path.stem in FAMILIES:
            assert "/*" in line or "ExceptionMatches" in "".join(text[max(0, n - 4) : n]), n + 1
