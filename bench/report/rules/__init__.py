"""Tables of export rules."""
