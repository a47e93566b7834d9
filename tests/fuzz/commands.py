"""The command line: what every command makes of any words, and what some answer in full."""

import io
import re
import shlex
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from importlib import import_module

from bench.__main__ import COMMANDS, main, module_of
from bench.chips.load import catalogue
from bench.commands.running import sweep
from bench.commands.running.planned import plan
from bench.config import compose
from bench.shapes import SHAPES, RunConfig
from tests.fuzz.contract import BrokenError, Target
from tests.fuzz.places import folder

ELSEWHERE = (
    "out", "record", "records", "file", "calibration", "against", "specs", "junit", "markdown",
    "sql", "resume", "hydra",
)  # fmt: skip
"""Keys that name a place to read or to write: what is made up may name any, so they stay out."""
ASKED: dict[str, tuple[str, ...]] = {
    "chips": ("where=[tdp>=300W,'memory_type=HBM3*']\nsort=-tpp\ncolumns=[tpp,tdp]\nlimit=3",),
    "compare": ("chips=[h20,910b2]\nbaseline=h20\nfigures=[matrix_bf16,tdp]\nper=watt",),
    "rules": (
        "chips=h20\non=2025-08-15\ndestination=CN",
        "whatif\ntpp=4000\ndensity=3.2\nmemory_bandwidth=1.4 TB/s\ndatacenter=yes",
        "timeline\nchip=h20\nheadquarters=CN",
        "explain\nchip=910b2\nrule=US-2023-3A090",
    ),
    "evidence": ("chip=910b2\nfigure=matrix_bf16", "chip=h20\nwork=decode"),
    "verdict": ("chips=[h20,910b2]\nmargin=0.1\nwithout=[vendor]",),
    "claims": ("claim=2025-07-moolenaar-h20-memory\nmargin=0.05",),
    "predict": (
        "chips=[h20,910b2]\nworkload=llama-3.1-8b\nbatch=1..8\ninput=[512,2048]\noutput=64",
        "chips=h20\nworkload=deepseek-v3\nparallel=tp8\nbaseline=910b2\nkwh=0.2",
        "chips=h20\nphase=product\nshape=[4096,4096,4096]\nprecision=fp8",
    ),
    "report": ("kind=plan\ndevices=1000\nconfidence=0.95\nfaulty=0.05\naccept=1\nseed=4711",),
    "history": ("figure=matrix_bf16\nchip=h200\nlevel=0.05\nlimit=3",),
    "show": ("chip=h20\nmargin=0.2",),
}
"""What the commands answer from the shipped data alone, and words to begin with."""


def words_of(data: bytes) -> list[str]:
    """Returns an input as the words that a shell would hand over."""
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    return [word for word in text.split("\n") if word]


def examples(command: str) -> list[bytes]:
    """Returns the examples of a command's help, a word a line."""
    told = import_module(module_of(command)).HELP.partition("Examples")[2]
    lines = [line.strip() for line in told.splitlines()]
    own = f"python -m bench {command} "
    begun = [line.removeprefix(own) for line in lines if line.startswith(own)]
    made = [shlex.split(re.split(r"  | > ", line)[0]) for line in begun if "-m " not in line]
    kept = [[word for word in words if "=" in word] for words in made]
    return ["\n".join(words).encode() for words in kept if words] or [b"report=plain"]


def _composed(data: bytes) -> None:
    """Checks all words of a command that the first word names."""
    name, *words = words_of(data) or ["run"]
    if name == "run":
        plan(compose("run", words, RunConfig), catalogue())
    else:
        known = name if name in SHAPES else "chips"
        compose(known, words, SHAPES[known])


def _swept(data: bytes) -> None:
    """Checks the words of a sweep, which ends where Hydra would begin."""
    import hydra

    begin, words = hydra.main, sys.argv
    hydra.main = lambda *_: lambda _job: lambda: None
    try:
        sweep.sweep(words_of(data))
    finally:
        hydra.main, sys.argv = begin, words


def _asked(data: bytes) -> list[str]:
    """Runs a command in an empty folder; what it tells on stderr is its errors."""
    name, *more = words_of(data) or ["help"]
    words = [name, *(word for word in more if not _leads_away(word))]
    if name in COMMANDS and name not in ASKED:
        return []
    out, told = io.StringIO(), io.StringIO()
    with chdir(folder("cwd")), redirect_stdout(out), redirect_stderr(told):
        code = main(words if "=" not in name and not name.startswith("-") else ["chips", *words])
    if list(folder("cwd").iterdir()):
        raise BrokenError(f"a file is left by {words}")
    if code not in (0, 1, 2) or (code == 0) != (not told.getvalue()):
        raise BrokenError(f"it ends with {code} and tells {told.getvalue()[:300]!r}")
    return told.getvalue().splitlines()


def _leads_away(word: str) -> bool:
    return word.partition("=")[0].lstrip("+~").startswith(ELSEWHERE) or word.startswith("-")


def _seeds() -> list[bytes]:
    return [name.encode() + b"\n" + one for name in COMMANDS for one in examples(name)]


def _asked_seeds() -> list[bytes]:
    return [f"{name}\n{one}".encode() for name, lines in ASKED.items() for one in lines]


def _sweeps() -> list[bytes]:
    return [b"dtype=bf16,fp16\ndata=normal,zeros\nseconds=choice(2,3)\nm=range(1,4)\nn=64\nk=64"]


COMMAND_LINES = (
    Target("words", "words", _seeds, _composed),
    Target("sweep", "words", _sweeps, _swept),
    Target("ask", "words", _asked_seeds, _asked),
)
