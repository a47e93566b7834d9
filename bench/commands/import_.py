"""Turns a tool's output into reported measurements (``import`` cannot name a module)."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.config import compose
from bench.errors import UsageError, check_known
from bench.shapes import ImportConfig

if TYPE_CHECKING:
    from bench.evidence.model import Kind, Report
    from bench.importers.base import Importer, Stated

HELP = """\
python -m bench import file=PATH chip=NAME by=WHO [source=TOOL] [key=value ...]
python -m bench import file=ID.onpaper.json [by=WHO] [out=FOLDER]

Reads another tool's output and writes it as reported measurements, in the YAML of results/reported:
each value with its unit, what was measured, which statistic it is, and its known defects. What is
not understood is refused, with the line and the reason; nothing is guessed. Output of a device that
is another chip by its name is refused too. A name that no sheet knows, and a value above paper, are
reported on stderr.

  file=             the output, as the tool wrote it; - is standard input
  source=           mamf-finder   the log of a search
                    flagperf      a README with result tables
                    nccl-tests    the text, or the JSON of -J
                    nvbandwidth   the text, or the JSON of -j
                    babelstream   the table, or the CSV
                    nvbench       the JSON of --json: benchmarks called copy, add, triad ...
                    superbench    results-summary.jsonl: gemm-flops, cublaslt-gemm, hipblaslt-gemm,
                                  gpu-stream, mem-bw
                    tritonbench   the table, the CSV or the JSON of matrix products; give dtype=
                    bench-serving the JSON or the table of vllm bench serve, sglang.bench_serving
                                  and their forks; give dtype=, parallel=, SGLang's also workload=.
                                  What is predicted for each run is told on stderr
                    pytest-benchmark   the JSON; extra_info has to give the work of a call:
                                  quantity, dtype, and flop, bytes, tokens or samples
                    record        a record of this program
                    bundle        a record packed by 'bundle', see below
                    default: recognised by the content, and reported on stderr
  chip=             its sheet, by id, alias or local name; a record names its own
  by=               who measured: a person, a group, a company
  kind=             the class of evidence: user submission (the default), own run, independent
                    test, academic, consortium, vendor claim, third party,
                    vendor gate, redacted
  url=              where the output can be found; default: 'local file' and its name
  title=            title of the source; default: the tool's output
  date=             when it was measured, 2026-11-24, 2026-11 or 2026; only needed if the output
                    does not say
  dtype=            bf16, fp8 ...; only if the output does not say
  count=            number of devices that took part; only if the output does not say
  workload=         the model that was served, such as llama-3.1-70b; only if the output does not
                    say, or by another name
  parallel=         how it was divided over the devices, such as tp8 or 'tp8,ep8'
  software=         versions, if not those that the output gives
  out=              a file (.yaml), or a folder, where the name is made of chip, tool and day; it
                    is created if it does not exist; nothing is overwritten; without out=, the YAML
                    goes to stdout

A bundle comes from a stranger, so it is verified first: hashes, schema, times, statistics of the
samples, and the work of each kernel by its formula have to agree, or it is refused; a value above
a peak is reported as a doubt. Then it is compared with the sheet packed in it and with today's.
Nothing is written without out=: a folder stores the record in its subfolder imported/, marked with
by= and the bundle's hash, for show, gate, evidence and fleet; a .yaml file stores its figures as
reported measurements.

Examples
  python -m bench import file=mamf.txt chip=h20 by='A. Tester' url=https://example.org/mamf
  python -m bench import file=nccl.json chip=h100 by='Example Lab' kind='independent test' out=.
  ./nvbandwidth | python -m bench import file=- source=nvbandwidth chip=h200 by=me date=2026-11-24
  python -m bench import file=serve.json chip=h20 by=me dtype=fp8 parallel=tp8
  python -m bench import file=results/records/2026-11-26/h200-sxm-full.json by='Example Lab'
  python -m bench import file=ID.onpaper.json by='Example Lab' out=results/runs

Exit code: 0 written, 2 not understood, wrong usage, or a data file has a fault: nothing is
written then.
"""


OF_OUTPUT = (
    "chip",
    "kind",
    "url",
    "title",
    "date",
    "dtype",
    "count",
    "software",
    "workload",
    "parallel",
)
"""Keys that describe another tool's output; a bundle contains all of this itself."""


def main(words: list[str]) -> int:
    """Prints or writes the measurements in a tool's output."""
    from bench.importers.record import check
    from bench.importers.registry import detect, importer
    from bench.importers.source import text_of
    from bench.importers.write import as_yaml, report

    config = compose("import", words, ImportConfig)
    if not config.file:
        raise UsageError("import needs what a tool printed: file=PATH, or file=- for stdin")
    named = importer(config.source) if config.source else None
    text, name = text_of(config.file)
    source = named or detect(text, name)
    if named is None:
        print(f"{name}: read as {source.key}", file=sys.stderr)
    if source.key == "bundle" and not (config.out or "").endswith(".yaml"):
        return _bundled(text, name, config)
    if source.key == "record":
        check(text, name)
    stated = _stated(config, name, source)
    found = source.read(text, stated)
    for one in found.left_out:
        print(f"left out: {one}", file=sys.stderr)
    made = report(found, source, stated)
    _check_against_sheets(made, name)
    _set_beside_predictions(made)
    _put(as_yaml(made), made, config.out)
    return 0


