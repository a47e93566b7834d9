"""onpaper: published figures of AI chips beside what a device really does.

As a library: ``bench.chip("H20")``, ``bench.frame("figures")``, ``bench.classify(...)``; see
:mod:`bench.library`. ``bench.benchmark`` times a call; see :mod:`bench.calls.compared`. Nothing is
loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bench.version import __version__

__all__ = [
    "TABLES", "__version__", "benchmark", "catalogue", "chip", "classification_frame", "classify",
    "compare", "comparison_frame", "conflicts", "derived", "figures", "frame", "prediction_frame",
    "record", "reload", "rule", "rulebook", "timeline", "verdicts",
]  # fmt: skip

if TYPE_CHECKING:
    from bench.calls.compared import benchmark as benchmark
    from bench.library import TABLES as TABLES
    from bench.library import catalogue as catalogue
    from bench.library import chip as chip
    from bench.library import classification_frame as classification_frame
    from bench.library import classify as classify
    from bench.library import compare as compare
    from bench.library import comparison_frame as comparison_frame
    from bench.library import conflicts as conflicts
    from bench.library import derived as derived
    from bench.library import figures as figures
    from bench.library import frame as frame
    from bench.library import prediction_frame as prediction_frame
    from bench.library import record as record
    from bench.library import reload as reload
    from bench.library import rule as rule
    from bench.library import rulebook as rulebook
    from bench.library import timeline as timeline
    from bench.library import verdicts as verdicts
else:

    def __getattr__(name: str) -> object:
        """Returns a name of the Python interface; its module is imported on first use (PEP 562)."""
        if name.startswith("_") or name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = "bench.calls.compared" if name == "benchmark" else "bench.library"
        return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
