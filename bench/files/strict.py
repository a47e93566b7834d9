"""The base class of every value read from a file: frozen, and refusing unknown keys."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"


class Strict(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


def real_day(text: str) -> str:
    """Returns ``text`` if it is a day of the calendar, or ``never``.

    Raises:
        PydanticCustomError: there is no such day.
    """
    try:
        date.fromisoformat("2000-01-01" if text == "never" else text)
    except ValueError:
        message = "'{day}' is no day of the calendar"
        raise PydanticCustomError("no_day", message, {"day": text}) from None
    return text


Day = Annotated[str, Field(pattern=f"^{DAY}$"), AfterValidator(real_day)]
DayOrNever = Annotated[str, Field(pattern=f"^({DAY}|never)$"), AfterValidator(real_day)]
