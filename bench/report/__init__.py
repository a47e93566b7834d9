"""Tables of all that is told, made of rows; and the formats that any of them is set in.

``registry`` names the formats, a file each; no format computes anything.
"""
