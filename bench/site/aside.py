"""Work done in a second process while this one goes on, where the system can fork."""

import multiprocessing
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Aside(Generic[Made]):
    """A result that a copy of this process works out, or this one when it is asked for.

    A copy is made on Linux alone, and only of a process without threads, which a copy would lack;
    what is made has to be picklable.
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make = make
        self._ear: Connection | None = None
        if sys.platform == "linux" and threading.active_count() == 1:
            context = multiprocessing.get_context("fork")
            self._ear, mouth = context.Pipe(duplex=False)
            self._process = context.Process(target=self._tell, args=(mouth,), daemon=True)
            self._process.start()
            mouth.close()

    def _tell(self, mouth: Connection) -> None:
        mouth.send(self._make())

    def result(self) -> Made:
        """Returns what was made; a copy that was killed is stood in for."""
        if self._ear is None:
            return self._make()
        try:
            made: Made = self._ear.recv()
        except EOFError:
            return self._make()
        finally:
            self._process.join()
        return made
