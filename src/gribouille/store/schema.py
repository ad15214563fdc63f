"""The columns of a store's Arrow files, as docs/formats.md describes them."""

import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("points", pa.binary(), nullable=False),  # packing_kernel
        pa.field("label", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("split", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("key_id", pa.uint64()),
        pa.field("countrycode", pa.dictionary(pa.uint8(), pa.string())),
        pa.field("recognized", pa.bool_()),
        pa.field("timestamp", pa.timestamp("us", tz="UTC")),
    ]
)
TIMES_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),  # in the part of the same name, increasing
        pa.field("times", pa.binary(), nullable=False),  # uint32 little-endian, ms, one a point
    ]
)
MAX_LABELS, MAX_COUNTRIES = 1 << 15, 1 << 8  # different values in one part: what the columns' index types can say
