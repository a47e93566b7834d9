"""The command line: lists the commands with one line of help each, and runs the one named."""

import codecs
import errno
import gc
import io
import json
import os
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from keyword import iskeyword

from bench import __version__
from bench.commands.helptext import print_help
from bench.errors import OnpaperError, UsageError, did_you_mean
from bench.ownspecs import use_own_specs

COMMANDS = {
    "run": "measure this machine and compare it with its spec sheet (the default)",
    "show": "show a stored record, or everything known of a chip, with sources",
    "chips": "list the spec sheets: search, filter, sort, choose columns",
    "compare": "compare published figures of chips, with ratios to a baseline",
    "rules": "show which export rules applied to a chip on a day, and how much room is left",
    "evidence": "list everything measured of a chip, by anybody, with weights",
    "verdict": "compare two chips, or many with a baseline: on paper and measured",
    "claims": "judge public statements that compare chips",
    "predict": "predict LLM serving and training from the sheet, with intervals",
    "validate": "test predictions on hold-out data: error, bias, coverage, targets",
    "calibrate": "fit the prediction model on all tables, or on this machine's own record",
    "plot": "plot a record, rules, ratios or predictions, with the data as CSV",
    "site": "build an offline website of everything: chips, claims, rules, records",
    "report": "write a verification report, a sampling plan or a fleet summary: HTML and PDF",
    "gate": "check whether a run is slower than earlier runs, or short of its sheet: for CI",
    "history": "follow a figure over many records, with its change points; list or query records",
    "fleet": "rank many devices and nodes and name the outliers; plan a fleet's measurement",
    "bundle": "pack a record into one anonymous file that anyone can verify and import",
    "import": "read a bundle, or turn another tool's output into reported measurements",
    "export": "write the catalogue as CSV, JSON and Parquet tables with a data dictionary",
    "doctor": "describe this device, identify its chip, warn of what would disturb a measurement",
    "check": "report every fault of every data file",
}

HELP = f"""\
onpaper {__version__}: does an AI chip match its spec sheet, on paper and in measurement?

python -m bench [command] [key=value ...]

{chr(10).join(f"  {name:<11}{text}" for name, text in COMMANDS.items())}

python -m bench COMMAND --help explains a command's keys, with examples.
Every command takes specs=FOLDER: adds your own sheets, rules, claims and workloads.
"""

SPELLED = {
    "–": "-", "—": "-", "−": "-", "━": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...",
    "×": "x", "·": "*", "²": "2", "³": "3", "µ": "u", "°": "deg", "≥": ">=", "≤": "<=", "≈": "~",
    "±": "+-", "✓": "+", "✗": "x", "→": "->",
}  # fmt: skip
"""ASCII replacements for characters that the terminal's encoding lacks."""

MEASURING = ("run", "doctor")
"""Commands that open a device. The others take seconds, too short for garbage collection to pay."""
JSON = "report=json"
"""The word with which stdout is one JSON document, errors included."""
LONG = 20_000
"""Most characters of an error message; the faults of many files may be long."""
QUIET = re.compile("quiet=(true|yes|y|on|1)", re.IGNORECASE)
"""The override by which a run prints nothing to stderr."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors on writing to a full or broken disk."""


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    name = _named(words)
    if argv is None and name in COMMANDS and name not in MEASURING:
        gc.disable()  # garbage collection would take a third of the time to load a large catalogue
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads only slow small matrices down
    try:
        return _ended(words)
    except BrokenPipeError:
        _drop_output()  # the reader of the pipe has gone
        return 0
    except OSError as error:
        if error.errno not in FULL or error.filename is not None:
            raise
        _drop_output()
        print(f"onpaper: the report could not be written: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        when = " before anything was measured" if name == "run" else ""
        if not _is_quiet(words):
            print(f"onpaper: interrupted{when}", file=sys.stderr)
        return 130


def _is_quiet(words: list[str]) -> bool:
    """Returns whether a run is to print nothing to stderr."""
    return any(map(QUIET.fullmatch, words))


def _lacking(error: ModuleNotFoundError) -> bool:
    """Returns whether a third-party package is not installed, which is no bug of this program."""
    package = (error.name or "bench").partition(".")[0]
    return package != "bench" and find_spec(package) is None


def _prepare_streams() -> None:
    """Makes stdout and stderr write characters that their encoding lacks in ASCII."""
    codecs.register_error("onpaper", _spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="onpaper")


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Returns characters that an encoding lacks in ASCII; a codec error handler."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(SPELLED.get(sign, "?") for sign in lacking), error.end


def _drop_output() -> None:
    """Redirects stdout to nowhere, so that Python's last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _ended(words: list[str]) -> int:
    """Runs the command; an error goes to stderr, and with ``report=json`` also to stdout."""
    try:
        return _dispatch(words)
    except OnpaperError as error:
        text = str(error)
        shown = text if len(text) < LONG else f"{text[:LONG]} ..."
        print(f"onpaper: {shown}", file=sys.stderr)
        if JSON in words:
            document = {"error": shown, "exit_code": error.exit_code, "onpaper": __version__}
            print(json.dumps(document, indent=1, ensure_ascii=False), flush=True)
        return error.exit_code


def _dispatch(words: list[str]) -> int:
    """Runs the command and flushes its output while errors are still caught."""
    try:
        code = _run(words)
    except ModuleNotFoundError as error:
        if not _lacking(error):
            raise
        raise UsageError(
            f"{sys.executable} lacks the package {error.name!r}: 'make run' in the clone sets up "
            ".venv, then '. .venv/bin/activate'; or 'pip install .'"
        ) from None
    sys.stdout.flush()
    return code


def _run(words: list[str]) -> int:
    """Runs the command, or prints help or the version; returns the exit code."""
    if words[:1] == ["help"] and words[1:2] and words[1] in COMMANDS:
        words = [words[1], "--help"]
    if words and words[0] in ("-h", "--help", "help"):
        print_help(HELP)
        return 0
    if words and words[0] == "--version":
        print(f"onpaper {__version__}")
        return 0
    name = _named(words)
    if words[:1] == [name]:
        words = words[1:]
    if name not in COMMANDS:
        raise UsageError(f"no command {name!r}: {did_you_mean(name, COMMANDS)}")
    misplaced = next((word for word in words if word in COMMANDS and word != name), "")
    if name == "run" and misplaced:
        raise UsageError(f"the command comes first: python -m bench {misplaced} ...")
    command = import_module(module_of(name))
    if {"-h", "--help"} & set(words):
        print_help(command.HELP)
        return 0
    code: int = command.main(words if name == "check" else _with_own_specs(words))
    return code


def _named(words: list[str]) -> str:
    """Returns the command's name; ``run`` if the line starts with none."""
    return words[0] if words and "=" not in words[0] and not words[0].startswith("-") else "run"


def _with_own_specs(words: list[str]) -> list[str]:
    """Applies ``specs=``, prints what it adds unless the run is quiet, and returns the rest."""
    rest, message = use_own_specs(words)
    if message and not _is_quiet(words):
        print(f"onpaper: {message}", file=sys.stderr)
    return rest


def module_of(name: str) -> str:
    """Returns the module of a command; that of ``import`` ends in ``_``, as it is a keyword."""
    return f"bench.commands.{name}{'_' if iskeyword(name) else ''}"


if __name__ == "__main__":
    sys.exit(main())
