"""Bundles: a record as one file for others, without private names, with all that judging it needs.

A bundle is plain, uncompressed JSON, so that it can be read, compared and checked without this
program. Readers treat it as untrusted.
"""
