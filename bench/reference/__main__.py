"""Writes the generated pages of ``specs/`` and ``results/`` anew: ``make docs``."""

from bench import paths
from bench.chips.load import catalogue
from bench.reference.documents import write_docs
from bench.reference.findings import findings
from bench.tables.write import replace

if __name__ == "__main__":
    write_docs(paths.data_dir("specs"), catalogue())
    page = paths.data_dir("results") / "FINDINGS.md"
    replace(page, findings(catalogue()).encode())
