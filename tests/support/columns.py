"""columns.py - another writer and reader of blocks of columns, made from docs/HTTP.md alone."""

import struct

DTYPES = {"f32": (1, "f"), "f64": (2, "d"), "i8": (3, "b"), "i16": (4, "h"), "i32": (5, "i"), "i64": (6, "q"),
          "u8": (7, "B"), "u16": (8, "H"), "u32": (9, "I"), "u64": (10, "Q"), "bool": (11, "?")}
NAMES = {number: name for name, (number, _) in DTYPES.items()}
TYPE = "application/vnd.episodic.columns"


def pack(rows: int, columns: dict) -> bytes:
    """columns: name -> (dtype, shape of a row, flat list of values)."""
    names = b"".join(name.encode() + b"\0" for name in columns)
    at = 32 + 64 * len(columns)
    name_at, data_at, heads, data = at, at + len(names), b"", b""
    for name, (dtype, shape, values) in columns.items():
        number, code = DTYPES[dtype]
        body = struct.pack(f"<{len(values)}{code}", *values)
        padding = -(data_at + len(data)) % 64
        data += b"\0" * padding
        axes = list(shape) + [0] * (8 - len(shape))
        heads += struct.pack("<IHBB8IQQQ", name_at, len(name.encode()), number, len(shape), *axes,
                             data_at + len(data), len(body), 0)
        data += body
        name_at += len(name.encode()) + 1
    head = b"EPCOLS\0\1" + struct.pack("<IIQQ", len(columns), 0, rows, data_at + len(data))
    return head + heads + names + data


def unpack(block: bytes) -> tuple:
    """(rows, {name: (dtype, shape, flat values)})."""
    assert block[:8] == b"EPCOLS\0\1", block[:8]
    count, zero, rows, size = struct.unpack_from("<IIQQ", block, 8)
    assert zero == 0 and size == len(block), (zero, size, len(block))
    columns = {}
    for i in range(count):
        name_at, name_size, number, rank, *rest = struct.unpack_from("<IHBB8IQQQ", block, 32 + 64 * i)
        shape, (data_at, data_size, reserved) = rest[:rank], rest[8:]
        assert reserved == 0 and data_at % 64 == 0 and block[name_at + name_size] == 0
        name = block[name_at:name_at + name_size].decode()
        code = DTYPES[NAMES[number]][1]
        columns[name] = (NAMES[number], tuple(shape),
                         list(struct.unpack_from(f"<{data_size // struct.calcsize(code)}{code}", block, data_at)))
    return rows, columns
