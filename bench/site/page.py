"""A page before it is rendered."""

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
"""Entries of the menu: text and address."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: address from the root of the site.
        title: heading.
        description: one sentence that describes the page.
        template: file of ``templates/`` that renders the page.
        part: address of the menu entry to which the page belongs.
        script: whether the page runs the site's script.
        data: variables of the template.
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
        """Returns the relative path from the page to the root of the site, such as ``../``."""
        return "../" * self.path.count("/")
