"""Tables of all that is told, made of rows; ``formats`` has what any of them is set in."""
