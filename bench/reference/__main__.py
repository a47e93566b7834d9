"""Writes the generated pages of ``specs/`` anew: ``make docs``."""

from bench import paths
from bench.chips.load import catalogue
from bench.reference.documents import write_docs

if __name__ == "__main__":
    write_docs(paths.data_dir("specs"), catalogue())
