"""A store: millions of drawings on disk. `Store` reads one, `gribouille.ingest` writes one.

`card` is what it says of itself, `schema` its columns, `split` which split a drawing belongs to, `parts` writes its
files, `reader` maps them, `marks` leaves some of them out, `view` narrows them, `kernel` holds the inner loops. The layout
on disk is in docs/formats.md.
"""

from gribouille.store.card import Card, StoreError
from gribouille.store.reader import Store
from gribouille.store.view import AnyStore, View, narrowed

__all__ = ["AnyStore", "Card", "Store", "StoreError", "View", "narrowed"]
