"""lines and chunks: the same wherever the blocks were cut, and never more than can be held."""

from __future__ import annotations

import asyncio
import io
import os
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import aitertools as ait

from .bridges import PATIENCE, no_threads, wait_for
from .oracle import Failed, pulls


@pytest.fixture(autouse=True)
def _no_threads():
    with no_threads():
        yield


def run(main):
    return asyncio.run(asyncio.wait_for(main, PATIENCE))


def cut(whole, places):
    """*whole* in blocks, cut at these places."""
    at = sorted({min(place, len(whole)) for place in places})
    return [whole[a:b] for a, b in zip([0, *at], [*at, len(whole)], strict=True)]


TEXTS = st.text(st.sampled_from("ab\r\nä€😀"), max_size=30)
PLACES = st.lists(st.integers(0, 60), max_size=8)

# ---- wherever they are cut -----------------------------------------------------------------------


@given(TEXTS, PLACES, st.sampled_from(["utf-8", "utf-16", "utf-32-be", "utf-8-sig"]), st.booleans())
def test_lines_are_those_that_open_gives(text, places, encoding, keepends):
    data = text.encode(encoding)
    expected = list(io.TextIOWrapper(io.BytesIO(data), encoding))
    if not keepends:
        expected = [line.removesuffix("\n") for line in expected]
    lines = ait.stream(cut(data, places)).lines(encoding=encoding, keepends=keepends)
    assert run(lines.list()) == expected


@given(TEXTS, PLACES)
def test_blocks_of_text_and_of_bytes_have_the_same_lines(text, places):
    expected = [line.removesuffix("\n") for line in io.StringIO(text, newline=None)]
    assert run(ait.lines(cut(text, places)).list()) == expected
    data = cut(text.encode(), places)
    assert run(ait.lines(data, encoding=None).list()) == [line.encode() for line in expected]


@given(
    st.text("ab;", max_size=30),
    PLACES,
    st.sampled_from([";", "a;", "aab", "\n"]),
    st.booleans(),
)
def test_any_string_may_end_a_line(text, places, newline, keepends):
    *whole, rest = text.split(newline)
    expected = [line + newline * keepends for line in whole] + [rest] * bool(rest)
    how = {"newline": newline, "keepends": keepends}
    assert run(ait.lines(cut(text, places), **how).list()) == expected
    how["newline"] = newline.encode()
    assert run(ait.lines(cut(text.encode(), places), **how).list()) == expected


@given(st.binary(max_size=40), PLACES, st.sampled_from(["utf-8", "shift_jis", "ascii"]))
def test_what_is_no_text_is_replaced_as_open_replaces_it(data, places, encoding):
    file = io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace")
    expected = [line.removesuffix("\n") for line in file]
    lines = ait.lines(cut(data, places), encoding=encoding, errors="replace")
    assert run(lines.list()) == expected


GARBLED = st.lists(
    st.sampled_from([b"a", b"\n", b"\r", b"\xe4", "ä€😀".encode(), b"\xe2\x82", b"\xff"]),
    max_size=12,
)


