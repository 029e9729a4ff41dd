"""A cell of a strip against the data: check_render.py DATASET PICTURE

Operator 0, realization 0, channel 0 at state 0, through viridis from -1 to 1, two pixels a datum. The
cell is looked for at every place of the picture: it must be there exactly once.
"""

import struct
import sys
import zlib

import h5py
import numpy as np


def png(path):
    """Pixels [h, w, 3] of a PNG file with eight bits, with or without a palette."""
    raw, at, data, palette = open(path, "rb").read(), 8, b"", None
    while at < len(raw):
        length, name = struct.unpack(">I4s", raw[at : at + 8])
        body = raw[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, height, bits, color = struct.unpack(">IIBB", body[:10])
        elif name == b"PLTE":
            palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif name == b"IDAT":
            data += body
        at += 12 + length
    channels = 1 if color == 3 else 3
    per_byte = 8 // bits
    stride = -(-width * channels // per_byte)
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, stride + 1)
    out = np.zeros((height, stride), np.int64)
    for y in range(height):
        line, above = lines[y, 1:].astype(np.int64), out[y - 1] if y else np.zeros(stride, np.int64)
        for x in range(stride):
            left = out[y, x - channels] if x >= channels else 0
            corner = above[x - channels] if x >= channels else 0
            guess = left + above[x] - corner
            paeth = min((left, above[x], corner), key=lambda v: abs(guess - v))
            add = (0, left, above[x], (left + above[x]) // 2, paeth)[lines[y, 0]]
            out[y, x] = (line[x] + add) & 255
    if palette is None:
        return out.reshape(height, width, 3)
    if bits < 8:
        shifts = range(8 - bits, -1, -bits)
        out = np.stack([(out >> s) & ((1 << bits) - 1) for s in shifts], -1).reshape(height, -1)
    return palette[out[:, :width]]


# Entries 0, 64, 128, 192, 255 of viridis (matplotlib, CC0), to find the table by in the picture.
VIRIDIS = {0: (68, 1, 84), 128: (33, 145, 140), 255: (253, 231, 37)}


def main():
    with h5py.File(sys.argv[1]) as data:
        state = data["outputs/fields"][0, 0, 0, 0].astype(np.float64)
    index = np.floor(255 * np.clip((state + 1) / 2, 0, 1) + 0.5).astype(int)
    picture = png(sys.argv[2])
    side = index.shape[0]
    found = []
    for y in range(picture.shape[0] - 2 * side + 1):
        for x in range(picture.shape[1] - 2 * side + 1):
            cell = picture[y : y + 2 * side, x : x + 2 * side]
            if not (cell[::2, ::2] == cell[1::2, 1::2]).all():
                continue
            # Equal indices have equal colours, nearly all others have others (a few neighbours in the table are
            # equal in eight bits), and known ones have theirs.
            colors = {}
            fits = True
            for i, color in zip(index.ravel(), map(tuple, cell[::2, ::2].reshape(-1, 3))):
                fits &= colors.setdefault(i, color) == color
            known = all(colors[i] == c for i, c in VIRIDIS.items() if i in colors)
            if fits and known and len(set(colors.values())) > 0.9 * len(colors) > 20:
                found.append((y, x))
    assert len(found) == 1, found
    print(f"{side * side} data found as 2 × 2 pixels")


main()
