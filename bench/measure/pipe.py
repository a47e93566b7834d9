"""What is heard of a worker through its pipe, and how its end is told."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


class GoneError(Exception):
    """Nobody is at the other end of the pipe."""


@contextmanager
def talking() -> Iterator[None]:
    """Tells what a pipe fails with from what a listener does: it is ``GoneError``."""
    try:
        yield
    except (EOFError, OSError) as error:
        raise GoneError from error


def heard(pipe: Connection, deadline_s: float) -> tuple[str, Any] | None:
    """Returns what the worker says next, None where it says nothing until then.

    Raises:
        GoneError: it has ended.
    """
    with talking():
        return pipe.recv() if pipe.poll(max(0.0, deadline_s - time.monotonic())) else None


def signal_name(number: int) -> str:
    """Returns ``SIGKILL``, or the number of a signal that has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
