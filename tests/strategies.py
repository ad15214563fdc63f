"""What hypothesis draws drawings from."""

from hypothesis import strategies as st

octets = st.integers(0, 255)


def simplified(points: int = 12, strokes: int = 5) -> st.SearchStrategy[list[list[list[int]]]]:
    """The strokes [[x…], [y…]] of a simplified drawing: at most so many, of at most so many points each."""
    stroke = st.lists(st.tuples(octets, octets), min_size=1, max_size=points).map(
        lambda pairs: [list(axis) for axis in zip(*pairs, strict=True)]
    )
    return st.lists(stroke, min_size=1, max_size=strokes)
