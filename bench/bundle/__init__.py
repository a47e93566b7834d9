"""A record as one file for others: without its owner's names, with all that judging it takes.

A bundle is plain JSON, so that it can be read, compared and checked without this program, and
nothing in it is compressed. Readers treat it as untrusted.
"""
