"""Receiving a worker's messages through its pipe, and naming the signal that ended it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


class GoneError(Exception):
    """The other end of the pipe is closed."""


@contextmanager
def talking() -> Iterator[None]:
    """Turns a pipe's errors into ``GoneError``, so that no other ``OSError`` is taken for one."""
    try:
        yield
    except (EOFError, OSError) as error:
        raise GoneError from error


def heard(pipe: Connection, deadline_s: float) -> tuple[str, Any] | None:
    """Returns the worker's next message, None if there is none before the deadline.

    Raises:
        GoneError: the worker has ended.
    """
    with talking():
        return pipe.recv() if pipe.poll(max(0.0, deadline_s - time.monotonic())) else None


def signal_name(number: int) -> str:
    """Returns ``SIGKILL``, or the number of a signal that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
