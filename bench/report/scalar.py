"""What a flat row may hold."""

Scalar = str | int | float | bool | None
