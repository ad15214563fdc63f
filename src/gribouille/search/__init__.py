"""A search for how to train: many short runs around a base configuration, on few classes of a store.

`space` says where it looks, `study` remembers what was tried and decides what comes next, `workers` runs the trials
in processes, `report` shows what came out. `gribouille.cluster` runs the same trials with Ray.
"""

from gribouille.search.found import Found, found_in
from gribouille.search.report import write_report
from gribouille.search.space import SearchConfig, Space
from gribouille.search.workers import search

__all__ = ["Found", "SearchConfig", "Space", "found_in", "search", "write_report"]
