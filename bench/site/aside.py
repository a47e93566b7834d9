"""Computes a result in a forked process while this process continues, where that is possible."""

import multiprocessing
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Result = TypeVar("Result")


class BackgroundResult(Generic[Result]):
    """A result that a forked process computes, or this process when the result is requested.

    The process is forked on Linux only, and only if it has a single thread, because a fork does
    not copy other threads. The result must be picklable.
    """

    def __init__(self, make: Callable[[], Result]) -> None:
        self._make = make
        self._receiver: Connection | None = None
        if sys.platform == "linux" and threading.active_count() == 1:
            context = multiprocessing.get_context("fork")
            self._receiver, sender = context.Pipe(duplex=False)
            self._process = context.Process(target=self._send, args=(sender,), daemon=True)
            self._process.start()
            sender.close()

    def _send(self, sender: Connection) -> None:
        sender.send(self._make())

    def result(self) -> Result:
        """Returns the result; computes it here if nothing was forked or the fork was killed."""
        if self._receiver is None:
            return self._make()
        try:
            result: Result = self._receiver.recv()
        except EOFError:
            return self._make()
        finally:
            self._process.join()
        return result
