"""pack.py FROM: prints what src/engine/unpack.ts makes the file of again, as base64."""

import base64
import lzma
import struct
import sys
from pathlib import Path


def pack(data: bytes) -> bytes:
    """The smallest of what the parameters give, behind the header that names them."""

    def packed(lc: int) -> bytes:
        filters = [
            {
                "id": lzma.FILTER_LZMA1,
                "preset": 9 | lzma.PRESET_EXTREME,
                "dict_size": max(1 << 12, len(data)),
                "nice_len": 273,
                "lc": lc,
                "lp": 0,
                "pb": 0,
            }
        ]
        stream = lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)
        return struct.pack("<BI", lc, len(data)) + stream

    return min((packed(lc) for lc in range(5)), key=len)


if __name__ == "__main__":
    print(base64.b64encode(pack(Path(sys.argv[1]).read_bytes())).decode(), end="")
