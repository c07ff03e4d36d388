"""Label files as the street-scene data sets publish them, for tests/data/label_files_test.cpp.

    python3 tests/reference/write_label_files.py     writes tests/golden/labels/*.png

The PNGs are put together by hand (ISO 15948), so that bit depth, channels and palette are exactly those of the
data sets whatever an image library prefers. Needs nothing but Python.
"""

import struct
import zlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "labels"
GREY, RGB, PALETTE = 0, 2, 3


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, color_type, rows, palette=None, transparency=None):
    """`rows` are the packed bytes of each row."""
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    if palette is not None:
        content += chunk(b"PLTE", bytes(value for color in palette for value in color))
    if transparency is not None:
        content += chunk(b"tRNS", bytes(transparency))
    return content + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")


def synthia():
    """RGB of 16 bits, most significant byte first: red is the class, green the instance, blue nothing."""
    classes = [[3, 4, 2, 21], [10, 0, 22, 11]]
    instances = [[0, 0, 0, 258], [1, 0, 4660, 65535]]
    return png(4, 2, 16, RGB, [b"".join(struct.pack(">HHH", c, i, 0) for c, i in zip(*rows))
                               for rows in zip(classes, instances)])


def gta():
    """A palette whose index is the label id of Cityscapes; 26 (car) and 34 (licence plate) look the same."""
    palette = [(0, 0, 0)] * 35
    palette[7], palette[8], palette[26], palette[34] = (128, 64, 128), (244, 35, 232), (0, 0, 142), (0, 0, 142)
    return png(4, 2, 8, PALETTE, [bytes([7, 8, 26, 34]), bytes([0, 4, 33, 7])], palette, [255] * 10 + [0])


def few_bits(depth, indices):
    """A coloured palette with less than eight bits per index."""
    bits = "".join(format(index, f"0{depth}b") for index in indices)
    bits += "0" * (-len(bits) % 8)
    row = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    palette = [(7 * i, 255 - 9 * i, 3 * i) for i in range(min(2**depth, 12))]
    return png(len(indices), 1, depth, PALETTE, [row], palette)


def grey_palette():
    """What an optimiser of file sizes makes of a mask with values 0 and 255."""
    return png(4, 1, 1, PALETTE, [bytes([0b01100000])], [(0, 0, 0), (255, 255, 255)])


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = {
        "synthia": synthia(),
        "gta": gta(),
        "palette_4_bits": few_bits(4, [0, 1, 11, 10, 5]),
        "palette_2_bits": few_bits(2, [3, 2, 1, 0, 3]),
        "palette_1_bit": few_bits(1, [1, 0, 0, 1, 1, 1, 0, 0, 1]),
        "grey_palette": grey_palette(),
    }
    for name, content in files.items():
        (FOLDER / f"{name}.png").write_bytes(content)
