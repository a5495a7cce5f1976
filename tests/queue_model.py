"""A queue one operation at a time, and a stage on which tasks are moved by hand over a real one.

The stage decides which task goes on next, so any interleaving can be had, and had again. After each
step the real queue is compared with the sequential one: that is linearisability, with the point at
which an operation takes effect known to be in the step that ends it.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import aitertools as ait

histories = {"played": 0}  # for the summary


def count(n: int = 1) -> None:
    histories["played"] += n


@functools.total_ordering
class Item:
    """Of a rank, for PriorityQueue; and one of a kind."""

    __slots__ = ("n", "rank")

    def __init__(self, n: int, rank: int = 0) -> None:
        self.n, self.rank = n, rank

    def __lt__(self, other: Item) -> bool:
        return self.rank < other.rank

    def __repr__(self) -> str:
        return f"{self.n}r{self.rank}"


# ---- one operation at a time ---------------------------------------------------------------------


class Sequential:
    """What a queue is when nothing happens at the same time."""

    def __init__(self, order: str, maxsize: int, overflow: str) -> None:
        self.order, self.maxsize, self.overflow = order, maxsize, overflow
        self.items: list[Item] = []  # in the order in which they came
        self.dropped: list[Item] = []
        self.puts = self.gots = 0
        self.unfinished = self.idle = 0  # idle: how often unfinished fell to zero
        self.shut = False
        self.error: Exception | None = None

    @property
    def room(self) -> int:
        """For how many more items there is room, in so far as anybody has to wait for it."""
        bounded = self.maxsize > 0 and self.overflow == "wait"
        return self.maxsize - len(self.items) if bounded else 10**9

    def next(self) -> Item:
        if self.order == "LifoQueue":
            return self.items[-1]
        return min(self.items) if self.order == "PriorityQueue" else self.items[0]

    def get(self) -> Item:
        item = self.next()
        self.items.remove(item)
        self.gots += 1
        return item

    def put(self, item: Item) -> None:
        assert not self.shut
        assert self.room > 0
        self.puts += 1
        self.unfinished += 1
        self.items.append(item)
        if 0 < self.maxsize < len(self.items):
            self._drop(0 if self.overflow == "drop_oldest" else -1)

    def done(self) -> None:
        self.unfinished -= 1
        self.idle += self.unfinished == 0

    def shutdown(self, *, immediate: bool, error: Exception | None) -> None:
        if self.error is None:
            self.error = error
        self.shut = True
        while immediate and self.items:
            self._drop(self.items.index(self.next()))

    def _drop(self, i: int) -> None:
        self.dropped.append(self.items.pop(i))
        if self.unfinished:
            self.done()


# ---- tasks that are moved by hand ----------------------------------------------------------------

Resume = Callable[[], Any]
GETTING, PUTTING, JOINING = "getting", "putting", "joining"
SIDES = {"get": GETTING, "get_many": GETTING, "put": PUTTING, "put_many": PUTTING, "join": JOINING}
BATCH = 3  # items that put_many() has, and get_many() wants


class Puppet:
    """One operation that is awaited, as a task would, but goes on only when it is told to."""

    def __init__(self, n: int, verb: str, asked: Any, items: list[Item]) -> None:
        self.n = n  # in the order of arrival
        self.verb, self.side = verb, SIDES[verb]
        self.asked = asked  # the awaitable
        self.items = items  # what it is to put
        self.placed = 0  # how many of them it has put
        self.since = 0  # JOINING: model.idle when it began
        self.waits_for: Any = None
        self.done = False

    def __repr__(self) -> str:
        return f"{self.verb}{self.items or ''}"

    @property
    def called(self) -> bool:
        """Whether it waits no more: what it was waiting for is done."""
        return self.waits_for is None or self.waits_for.done()

    @property
    def in_place(self) -> bool:
        """Whether its place in the line is that of its arrival."""
        return self.placed == 0


class Answer(NamedTuple):
    """What an operation came to."""

    value: Any = None
    error: BaseException | None = None


class Stage:
    """A queue, its model, and the puppets that are busy with it, in the order of their arrival."""

    def __init__(self, order: str, maxsize: int = 0, overflow: str = "wait") -> None:
        self.told: list[Item] = []
        self.model = Sequential(order, maxsize, overflow)
        self.queue: Any = getattr(ait, order)(
            maxsize, overflow=overflow, on_dropped=self.told.append
        )
        self.puppets: list[Puppet] = []
        self.lines = (
            self._lines()
        )  # those who wait and were not called, as it was after the last step
        self.blind = False  # what was looked at before need not be looked at again
        self.script: list[str] = [f"{order}({maxsize}, {overflow})"]  # what a failure shows
        self._numbers = itertools.count()

    def item(self) -> Item:
        n = next(self._numbers)
        return Item(n, n * 7 % 3)

    def look(self, *, blind: bool) -> None:
        """Look at each step from now on; or do not, as it was looked at before."""
        if self.blind and not blind:
            self.lines = self._lines()
        self.blind = blind

    # -- what can be done

    def begin(self, verb: str) -> Puppet:
        """Let a new puppet await *verb*."""
        args: list[Any] = []
        items: list[Item] = []
        if verb == "get_many":
            args = [BATCH]
        elif verb in ("put", "put_many"):
            items = [self.item() for _ in range(BATCH if verb == "put_many" else 1)]
            args = [items if verb == "put_many" else items[0]]
        puppet = Puppet(len(self.script), verb, getattr(self.queue, verb)(*args), items)
        puppet.since = self.model.idle
        self._drive("begin", puppet, lambda: puppet.asked.send(None))
        return puppet

    def go_on(self, puppet: Puppet) -> None:
        """Let one that was called take its step."""
        assert puppet.called
        self._drive("go on", puppet, lambda: puppet.asked.send(None))

    def stop(self, puppet: Puppet, how: str = "cancel") -> None:
        """Let it end where it is: by a cancellation, by being closed, or just dropped."""
        if how == "cancel":
            self._drive("cancel", puppet, lambda: puppet.asked.throw(asyncio.CancelledError()))
            assert puppet.done, "it swallowed its cancellation"
            return
        self._note(f"{how} {puppet}")
        self.puppets.remove(puppet)
        puppet.done = True
        if how == "close":
            puppet.asked.close()
        puppet.asked = puppet.waits_for = None
        self._check()

    def now(self, verb: str) -> None:
        """What does not wait."""
        self._note(verb)
        getattr(self, "_" + verb)()
        self._check()

    def finish(self) -> None:
        """Stop all: nobody is left in line, and what is left in the queue is what should be."""
        for puppet in list(self.puppets):
            self.stop(puppet)
        assert self.queue.stats()[1:3] == (0, 0)
        while self.model.items:
            assert self.queue.get_nowait() is self.model.get()
        assert self.queue.empty()

    # -- what does not wait

    def _get_nowait(self) -> None:
        answer = self._answer(self.queue.get_nowait)
        if answer.error is None:
            assert answer.value is self.model.get()
        else:
            self._check_nothing_there(answer.error)

    def _peek_nowait(self) -> None:
        answer = self._answer(self.queue.peek_nowait)
        if answer.error is None:
            assert answer.value is self.model.next()
        else:
            self._check_nothing_there(answer.error)

    def _put_nowait(self) -> None:
        item = self.item()
        answer = self._answer(lambda: self.queue.put_nowait(item))
        if answer.error is None:
            self.model.put(item)
        elif self.model.shut:
            self._check_refused(answer.error)
        else:
            assert type(answer.error) is asyncio.QueueFull
            assert self.model.room == 0

    def _task_done(self) -> None:
        answer = self._answer(self.queue.task_done)
        if answer.error is None:
            self.model.done()
        else:
            assert type(answer.error) is ValueError
            assert self.model.unfinished == 0

    def _shutdown(self, *, immediate: bool = False, error: Exception | None = None) -> None:
        already = len(self.told)
        self.queue.shutdown(immediate, error=error)
        self.model.shutdown(immediate=immediate, error=error)
        if self.model.order != "Queue":  # the others may tell what they drop in any order
            self.told[already:] = sorted(self.told[already:], key=self.model.dropped.index)

    def _shutdown_immediate(self) -> None:
        self._shutdown(immediate=True)

    def _shutdown_error(self) -> None:
        self._shutdown(error=OSError("told"))

    # -- a step of a puppet

    @staticmethod
    def _answer(call: Resume) -> Answer:
        try:
            return Answer(call())
        except StopIteration as stop:
            return Answer(stop.value)
        except BaseException as error:  # noqa: BLE001 - it is judged
            return Answer(error=error)

    def _drive(self, what: str, puppet: Puppet, resume: Resume) -> None:
        self._note(f"{what} {puppet}")
        is_new = what == "begin"
        self._note_what_is_there(puppet, is_new=is_new)
        if is_new:
            self.puppets.append(puppet)

        try:
            puppet.waits_for = resume()
        except StopIteration as stop:
            self._end(puppet, Answer(stop.value))
        except BaseException as error:  # noqa: BLE001 - it is judged
            self._end(puppet, Answer(error=error))
        else:
            self._judge_put(puppet)
            self._judge_waiting(puppet)

        self._check(puppet)

    def _note_what_is_there(self, puppet: Puppet, *, is_new: bool) -> None:
        """Note how much it may take, and has to; who comes new: not what others were called for."""
        if self.blind:
            self._least, self._most = 0, 10**9
            return
        there = len(self.model.items) if puppet.side == GETTING else self.model.room
        others = [o for o in self.puppets if o is not puppet and o.side == puppet.side]
        self._least = max(0, there - sum(other.called for other in others))
        self._most = there if not is_new else 0 if self.lines[puppet.side] else self._least

    def _end(self, puppet: Puppet, answer: Answer) -> None:
        self.puppets.remove(puppet)
        puppet.done, puppet.waits_for = True, None
        self._judge_put(puppet)
        if isinstance(answer.error, asyncio.CancelledError):
            return
        if puppet.side == GETTING:
            self._judge_got(puppet, answer)
        elif puppet.side == PUTTING:
            assert answer.value is None
            if answer.error is not None:
                self._check_refused(answer.error)
            else:
                if puppet.verb == "put":
                    self._placed(puppet, 1)
                assert puppet.placed == len(puppet.items)
        else:
            assert answer == (None, None)
            assert self.model.unfinished == 0 or self.model.idle > puppet.since

    def _judge_got(self, puppet: Puppet, answer: Answer) -> None:
        if answer.error is not None:
            self._check_nothing_there(answer.error)
            assert self.model.shut
            return
        got = answer.value if puppet.verb == "get_many" else [answer.value]
        assert 1 <= len(got) <= (BATCH if puppet.verb == "get_many" else 1)
        assert len(got) <= self._most, "took what others were called for"
        if puppet.verb == "get_many":
            assert len(got) == BATCH or len(got) >= self._least, "not all that is ready"
        for item in got:
            assert item is self.model.get()

    def _judge_put(self, puppet: Puppet) -> None:
        """Note what a put_many() has put, as its rest tells."""
        if puppet.verb == "put_many":
            rest = puppet.asked.rest
            placed = len(puppet.items) - len(rest)
            assert rest == puppet.items[placed:]
            self._placed(puppet, placed - puppet.placed)

    def _placed(self, puppet: Puppet, n: int) -> None:
        if puppet.in_place:
            assert n <= self._most, "took the room that others were called for"
        for item in puppet.items[puppet.placed : puppet.placed + n]:
            self.model.put(item)
        puppet.placed += n

    def _judge_waiting(self, puppet: Puppet) -> None:
        """Whoever waits has a reason to."""
        model = self.model
        others = any(o.side == puppet.side for o in self.puppets if o is not puppet)
        if puppet.side == GETTING:
            assert not model.items or others
            assert model.items or not model.shut
        elif puppet.side == PUTTING:
            assert model.room == 0 or others
            assert not model.shut
        else:
            assert model.unfinished

    # -- what has to hold after each step

    def _lines(self) -> dict[str, list[Puppet]]:
        lines: dict[str, list[Puppet]] = {GETTING: [], PUTTING: [], JOINING: []}
        for puppet in self.puppets:
            if not puppet.called:
                lines[puppet.side].append(puppet)
        return lines

    def _check(self, moved: Puppet | None = None) -> None:
        if self.blind:
            return
        queue, model = self.queue, self.model
        n = len(model.items)
        assert (queue.qsize(), queue.empty()) == (n, n == 0)
        assert queue.full() is (0 < model.maxsize <= n)
        assert queue.is_shutdown is model.shut
        assert self.told == model.dropped
        self._check_turns(moved)
        self.lines = self._lines()
        self._check_stats()
        self._check_called()

    def _check_stats(self) -> None:
        size, getting, putting, put, got, dropped = self.queue.stats()
        model = self.model
        assert (size, put, got) == (len(model.items), model.puts, model.gots)
        assert dropped == len(model.dropped)
        for side, waiting in ((GETTING, getting), (PUTTING, putting)):
            everyone = sum(puppet.side == side for puppet in self.puppets)
            assert len(self.lines[side]) <= waiting <= everyone

    def _check_called(self) -> None:
        """Nobody waits for what is there: as many are called as can go on."""
        model = self.model
        there = {
            GETTING: len(model.items) if model.items or not model.shut else 10**9,
            PUTTING: 10**9 if model.shut else model.room,
            JOINING: 0 if model.unfinished else 10**9,
        }
        for side, line in self.lines.items():
            if line:
                called = sum(o.side == side for o in self.puppets) - len(line)
                assert called >= there[side], f"somebody waits in vain: {line}"

    def _check_turns(self, moved: Puppet | None) -> None:
        """Those who were called now are the first of those who were in line."""
        for side, line in self.lines.items():
            if moved is not None and moved.side == side and moved not in line:
                line.append(moved)
                line.sort(key=lambda puppet: puppet.n)  # it waits at the place that it had
            called = [puppet.called for puppet in line if not puppet.done and puppet.in_place]
            assert called == sorted(called, reverse=True), f"called out of turn: {line}"

    def _check_nothing_there(self, error: BaseException) -> None:
        assert not self.model.items
        if not self.model.shut:
            assert type(error) is asyncio.QueueEmpty
        elif self.model.error is not None:
            assert error is self.model.error
        else:
            assert type(error) is ait.QueueShutDown

    def _check_refused(self, error: BaseException) -> None:
        assert type(error) is ait.QueueShutDown
        assert self.model.shut
        assert error.__cause__ is self.model.error

    def _note(self, what: str) -> None:
        self.script.append(what)


def told(stage: Stage, play: Callable[[], None]) -> None:
    """Play, and in a failure say what was played until then."""
    try:
        play()
    except BaseException as error:
        error.add_note("the history: " + ", ".join(stage.script))
        raise


# ---- every interleaving --------------------------------------------------------------------------


def interleavings(
    make: Callable[[], Stage], acts: list[list[str]], stops: int, how: str = "cancel"
) -> int:
    """Play all interleavings of *acts* on fresh stages, with up to *stops* operations stopped.

    Each act is a row of operations one after the other, as a task would do them. How many
    interleavings there are is returned.
    """
    path: list[int] = []  # which option was taken at each point
    for n in itertools.count(1):
        stage = make()
        widths: list[int] = []  # how many options there were

        def choose(options: int, stage: Stage = stage, widths: list[int] = widths) -> int:
            widths.append(options)
            stage.look(blind=len(widths) < len(path))
            if len(path) < len(widths):
                path.append(0)
            return path[len(widths) - 1]

        told(stage, functools.partial(play, stage, acts, stops, how, choose))
        while path and path[-1] == widths[len(path) - 1] - 1:
            path.pop()
        if not path:
            return n
        path[-1] += 1
    raise AssertionError


def play(
    stage: Stage, acts: list[list[str]], stops: int, how: str, choose: Callable[[int], int]
) -> None:
    """Play one interleaving of *acts*: *choose* says with which of so many options to go on."""
    at = [0] * len(acts)
    busy: list[Puppet | None] = [None] * len(acts)

    def advance(i: int) -> None:
        puppet = busy[i]
        if puppet is not None and not puppet.done:
            stage.go_on(puppet)
            return
        verb = acts[i][at[i]]
        at[i] += 1
        if verb in SIDES:
            busy[i] = stage.begin(verb)
        else:
            stage.now(verb)

    while True:
        waiting = [puppet for puppet in busy if puppet is not None and not puppet.done]
        ready = [
            i
            for i, puppet in enumerate(busy)
            if (at[i] < len(acts[i]) if puppet is None or puppet.done else puppet.called)
        ]
        if not ready:
            stage.finish()
            return
        choice = choose(len(ready) + (len(waiting) if stops else 0))
        if choice < len(ready):
            advance(ready[choice])
        else:
            stops -= 1
            stage.stop(waiting[choice - len(ready)], how)