@given(GARBLED.map(b"".join), PLACES)
def test_strictly_each_of_these_is_an_error_and_the_rest_is_there(data, places):
    came = run(pulls(ait.lines(cut(data, places), keepends=True)))
    text = "".join(line for line in came if isinstance(line, str))
    assert text == data.decode(errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    errors = [line for line in came if isinstance(line, Failed)]
    assert errors == [Failed(UnicodeDecodeError)] * data.decode(errors="replace").count("\ufffd")


STRICT = ["utf-8", "utf-8-sig", "utf-16-le", "gb18030", "euc_jp", "shift_jis"]


@given(
    st.text("aä\r\nあ", max_size=12),
    st.dictionaries(st.integers(0, 30), st.integers(0, 255), max_size=2),
    PLACES,
    st.sampled_from(STRICT),
)
@example("\nあa", {7: 0xFF}, {3, 7}, "utf-8-sig")  # the codec leaves out the mark, and counts so
@example("aä", {2: 0xDC}, {3}, "utf-16-le")  # it is half of what is left
def test_wherever_it_is_cut_the_same_is_no_text(text, changes, places, encoding):
    data = bytearray(text.encode(encoding, errors="ignore"))
    for place, byte in changes.items():
        data[place : place + 1] = bytes([byte])[: len(data) - place]
    data = bytes(data)
    whole, parts = (
        run(pulls(ait.lines(blocks, encoding=encoding))) for blocks in ([data], cut(data, places))
    )
    assert parts == whole
    good = "".join(line for line in whole if isinstance(line, str))
    if encoding.startswith("utf-8"):
        expected = data.decode(encoding, errors="ignore")
        assert good == expected.replace("\r", "").replace("\n", "")


def test_what_is_no_text_at_all_takes_no_memory_to_speak_of():
    """Each error keeps what is near, and not the whole block."""
    data = b"a" * 3000 + b"\xff" * 3000

    async def main():
        errors = []
        async with ait.lines([data]) as lines:
            while len(errors) < 3000:
                with pytest.raises(UnicodeDecodeError) as info:
                    await anext(lines)
                errors.append(info.value)
            assert await anext(lines) == "a" * 3000
        return errors

    errors = run(main())
    assert {error.object[error.start : error.end] for error in errors} == {b"\xff"}
    assert sum(len(error.object) for error in errors) < 100 * 3000


def test_an_error_comes_after_the_lines_before_it():
    lines = ait.lines([b"a\nb\nc\xff", b"d\ne"])
    error = Failed(UnicodeDecodeError)
    assert run(pulls(lines)) == ["a", "b", error, "cd", "e"]


def test_a_line_is_there_as_soon_as_its_end_is():
    """Also when that may be the first half of one."""

    async def main():
        lines = ait.lines(ait.chain(["a\r"], ait.never()))
        return await anext(lines)

    assert run(main()) == "a"


# ---- long lines ----------------------------------------------------------------------------------


@given(st.text("ab\n", max_size=40), PLACES, st.integers(1, 6), st.sampled_from(["\n", "ab"]))
def test_a_long_line_is_an_error_in_its_place_and_the_others_are_there(
    text, places, limit, newline
):
    *lines, rest = text.split(newline)
    lines += [rest] * bool(rest)
    expected = [line if len(line) <= limit else Failed(ValueError) for line in lines]
    blocks = cut(text, places)
    assert run(pulls(ait.lines(blocks, newline=newline, limit=limit))) == expected


def test_what_is_kept_of_a_line_without_end_is_bounded():
    blocks = 0

    def endless():
        nonlocal blocks
        while True:
            blocks += 1
            yield "x" * 10

    with pytest.raises(ValueError, match=r"^lines\(\): a line is longer than 1000"):
        run(ait.lines(endless(), limit=1000).list())
    assert blocks == 101


# ---- chunks --------------------------------------------------------------------------------------


@given(st.binary(max_size=40), PLACES, st.integers(1, 12))
def test_chunks_have_one_size_wherever_the_blocks_were_cut(data, places, size):
    expected = [data[at : at + size] for at in range(0, len(data), size)]
    assert run(ait.chunks(cut(data, places), size).list()) == expected
    views = map(memoryview, cut(data, places))
    assert run(ait.chunks(views, size).list()) == expected


def test_a_chunk_is_there_as_soon_as_it_is_whole():
    async def main():
        return await anext(ait.chunks(ait.chain([b"abcd"], ait.never()), 2))

    assert run(main()) == b"ab"


# ---- files ---------------------------------------------------------------------------------------

TEXT = "one\r\ntwo\nthree\räöü" + "long" * 50_000 + "\n"
LINES = TEXT.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "text"
    file.write_bytes(TEXT.encode())
    return file


@pytest.mark.parametrize("of", [str, lambda path: path])
def test_a_path_is_read(path, of):
    assert run(ait.lines(of(path)).list()) == LINES
    assert run(ait.chunks(of(path), 1 << 20).list()) == [TEXT.encode()]


@pytest.mark.parametrize("mode", ["rb", "rt"])
@pytest.mark.parametrize("buffering", [-1, 0])
def test_an_open_file_is_read_and_closed(path, mode, buffering):
    if mode == "rt":
        buffering = -1
    file = path.open(mode, buffering, encoding=None if mode == "rb" else "utf-8")
    assert run(ait.lines(file).list()) == LINES
    assert file.closed


def test_a_file_that_was_not_read_is_closed_all_the_same(path):
    file = path.open()
    run(ait.lines(file).aclose())
    assert file.closed


def test_a_file_that_is_not_there_is_an_error_of_the_first_pull(tmp_path):
    lines = ait.lines(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        run(lines.list())


def test_files_are_read_in_a_thread_and_closed_there():
    threads = set()

    class File(io.BytesIO):
        def read1(self, size):
            threads.add(threading.get_ident())
            return super().read1(size)

        def close(self):
            threads.add(threading.get_ident())
            super().close()

    assert run(ait.lines(File(b"a\nb")).list()) == ["a", "b"]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


@pytest.mark.parametrize("mode", ["rb", "r"])
@pytest.mark.parametrize("buffering", [-1, 0])
def test_what_is_in_a_pipe_is_there_at_once(mode, buffering):
    reading, writing = os.pipe()
    file = os.fdopen(reading, mode, buffering if mode == "rb" else -1)

    async def main():
        async with ait.lines(file) as lines:
            os.write(writing, b"one\ntw")
            first = await anext(lines)
            os.write(writing, b"o\n")
            second = await anext(lines)
            os.close(writing)
            return first, second

    assert run(main()) == ("one", "two")
    assert file.closed


def test_a_pull_of_a_pipe_does_not_block_the_loop():
    reading, writing = os.pipe()

    async def main():
        lines = ait.lines(os.fdopen(reading, "rb"))
        pull = asyncio.ensure_future(anext(lines))
        for _ in range(50):
            await asyncio.sleep(0)
        os.write(writing, b"there\n")
        item = await pull
        os.close(writing)
        await lines.aclose()
        return item

    assert run(main()) == "there"


def test_the_output_of_a_process_is_read_as_it_comes():
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
        lines = ait.lines(process.stdout)
        process.stdin.write(b"one\ntwo\r\n")
        head = await lines.head(2)
        process.stdin.write(b"x" * 100_000)  # longer than asyncio's own lines
        process.stdin.close()
        return head, await lines.list(), await process.wait()

    assert run(main()) == (["one", "two"], ["x" * 100_000], 0)


class AsyncFile:
    """A file whose methods are awaited, as those of anyio and aiofiles."""

    def __init__(self, data):
        self.file = io.BytesIO(data)
        self.closes = 0

    async def read(self, size):
        await asyncio.sleep(0)
        return self.file.read(min(size, 3))

    async def aclose(self):
        self.closes += 1


def test_an_async_file_is_awaited_and_closed():
    file = AsyncFile(b"one\ntwo\nthree")
    assert run(ait.lines(file).list()) == ["one", "two", "three"]
    assert file.closes == 1
    file = AsyncFile(b"abcdefg")
    assert run(ait.chunks(file, 2).take(2).list()) == [b"ab", b"cd"]
    assert file.closes == 1


def test_async_blocks_are_read_and_their_source_closed():
    closed = []

    async def response():
        try:
            yield b"one\nt"
            yield b"wo\nthree"
        finally:
            closed.append(True)

    assert run(ait.lines(response()).take(2).list()) == ["one", "two"]
    assert closed == [True]


def test_closing_waits_for_a_read_without_blocking_the_loop():
    reading, writing = os.pipe()
    begun = threading.Event()

    class File(io.FileIO):
        def read(self, size=-1):
            begun.set()
            return super().read(size)

    file = File(reading)

    async def main():
        lines = ait.lines(file)
        pull = asyncio.ensure_future(anext(lines, None))
        await asyncio.to_thread(wait_for, begun)
        closing = asyncio.ensure_future(lines.aclose())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not closing.done()
        os.close(writing)
        await closing
        return await pull

    assert run(main()) is None
    assert file.closed


# ---- bad input -----------------------------------------------------------------------------------


def test_bad_arguments_are_refused_at_once():
    with pytest.raises(TypeError, match=r"^lines\(\): 'int' object is neither an async iterable"):
        ait.lines(5)
    with pytest.raises(TypeError, match=r"^lines\(\): a path, a file, or blocks are expected"):
        ait.lines(b"text")
    with pytest.raises(TypeError, match=r"^chunks\(\): a path, a file, or blocks are expected"):
        ait.chunks(b"text", 2)
    with pytest.raises(LookupError, match="unknown encoding: klingon"):
        ait.lines([], encoding="klingon")
    with pytest.raises(LookupError, match="'base64' is not a text encoding"):
        ait.lines([], encoding="base64")
    with pytest.raises(LookupError, match="unknown error handler"):
        ait.lines([], errors="mend")
    with pytest.raises(ValueError, match=r"^lines\(\): limit must be at least one$"):
        ait.lines([], limit=0)
    with pytest.raises(ValueError, match=r"^lines\(\): newline must not be empty$"):
        ait.lines([], newline="")
    with pytest.raises(ValueError, match=r"^lines\(\): newline must be ASCII$"):
        ait.lines([], newline="§")
    with pytest.raises(
        TypeError, match=r"^lines\(\): newline must be str, bytes or None, not int$"
    ):
        ait.lines([], newline=10)
    with pytest.raises(ValueError, match=r"^chunks\(\): size must be at least one$"):
        ait.chunks([], 0)


def test_what_is_no_block_is_an_error_in_its_place():
    with pytest.raises(TypeError, match=r"^lines\(\): blocks must be bytes or str, not int"):
        run(ait.lines([1, 2]).list())
    with pytest.raises(TypeError, match=r"^chunks\(\): a block of str after blocks of bytes"):
        run(ait.chunks([b"a", "b"], 2).list())
    with pytest.raises(TypeError, match=r"^lines\(\): a block of str after blocks of bytes"):
        run(ait.lines([b"a", "b"], encoding=None).list())
    assert run(ait.lines([b"a\nb", 5, b"c\n"]).suppress(TypeError).list()) == ["a", "bc"]
