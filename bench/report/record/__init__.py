"""Tables of a record's report."""
