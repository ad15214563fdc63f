"""A part of a store written again without some of its rows, elsewhere: parts themselves never change."""

from pathlib import Path

import numpy as np
from jaxtyping import Int64

from gribouille.store.card import Part
from gribouille.store.parts import PartWriter, Written
from gribouille.store.reader import records_of_part


def written_without(
    folder: Path, drawings: Part, times: Part | None, rows: Int64[np.ndarray, "_"], out: Path
) -> list[Written]:
    """Writes the part of `folder` into `out` without these rows of it, under its name; none where nothing is left."""
    records, split = records_of_part(folder, drawings, times)
    kept = np.delete(np.arange(len(records)), rows)
    name, _, number = Path(drawings.name).stem.rpartition("-")
    writer = PartWriter(out, name, max(1, len(records)), int(number))
    writer.add(records.take(kept), split[kept])
    return writer.close()
