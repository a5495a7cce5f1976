"""Errors: what becomes of an item that failed, and what is done when all is over."""

from __future__ import annotations

import builtins
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from .. import _core
from .types import T_co, U

if TYPE_CHECKING:
    from . import Stream

E = TypeVar("E", bound=Exception)


class Errors(Generic[T_co]):
    """The methods of a stream that deal with errors, and with its end."""

    __slots__ = ()

    @overload
    def catch(
        self,
        exceptions: type[E] | builtins.tuple[type[E], ...],
        handler: Callable[[E], Awaitable[U]],
    ) -> Stream[T_co | U]: ...
    @overload
    def catch(
        self, exceptions: type[E] | builtins.tuple[type[E], ...], handler: Callable[[E], U]
    ) -> Stream[T_co | U]: ...
    def catch(self, exceptions: Any, handler: Callable[[Any], Any]) -> Stream[Any]:
        """Let what *handler* makes of an error take the place of the item that failed with it.

            source              1 2 ^ 4 |
            catch(Error, fn)    1 2 x 4 |

        >>> run(stream(["1", "x", "3"]).map(int).catch(ValueError, lambda error: -1).list())
        [1, -1, 3]

        *exceptions* is one class or a tuple of classes, as after ``except``, and *handler* runs
        like the body of an ``except``: a bare ``raise`` lets the error pass, an error of its own
        leads back to it. When the source itself fails, that is caught as well; the next pull ends.

        Raises TypeError if *handler* is not callable, or one of *exceptions* is no subclass of
        Exception: a cancellation is none, and never caught. An item whose *handler* fails or is
        cancelled is gone; the next pull takes the next one.
        """
        return _core.catch(self, exceptions, handler)

    def suppress(self, *exceptions: type[Exception]) -> Stream[T_co]:
        """Leave out the items that fail with one of *exceptions*.

            source             1 2 ^ 4 |
            suppress(Error)    1 2   4 |

        >>> run(stream(["1", "x", "3"]).map(int).suppress(ValueError).list())
        [1, 3]

        Nobody is told of what is left out; :meth:`catch` can. When the source itself fails, that is
        its end. Raises TypeError if one of *exceptions* is no subclass of Exception.
        See :func:`contextlib.suppress`.
        """
        return _core.suppress(self, exceptions)

    def on_close(self, callback: Callable[[], object]) -> Stream[T_co]:
        """Call *callback*, without arguments, once the source is closed; await it if it is async.

            source          1 2 |
            on_close(fn)    1 2 fn |

        >>> run(stream([1, 2]).on_close(lambda: print("closed")).list())
        closed
        [1, 2]

        It is called exactly once, on every way of closing: at the end, when the source fails, by a
        reducer, by ``aclose()``, also when nothing was read; but not when the stream is left to the
        garbage collector. Its error is raised from the close; an error that led to the close stays
        the one that is raised, and leads to it. Raises TypeError if *callback* is not callable.
        """
        return _core.on_close(self, callback)
