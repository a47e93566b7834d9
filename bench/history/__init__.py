"""A figure over many records, with its changes of level."""
