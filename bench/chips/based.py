"""An own sheet that is ``based_on`` another: it gives what differs, the rest is inherited."""

from collections.abc import Mapping, Sequence

from bench.chips.figures import FACTS, FIGURES
from bench.chips.model import Chip
from bench.errors import Flaw, did_you_mean
from bench.files.yamlfile import Node

KEY = "based_on"
STATUS = "hypothetical"
NAMING = {"aliases", "identity", "local_name", "name", "status", "variants"}
"""Fields of the base itself: a chip based on it is not the one that is sold, or that a device of
it reports."""
MERGED = ("figures", "facts")
"""Fields of which each entry is inherited by itself."""


def base_flaw(word: Node, chip: str, bases: Sequence[str], *, own: bool) -> Flaw | None:
    """Returns what is wrong with the name of a base, None if nothing is.

    Args:
        word: what the sheet says.
        chip: id of the sheet.
        bases: ids of all sheets.
        own: whether the sheet is in a user's own folder.
    """
    if not own:
        fix = "write the sheet in full; only a sheet in a folder of your own (specs=) may have it"
        return (KEY, "is not for the sheets of a whole folder", fix)
    if word == chip:
        return (KEY, f"{chip!r} is this sheet itself", "give the file another name")
    if not isinstance(word, str) or word not in bases:
        near = [one for one in bases if f"-{word}-" in one and one != chip]
        return (KEY, f"{word!r} is no chip's id", did_you_mean(str(word), near or bases))
    return None


def inherited(data: Mapping[str, Node], base: Mapping[str, Node], chip: str) -> dict[str, Node]:
    """Returns a sheet with all that it does not give itself taken from its base.

    A figure that it changes is replaced as a whole, with its rivals; ``explained`` then says what
    the base has. The name is the id, and the status ``hypothetical``, unless one is given.

    Args:
        data: the sheet as written.
        base: the base as written.
        chip: id of the sheet.
    """
    kept = {key: node for key, node in base.items() if key not in NAMING}
    found = {"name": chip, "status": STATUS, **kept, **data}
    for key in MERGED:
        found[key] = _merged(base.get(key, {}), data.get(key, {}))
    changed = data.get("figures", {})
    if isinstance(changed, dict):
        said: dict[str, Node] = {key: f"assumed; {_had(base, key)}" for key in changed}
        old = _merged(base.get("explained", {}), said)
        found["explained"] = _merged(old, data.get("explained", {}))
    return found


def _merged(base: Node, more: Node) -> Node:
    """Returns two mappings as one; what is no mapping is returned for validation to refuse."""
    return {**base, **more} if isinstance(base, dict) and isinstance(more, dict) else more


def _had(base: Mapping[str, Node], key: str) -> str:
    figures = base.get("figures")
    figure = figures.get(key) if isinstance(figures, dict) else None
    value = figure.get("value") if isinstance(figure, dict) else None
    return f"{base.get('name')} has {value or 'no such figure'}"


def changed(chip: Chip, base: Chip) -> list[str]:
    """Returns in words the figures and facts of a sheet that are not those of its base."""
    figures = [FIGURES[key].title for key in FIGURES if _differs(key, chip.figures, base.figures)]
    facts = [FACTS[key].title for key in FACTS if _differs(key, chip.facts, base.facts)]
    return [title.split(", such as")[0] for title in (*figures, *facts)]


def _differs(key: str, ours: Mapping[str, object], theirs: Mapping[str, object]) -> bool:
    return ours.get(key) != theirs.get(key)
