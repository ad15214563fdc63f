"""Where drawings come from: files, folders, globs, http(s)://, gs:// and s3://.

In go what people write for a source; out come the files that it stands for (`find`, `find_all`) and their bytes, by
range (`reader`) or as consecutive chunks with several ranges under way (`stream`). Files on disk need the standard
library alone; the rest goes through fsspec (`pip install ".[cloud]"`), which is imported only then.
"""

from gribouille.sources.files import FETCH_RECORD, SUFFIXES, RetryPolicy, SourceError, SourceFile, shown
from gribouille.sources.finding import find, find_all
from gribouille.sources.reading import RangeReader, chunks, reader, stream

__all__ = [
    "FETCH_RECORD",
    "SUFFIXES",
    "RangeReader",
    "RetryPolicy",
    "SourceError",
    "SourceFile",
    "chunks",
    "find",
    "find_all",
    "reader",
    "shown",
    "stream",
]
