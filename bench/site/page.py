"""A page before it is set."""

from dataclasses import dataclass, field
from typing import Any

MENU = (
    ("Chips", "chips.html"),
    ("Compare", "compare.html"),
    ("Claims", "claims.html"),
    ("Evidence", "evidence.html"),
    ("Records", "records.html"),
    ("Rules", "rules.html"),
    ("Predictions", "predictions.html"),
    ("Method", "method.html"),
    ("Sources", "sources.html"),
)
"""The parts of the site, as the menu names them."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: its address from the root of the site.
        title: its heading.
        description: one sentence of what is on it.
        template: the file of ``templates/`` that sets it.
        part: the address of the menu's entry that it belongs to.
        script: whether the script of the site runs on it.
        data: what the template is given.
    """

    path: str
    title: str
    description: str
    template: str
    part: str = ""
    script: bool = False
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Returns what leads from the page to the root of the site."""
        return "../" * self.path.count("/")
