"""The software environment of a record."""

from typing import Annotated

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bench.files.strict import Strict

Library = Annotated[str, Field(pattern=r"^\w{1,20} [\w.+-]{1,40}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,48}=[\w:,;^+-]{1,80}$")]


class Machine(Strict):
    """The software environment; ``node`` is a name given by the user or the launcher.

    ``libraries`` are those behind torch with their versions, ``variables`` change how they work.
    """

    node: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")] | None = None
    system: str
    kernel: str
    python: str
    torch: str | None
    accelerator_runtime: str | None = None
    threads: int | None = None
    virtual: bool | None = None
    libraries: tuple[Library, ...] | None = None
    variables: tuple[Variable, ...] | None = None

    @model_serializer(mode="wrap")
    def _as_told(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        """Returns the fields, without the later ones if they are unknown: as records were."""
        told: dict[str, object] = plain(self)
        later = ("libraries", "variables")
        return {key: value for key, value in told.items() if key not in later or value is not None}
