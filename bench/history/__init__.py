"""A figure over many records: its course, and its changes of level."""
