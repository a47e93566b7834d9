"""Importer of bundles: a packed record is verified first, then imported like any record."""

from bench.bundle.take import verified
from bench.bundle.unpack import recognises
from bench.errors import UsageError
from bench.importers.base import Imported, Importer, Stated
from bench.importers.record import of_record


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each figure that the record in a bundle decides.

    Raises:
        NotUnderstood: it is no bundle, was changed after packing, contradicts itself, or is of
            another or an unknown chip.
    """
    try:
        bundle = verified(text, stated.file)
    except UsageError as error:
        problem = str(error).removeprefix(f"{stated.file}: ")
        raise stated.fault(problem, "nothing of it is imported") from None
    return of_record(bundle.record, stated)


IMPORTER = Importer("bundle", "what 'bundle' packed: a record without names", recognises, read)
