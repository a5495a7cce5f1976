"""Sending with a limit of time: as if it was awaited, whatever a server's send() is."""

from __future__ import annotations

import asyncio

import pytest

from aitertools.web.sending import Gone, TooSlow, _Rest, sending

from .virtual import now, run


class Sender:
    """A send() of each make, which waits so often, and notes what reaches it."""

    def __init__(self, waits, error=None, stubborn=False):
        self.waits, self.error, self.stubborn = waits, error, stubborn
        self.log = []

    async def send(self, message):
        self.log.append(message)
        for _ in range(self.waits):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                self.log.append("cancelled")
                if not self.stubborn:
                    raise
        if self.error is not None:
            raise self.error
        self.log.append("sent")

    def task(self, message):
        return asyncio.ensure_future(self.send(message))

    def future(self, message):
        self.log += [message, "sent"]
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(self.waits, done.set_result, None)
        return done


@pytest.mark.parametrize("make", ["send", "task", "future"])
@pytest.mark.parametrize("waits", [0, 1, 2, 5])
@pytest.mark.parametrize("limit", [None, 5.5])
def test_what_is_in_time_is_sent(make, waits, limit):
    async def main():
        sender = Sender(waits)
        await sending(getattr(sender, make), limit, ())("a")
        assert sender.log == ["a", "sent"]
        assert now() == waits

    run(main())


@pytest.mark.parametrize("make", ["send", "task"])
def test_what_is_not_in_time_is_cancelled(make):
    async def main():
        sender = Sender(9)
        with pytest.raises(TooSlow):
            await sending(getattr(sender, make), 2.5, ())("a")
        await asyncio.sleep(0)
        assert sender.log == ["a", "cancelled"]
        assert now() == 2.5

    run(main())


def test_what_goes_on_all_the_same_is_sent():
    """As with asyncio.timeout(): it was late, but nothing was given up."""

    async def main():
        sender = Sender(4, stubborn=True)
        await sending(sender.send, 2.5, ())("a")
        assert sender.log == ["a", "cancelled", "sent"]
        assert now() == 3.5

    run(main())


@pytest.mark.parametrize("waits", [0, 1, 3])
@pytest.mark.parametrize("error", [OSError("x"), KeyError("x")])
def test_errors_pass_but_those_of_who_is_gone(waits, error):
    async def main():
        with pytest.raises(Gone if isinstance(error, OSError) else KeyError):
            await sending(Sender(waits, error).send, 9, (OSError,))("a")

    run(main())


@pytest.mark.parametrize("waits", [1, 3])
@pytest.mark.parametrize("stubborn", [False, True])
def test_a_cancellation_reaches_what_waits(waits, stubborn):
    async def main():
        sender = Sender(waits, stubborn=stubborn)
        task = asyncio.ensure_future(sending(sender.send, 9, ())("a"))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() is not stubborn
        assert sender.log[:2] == ["a", "cancelled"]

    run(main())


def test_one_that_is_dropped_is_closed():
    log = []

    class Turn:
        def __await__(self):
            yield

    async def send():
        try:
            await Turn()
        finally:
            log.append("closed")

    steps = send().__await__()
    rest = _Rest(steps, next(steps)).__await__()
    next(rest)
    rest.close()
    assert log == ["closed"]
