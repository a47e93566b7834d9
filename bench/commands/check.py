"""Names every fault of every data file."""

from pathlib import Path

from bench import paths
from bench.config import CheckConfig, compose
from bench.errors import DataError, Fault, UsageError

HELP = """\
python -m bench check [specs=FOLDER]

Reads every spec sheet, source, vendor mark and committed record, and prints all faults, one a
line: file, field, what is wrong, what would mend it.

  specs=    another folder of data than the shipped one

Examples
  python -m bench check
  python -m bench check specs=./my-specs

Exit code: 0 no fault, 1 faults, 2 wrong usage.
"""


def main(words: list[str]) -> int:
    """Prints all faults and returns 1 if there are any."""
    from bench.chips.faults import uncited
    from bench.chips.load import examine
    from bench.report.markup import one_line

    config = compose("check", words, CheckConfig)
    folder = Path(config.specs) if config.specs else paths.data_dir("specs")
    if not (folder / "chips").is_dir():
        raise UsageError(f"specs={folder}: there is no chips/ folder in it")
    catalogue, faults = examine(folder)
    if not any(fault.file.startswith("specs/chips/") for fault in faults):
        faults += uncited(catalogue.cited(), catalogue.sources)
    faults += _vendor_faults(folder)
    records, record_faults = _records(paths.PACKAGE.parent / "results" / "records")
    faults += record_faults
    for fault in faults:
        print(one_line(str(fault)))
    told = f"{len(catalogue.chips)} sheets, {len(catalogue.sources)} sources, {records} records"
    print(f"{told}: {len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}")
    return 1 if faults else 0


def _vendor_faults(folder: Path) -> list[Fault]:
    from bench.chips.vendors import vendors

    try:
        vendors(folder)
    except DataError as error:
        return list(error.faults)
    except FileNotFoundError:
        return [Fault("specs/vendors.yaml", "", "is missing", "add it")]
    return []


def _records(folder: Path) -> tuple[int, list[Fault]]:
    from bench.records.store import read

    faults: list[Fault] = []
    paths_found = sorted(folder.rglob("*.json"))
    for path in paths_found:
        try:
            record = read(path)
        except DataError as error:
            faults += error.faults
            continue
        if record.device.backend == "fake":
            faults.append(Fault(path.name, "device", "is a fake", "keep it out of results/"))
        if record.started_utc[:10] != path.parent.name:
            problem = f"the folder is not its day {record.started_utc[:10]}"
            faults.append(Fault(path.name, "started_utc", problem, "move the file"))
    return len(paths_found), faults
