"""A record as one file for others: what names its owner is left out, what is needed to judge it in.

A bundle is plain JSON, so that it can be read, compared and checked without this program, and
holds nothing that unpacks to more than it is. Whoever reads one trusts none of it.
"""
