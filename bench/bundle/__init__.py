"""Bundles: a record as one file for others, without its owner's names, with all to judge it by.

A bundle is plain, uncompressed JSON, so that it can be read, compared and checked without this
program. Readers treat it as untrusted.
"""
