"""Runs parts of a call at once on a CPU, in threads that are kept from call to call."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache


@lru_cache(maxsize=1)
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="parts")


def together(parts: Sequence[Callable[[], object]]) -> None:
    """Runs parts at once, the first in this thread, and waits for all."""
    others = [_pool(len(parts)).submit(part) for part in parts[1:]]
    parts[0]()  # this thread would otherwise only wait
    for other in others:
        other.result()
