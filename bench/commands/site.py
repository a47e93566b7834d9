"""Builds the static website."""

import sys
import time

from bench.config import compose
from bench.errors import UsageError
from bench.shapes import SiteConfig

HELP = """\
python -m bench site out=FOLDER [key=value ...]

Builds a static website of everything: the table of chips, to sort, filter and compare; one page
per chip with its sheet, sources, conflicts, rules over time, evidence and predictions; what all
chips would do in five standing questions; claims, each unfolding to every value behind its verdict;
evidence, records, rules, method. It needs no server and no network: open index.html, or put the
folder on any web server. Pages work without scripts.

  out=              the folder: empty, new, or an earlier site, which is replaced
  records=          a record, or a folder of records, to show in addition to the committed ones
  on=               the day for export rules; default: today

Examples
  python -m bench site out=site
  python -m bench site out=site records=results/runs on=2026-01-20

Exit code: 0 written, 2 wrong usage, or a record or a data file has a fault.
"""


def main(words: list[str]) -> int:
    """Writes the site; prints the path of its start page on stdout and its size on stderr."""
    from bench.rules.places import day
    from bench.tables.write import output_folder

    config = compose("site", words, SiteConfig)
    if not config.out:
        raise UsageError("site needs a folder: out=site")
    folder, on, began = output_folder(config.out), day(config.on), time.monotonic()
    from bench.site.build import write
    from bench.site.place import SiteFolder
    from bench.site.world import gather

    SiteFolder(folder).check()
    written = write(folder, gather(config.records, on))
    largest, most = max(written, key=lambda one: one[1] if one[0].endswith(".html") else 0)
    print(folder / "index.html")
    print(
        f"{len(written)} files, {sum(size for _, size in written) / 1e6:.1f} MB, largest page "
        f"{largest} {most / 1e6:.2f} MB, {time.monotonic() - began:.1f} s",
        file=sys.stderr,
    )
    return 0
