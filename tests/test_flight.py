"""Flights and lanes, the state machines of concurrent calls: each order of events, exhaustively.

A model in a page plays every sequence of events that can be: calls begin, are settled in whatever
order, and the consumer asks at whatever moment. What the model delivers, the machine delivers.
"""

from __future__ import annotations

import itertools

import pytest

from aitertools import _core
from aitertools.engine.lanes import Lanes

WAYS = ["result", "error", "skip"]
"""How a call is settled."""


class Model:
    """What is obvious: a list of all calls, and one of what was delivered."""

    def __init__(self, most, ordered):
        self.most, self.ordered = most, ordered
        self.began = 0
        self.waiting = []  # of settled calls, as they were settled: (number, way)
        self.flying = []
        self.delivered = []

    @property
    def held(self):
        return len(self.flying) + len(self.waiting)

    def begin(self):
        self.flying.append(self.began)
        self.began += 1

    def settle(self, number, way):
        """Whether that is news: the consumer, if it waits, has to look."""
        had_some = self.next() is not None
        self.flying.remove(number)
        if way == "skip" and not self.ordered:
            return self.held == 0
        self.waiting.append((number, way))
        if not self.ordered:
            return not had_some
        return self.first() == number

    def first(self):
        """The oldest call that was not delivered."""
        return min([*self.flying, *(number for number, _ in self.waiting)])

    def next(self):
        """What can be delivered now, if anything."""
        if not self.waiting:
            return None
        if not self.ordered:
            return self.waiting[0]
        oldest = min(self.waiting)
        return oldest if oldest[0] == self.first() else None

    def pop(self):
        while (there := self.next()) is not None:
            self.waiting.remove(there)
            if there[1] != "skip":
                self.delivered.append(there)
                return there
        return None


class Both:
    """The machine and the model side by side."""

    def __init__(self, most, ordered):
        self.flight, self.model = _core.Flight(most, ordered), Model(most, ordered)
        self.tickets = {}

    def check(self):
        assert self.flight.held == self.model.held <= self.flight.most
        assert self.flight.may_begin is (self.model.held < self.model.most)

    def begin(self):
        self.tickets[self.model.began] = self.flight.begin()
        self.model.begin()

    def settle(self, number, way):
        ticket = self.tickets.pop(number)
        if way == "skip":
            news = self.flight.skip(ticket)
        elif way == "error":
            news = self.flight.fail(ticket, KeyError(number))
        else:
            news = self.flight.settle(ticket, (number, way))
        assert news is self.model.settle(number, way)
        return news

    def pop(self):
        expected = self.model.pop()
        try:
            there = self.flight.pop()
        except KeyError as error:
            there = (error.args[0], "error")
        assert there == (_core.PENDING if expected is None else expected)
        return expected


def possible(both, items, ways):
    """The events that can come next."""
    model = both.model
    if model.began < items and model.held < model.most:
        yield ("begin",)
    for number in model.flying:
        for way in ways:
            yield "settle", number, way
    if model.held:
        yield ("pop",)


def histories(most, ordered, items, ways):
    """Play every sequence of events, to its end; a pop that finds nothing is not repeated."""
    played = 0
    stack = [()]
    while stack:
        events = stack.pop()
        both = Both(most, ordered)
        for name, *args in events:
            getattr(both, name)(*args)
            both.check()
        last = events[-1] if events else None
        following = [
            event
            for event in possible(both, items, ways)
            if not (event == last == ("pop",))  # which would find the same
        ]
        if not following or all(event == ("pop",) for event in following):
            finish(both, items)
            played += 1
        stack += [(*events, event) for event in following]
    return played


def finish(both, items):
    """Deliver the rest: everything came exactly once, in order where that is asked for."""
    while both.pop() is not None:
        both.check()
    if both.model.flying:
        return
    numbers = [number for number, _ in both.model.delivered]
    assert len(numbers) == len(set(numbers))
    assert both.flight.held == 0
    if both.model.ordered:
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize(
    ("most", "items"), [(n, items) for items in (3, 4) for n in range(1, items + 1)]
)
def test_every_history_of_a_flight_is_that_of_the_model(most, items, ordered):
    ways = WAYS if items == 3 else ["result"]
    assert histories(most, ordered, items, ways) > 0


@pytest.mark.parametrize("ordered", [True, False])
def test_a_consumer_who_waits_is_told_whenever_there_is_something_for_it(ordered):
    """Told by the answer of settle, and only then asking, it gets everything."""
    for order, ways in itertools.product(
        itertools.permutations(range(4)), itertools.product(WAYS, repeat=4)
    ):
        both = Both(4, ordered)
        for _ in range(4):
            both.begin()
        for number in order:
            told = both.settle(number, ways[number])
            while told and both.pop() is not None:
                pass
            assert both.model.next() is None
        assert both.flight.held == 0, (order, ways)
        delivered = [number for number, _ in both.model.delivered]
        assert sorted(delivered) == [n for n in range(4) if ways[n] != "skip"]


def test_a_flight_refuses_what_cannot_be():
    for ordered in (True, False):
        flight = _core.Flight(1, ordered)
        ticket = flight.begin()
        with pytest.raises(RuntimeError, match="no room"):
            flight.begin()
        flight.settle(ticket, None)
        with pytest.raises(ValueError, match="no such call"):
            flight.settle(ticket, None)
        assert flight.pop() is None
    with pytest.raises(ValueError, match="most must be at least one"):
        _core.Flight(0, True)
    with pytest.raises(TypeError, match="not an exception"):
        _core.Flight(1, True).fail(0, "no")


def test_a_flight_lets_go_of_what_it_delivered():
    """Its ring is used again and again, and grows with what is held only."""
    for ordered, n in itertools.product((True, False), (1, 7, 8, 9, 40)):
        flight = _core.Flight(n, ordered)
        delivered = []
        for k in range(5):
            tickets = [flight.begin() for _ in range(n)]
            for i, ticket in enumerate(tickets):
                flight.settle(ticket, (k, i))
            delivered += [flight.pop() for _ in range(n)]
        assert delivered == [(k, i) for k in range(5) for i in range(n)]
        assert flight.pop() is _core.PENDING


@pytest.mark.parametrize("keys", ["aaaa", "abab", "aabb", "abcd", "abba", "aaba"])
def test_lanes_run_one_call_of_each_key_at_a_time_in_order(keys):
    """Whatever call ends first: those of one key follow each other, others never wait."""
    for choices in itertools.product(range(4), repeat=len(keys)):
        lanes = Lanes()
        entered = [(n, keys[n], lanes.enter(keys[n], n, keys[n])) for n in range(len(keys))]
        jobs = [job for job in entered if job[2] is not None]
        running = [n for n, _, _ in jobs]
        begun = list(running)
        assert [keys[n] for n in running] == sorted(set(keys), key=keys.index)
        for choice in choices:
            running.pop(choice % len(running))
            _, key, lane = jobs.pop(choice % len(jobs))
            following = lanes.leave(lane)
            if following is not None:
                assert following[1:] == (key, lane)
                jobs.append(following)
                running.append(following[0])
                begun.append(following[0])
            assert len({keys[n] for n in running}) == len(running)
        assert sorted(begun) == list(range(len(keys)))
        for key in set(keys):
            of_key = [n for n in begun if keys[n] == key]
            assert of_key == sorted(of_key)
        assert lanes.enter("a", 9, "a"), "nothing is kept of a key without calls"
        assert len(lanes._lanes) == 1
