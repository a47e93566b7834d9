"""A record that was packed for others: verified first, then taken as any record of this program."""

from bench.bundle.take import verified
from bench.bundle.unpack import knows
from bench.errors import UsageError
from bench.importers.base import Found, Given, Importer
from bench.importers.record import of_record


def read(text: str, given: Given) -> Found:
    """Returns one row for each standing row of the verdict of the record in a bundle.

    Raises:
        NotUnderstood: it is no bundle, was changed since it was packed, contradicts itself, or is
            of another chip or an unknown one.
    """
    try:
        found = verified(text, given.file)
    except UsageError as error:
        told = str(error).removeprefix(f"{given.file}: ")
        raise given.fault(told, "nothing of it is imported") from None
    return of_record(found.record, given)


IMPORTER = Importer("bundle", "what 'bundle' packed: a record without names", knows, read)
