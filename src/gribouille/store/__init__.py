"""A store: millions of drawings on disk. `Store` reads one, `gribouille.ingest` writes one.

`card` is what it says of itself, `schema` its columns, `split` which split a drawing belongs to, `parts` writes its
files, `reader` maps them, `marks` leaves some of them out, `view` is some rows of one, `select` chooses them by an
`expression` that is made of `condition`s, `kernel` holds the inner loops. The layout on disk is in docs/formats.md.
"""

from gribouille.store.card import Card, StoreError
from gribouille.store.expression import SelectionError
from gribouille.store.reader import Store
from gribouille.store.select import open_selected, select
from gribouille.store.view import AnyStore, Selection, View, named

__all__ = [
    "AnyStore",
    "Card",
    "Selection",
    "SelectionError",
    "Store",
    "StoreError",
    "View",
    "named",
    "open_selected",
    "select",
]
