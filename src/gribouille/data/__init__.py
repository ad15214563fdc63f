"""Seeing what is in a store, and leaving out what should not be: `gribouille data`.

`summary` counts, `sheets` draws contact sheets, `explorer` writes a small static site, `clean` marks what is empty, double or
scribbled, by `ink` and `duplicates`; `kernel` holds the inner loops.
"""
