"""Draws the masks of a run over time: one small PNG a variant into runs/docs/pictures.

    sparring run runs/docs/site/masks.yaml --out out/masks --quiet
    python3 runs/docs/site/masks.py out/masks

A picture shows the layer at some moments side by side: dark where a weight is active, blue where it has been grown
since the picture before, light red where one has been dropped since. The masks are those that the run's events hold as
images.
"""

import pathlib
import struct
import sys
import zlib

LAYER = b"masks/q/hidden.1"
MOMENTS = [0, 1_800, 3_600, 6_000, 9_000, 12_000]
PIXELS, GAP = 2, 8
ACTIVE, GROWN, DROPPED = b"\x22\x22\x22", b"\x1f\x77\xd0", b"\xf4\xb6\xae"
EMPTY, PAPER = b"\xf0\xf0\xf0", b"\xff\xff\xff"


def fields(message):
    """Number and value of each field of a Protocol Buffers message."""
    at = 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
            if byte < 128:
                return number

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, message[at : at + size]
        at += size


def masks(job):
    """Step and rows of each image of the layer."""
    for path in sorted(job.glob("events.out.tfevents.*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            event = dict(fields(data[at + 12 : at + 12 + size]))
            at += 16 + size
            for _, value in fields(event.get(5, b"")):
                parts = dict(fields(value))
                if parts.get(1) == LAYER:
                    yield event.get(2, 0), decoded([text for key, text in fields(parts[8]) if key == 8][-1])


def decoded(png):
    """Rows of a PNG of grey levels of 8 bits, undone by PNG's filters, as booleans: bright is active."""
    at, header, packed = 8, None, b""
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + size]
        header, packed, at = body if kind == b"IHDR" else header, packed + body * (kind == b"IDAT"), at + 12 + size
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    step = {0: 1, 2: 3, 6: 4}[colour]
    assert depth == 8
    data, rows, above = zlib.decompress(packed), [], bytes(width * step)
    for row in range(height):
        start = row * (width * step + 1)
        line = bytearray(data[start + 1 : start + 1 + width * step])
        for i in range(len(line)):
            left, up, corner = (line[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
            nearest = min((left, up, corner), key=lambda of: abs(left + up - corner - of))
            line[i] = (line[i] + [0, left, up, (left + up) // 2, nearest][data[start]]) & 255
        rows.append([value > 127 for value in line[::step]])
        above = line
    return rows


def colour(now, before):
    if now:
        return ACTIVE if before else GROWN
    return DROPPED if before else EMPTY


def picture(seen):
    # Who has been shown nothing yet is dense so far.
    dense = [[True] * len(row) for row in seen[0][1]]
    seen = [(-1, dense), *seen]
    shown = [max((of for of in seen if of[0] <= moment), key=lambda of: of[0])[1] for moment in MOMENTS]
    befores = [shown[0], *shown]
    lines = []
    for row in range(len(shown[0])):
        line = b""
        for mask, before in zip(shown, befores):
            line += b"".join(colour(*of) * PIXELS for of in zip(mask[row], before[row])) + PAPER * GAP
        lines += [b"\0" + line[: -3 * GAP]] * PIXELS
    width = (len(lines[0]) - 1) // 3

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", width, len(lines), 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def main():
    to = pathlib.Path(__file__).resolve().parent.parent / "pictures"
    for job in sorted(pathlib.Path(sys.argv[1]).glob("*/seed-1")):
        seen = list(masks(job))
        (to / f"mask-{job.parent.name}.png").write_bytes(picture(seen))
        print(job.parent.name, [step for step, _ in seen])


main()
