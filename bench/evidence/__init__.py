"""Evidence on chips: our own records and reported values, with their weights."""
