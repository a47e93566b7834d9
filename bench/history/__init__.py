"""A figure over many records: how it went, and where it changed."""
