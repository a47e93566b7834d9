"""Names every fault of every data file."""

from pathlib import Path

from bench import paths
from bench.config import compose
from bench.errors import UsageError
from bench.ownspecs import own_folder
from bench.shapes import CheckConfig
from bench.words import counted

HELP = """\
python -m bench check [specs=FOLDER]

Reads every spec sheet, design, source, vendor, rule, workload, claim, reported value and committed
record, and prints all faults, one per line: file, field, what is wrong, and how to fix it. Printed
rates are compared with units x clock x operations per cycle. A source that nothing cites, two chips
with one name and a file that nothing reads are faults too.

Committed records must meet .github/CONTRIBUTING.md: schema, size, name and folder; measured by an
unmodified onpaper, not on a fake device; the hash of its sheet; no node, uid, path, address or host
name; times, statistics of the samples and the work of each kernel by its formula agree; no figure
above the published one.

  specs=    a folder of your own data, checked with the shipped data; one with a vendors.yaml or
            destinations.yaml is taken as a whole copy and checked by itself

Examples
  python -m bench check
  python -m bench check specs=./my-specs

Exit code: 0 no fault, 1 faults, 2 wrong usage.
"""


def main(words: list[str]) -> int:
    """Prints all faults and returns 1 if there are any."""
    from bench.checks import check
    from bench.report.text.markup import one_line

    config = compose("check", words, CheckConfig)
    folder = Path(config.specs or paths.own_specs() or paths.data_dir("specs"))
    marks = [folder / name for name in ("vendors.yaml", "destinations.yaml")]
    whole = any(mark.is_file() for mark in marks)
    if whole and not (folder / "chips").is_dir():
        raise UsageError(f"specs={folder}: there is no chips/ folder in it")
    if whole:
        found = check(folder, paths.data_dir("results"))
    else:
        with paths.using_own_specs(own_folder(str(folder))):
            found = check(paths.data_dir("specs"), paths.data_dir("results"))
    for fault in found.faults:
        print(one_line(str(fault)))
    counts = ", ".join(f"{number} {name}" for name, number in found.counts.items())
    print(f"{counts}: {counted(len(found.faults), 'fault') if found.faults else 'no faults'}")
    return 1 if found.faults else 0