def _bundled(text: str, name: str, config: ImportConfig) -> int:
    """Verifies a bundle, prints its content, and imports its record if a folder is named.

    Raises:
        UsageError: the bundle has a fault, or the folder cannot take it.
    """
    from bench.bundle.take import doubts, store_record, summary_lines, verified
    from bench.chips.load import catalogue
    from bench.config import folder
    from bench.importers.base import one_line

    unused = [key for key in OF_OUTPUT if getattr(config, key) is not None]
    if unused:
        raise UsageError(f"a bundle has this itself: leave out {unused[0]}=")
    found = verified(text, name)
    agreed = "verified: hashes, form, times, statistics and the work of each kernel agree"
    print(agreed, file=sys.stderr)
    for line in summary_lines(found, catalogue()):
        print(one_line(line), file=sys.stderr if config.out else sys.stdout)
    for line in doubts(found):
        print(f"doubt: {one_line(line)}", file=sys.stderr)
    if not config.out:
        print("nothing is written without out=", file=sys.stderr)
    else:
        print(store_record(found, folder(config.out), one_line(config.by or "")))
    return 0


def _stated(config: ImportConfig, name: str, source: "Importer") -> "Stated":
    """Returns what the user states about an output, from the keys.

    Raises:
        UsageError: a required key is missing, or a value is unknown.
    """
    from bench.chips.load import catalogue
    from bench.importers.base import Stated, one_line

    is_record = source.key in ("record", "bundle")
    by = one_line(config.by or "")
    if not by:
        raise UsageError("who measured it? give by=, a person, a group or a company")
    if not (config.chip or is_record):
        raise UsageError("which chip is it of? give chip=, such as chip=h20")
    split, count = _divided(config)
    chip = catalogue().find(config.chip).id if config.chip else ""
    kind = _kind(config.kind or "user submission")
    return Stated(
        file=name,
        chip=chip,
        by=by,
        kind=kind,
        dtype=_dtype(config.dtype),
        date=config.date,
        url=config.url,
        title=config.title,
        software=config.software,
        count=count,
        model=config.workload or "",
        split=split,
    )


def _divided(config: ImportConfig) -> "tuple[dict[str, str], int | None]":
    """Returns how a model was divided over devices, and how many there were.

    Raises:
        UsageError: the two contradict each other, or one is invalid.
    """
    from bench.predict.model.parallel import parallel
    from bench.predict.refusals import refuse_sharding

    if config.count is not None and config.count < 1:
        raise UsageError(f"count={config.count} must be 1 or more")
    if config.parallel is None:
        return {}, config.count
    split = parallel(config.parallel)
    refuse_sharding(split)
    if config.count not in (None, split.chips):
        raise UsageError(
            f"parallel={config.parallel} is {split.chips} devices, not {config.count}: leave out "
            "count="
        )
    parts = {key: str(getattr(split, key)) for key in ("tp", "pp", "dp", "ep")}
    return {key: part for key, part in parts.items() if part != "1" or key == "tp"}, split.chips


def _kind(word: str) -> "Kind":
    from bench.evidence.model import Kind

    check_known("kind", word, [one.value for one in Kind])
    return Kind(word)


def _dtype(word: str | None) -> str | None:
    from bench.evidence.quantities import DTYPES

    check_known("dtype", word, DTYPES)
    return word


def _check_against_sheets(made: "Report", name: str) -> None:
    """Prints warnings on stderr: unverified statements, and values above the published figure.

    Raises:
        NotUnderstood: the sheet rules out a row, or the device is another chip.
    """
    from bench.chips.load import catalogue
    from bench.importers.sheetcheck import check_chip, doubts

    check_chip(made, name, catalogue())
    for line in doubts(made, catalogue()):
        print(line, file=sys.stderr)


def _set_beside_predictions(made: "Report") -> None:
    """Prints what is predicted for each measurement of serving on stderr."""
    if any(row.workload.get("concurrency") for row in made.rows):
        from bench.predict.reportedpredictions import predicted_serving
        from bench.report.prediction.reportedpredictions import reported_lines

        for line in reported_lines(predicted_serving(made)):
            print(line, file=sys.stderr)


def _put(text: str, made: "Report", out: str | None) -> None:
    """Prints the text, or writes it to a new file.

    Raises:
        UsageError: the file exists already, or cannot be created.
    """
    if not out:
        print(text, end="")
        return
    from bench.tables.write import write_new

    place = _place(out, made)
    write_new(text, place)
    print(place)


def _place(out: str, made: "Report") -> Path:
    """Returns the file that ``out=`` names.

    Raises:
        UsageError: it is neither a folder nor a .yaml file whose name can be a report's id.
    """
    from bench.tables.write import names_folder

    try:
        place = Path(out).expanduser()
        is_folder = place.is_dir() or names_folder(out)
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(f"out={out[:80]} cannot be a file: {error}") from None
    if is_folder:
        return place / f"{made.id}.yaml"
    if place.suffix != ".yaml":
        raise UsageError(
            f"out={out[:80]} is neither a file that ends in .yaml nor a folder, which ends in /"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", place.stem):
        raise UsageError(f"out={place.name[:80]}: use lower-case letters, digits, '.', '_' and '-'")
    return place
