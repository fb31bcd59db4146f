#!/usr/bin/python3
"""Writes images/: small files of every kind that is read, and images.txt with what they hold. Run it from anywhere.

Lines: file type width height channels source_channels orientation digest. The digest is SHA-256 of the pixels (rows without gaps, 16 bit
little-endian) as made or as Pillow reads them; "-" for JPEG, where decoders differ by a grey level: there a PNG of the same name holds
what Pillow makes of it."""
import hashlib
import io
import os
import struct
import sys
import zlib

import numpy
import PIL
from PIL import Image, ImageOps

from gen_resize import make

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images")
LINES = []


def save(name, data, kind, width, height, channels, source, orientation, pixels):
    with open(os.path.join(FOLDER, name), "wb") as out:
        out.write(data)
    digest = "-" if pixels is None else hashlib.sha256(pixels).hexdigest()
    LINES.append("%s %s %d %d %d %d %d %s\n" % (name, kind, width, height, channels, source, orientation, digest))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, rows, extra=b"", parts=1):
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    cut = [len(packed) * i // parts for i in range(parts + 1)]
    data = b"".join(chunk(b"IDAT", packed[a:b]) for a, b in zip(cut, cut[1:]))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + data + chunk(b"IEND", b"")


def png_files():
    w, h = 21, 13
    grey16 = (make(1, w, h).astype("<u2") * 251 + 7).astype("<u2")
    rgba16 = (make(4, w, h).astype("<u2") * 253 + 11).astype("<u2")
    save("grey16.png", png(w, h, 16, 0, [r.astype(">u2").tobytes() for r in grey16]), "u16", w, h, 1, 1, 0, grey16.tobytes())
    save("rgba16.png", png(w, h, 16, 6, [r.astype(">u2").tobytes() for r in rgba16], parts=5), "u16", w, h, 3, 4, 0,
         numpy.ascontiguousarray(rgba16[:, :, :3]).tobytes())
    for channels, colour in ((1, 0), (2, 4), (3, 2), (4, 6)):
        p = make(channels, w, h)
        keep = numpy.ascontiguousarray(p[:, :, :1 if channels < 3 else 3])
        save("channels%d.png" % channels, png(w, h, 8, colour, [r.tobytes() for r in p]), "u8", w, h, keep.shape[2], channels, 0,
             keep.tobytes())
    bits = make(1, w, h)[:, :, 0] >> 7
    save("bits1.png", png(w, h, 1, 0, [numpy.packbits(r).tobytes() for r in bits]), "u8", w, h, 1, 1, 0, (bits * 255).tobytes())
    palette = bytes((i * 7 + c * 50) % 256 for i in range(5) for c in range(3))
    index = make(1, w, h)[:, :, 0] % 8  # 5, 6 and 7 are beyond the palette: black
    table = numpy.zeros((256, 3), numpy.uint8)
    table[:5] = numpy.frombuffer(palette, numpy.uint8).reshape(5, 3)
    extra = chunk(b"PLTE", palette) + chunk(b"tRNS", b"\0\x80")
    save("palette.png", png(w, h, 8, 3, [r.tobytes() for r in index], extra), "u8", w, h, 3, 4, 0, table[index].tobytes())
    half = make(3, w, h)
    out = io.BytesIO()
    Image.fromarray(half).save(out, "PNG", optimize=True)  # libpng's filters
    save("filtered.png", out.getvalue(), "u8", w, h, 3, 3, 0, half.tobytes())


def bmp(header, rows, palette=b"", masks=b""):
    offset = 14 + len(header) + len(masks) + len(palette)
    body = header + masks + palette + rows
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, offset) + body


def padded(rows):
    return b"".join(r + bytes(-len(r) % 4) for r in rows)


def bmp_files():
    w, h = 13, 9
    rgb = make(3, w, h)
    bgr = [numpy.ascontiguousarray(r[:, ::-1]).tobytes() for r in rgb]

    def info(bits, coding=0, size=40, height=h, more=b""):
        return (struct.pack("<IiiHHIIiiII", size, w, height, 1, bits, coding, 0, 0, 0, 0, 0) + more).ljust(size, b"\0")

    save("rgb24.bmp", bmp(info(24), padded(bgr[::-1])), "u8", w, h, 3, 3, 0, rgb.tobytes())
    save("topdown.bmp", bmp(info(24, height=-h), padded(bgr)), "u8", w, h, 3, 3, 0, rgb.tobytes())
    index = make(1, w, h)[:, :, 0]
    colours = numpy.array([[(i * 3) % 256, 255 - i, (i * 91) % 256] for i in range(256)], numpy.uint8)
    os2 = struct.pack("<IHHHH", 12, w, h, 1, 8)
    save("os2.bmp", bmp(os2, padded([r.tobytes() for r in index[::-1]]), colours[:, ::-1].tobytes()), "u8", w, h, 3, 3, 0,
         colours[index].tobytes())
    masks = struct.pack("<IIII", 0xF800, 0x7E0, 0x1F, 0)
    packed = ((rgb[:, :, 0].astype("<u2") >> 3) << 11) | ((rgb[:, :, 1].astype("<u2") >> 2) << 5) | (rgb[:, :, 2] >> 3)
    wide, deep = numpy.empty_like(rgb), rgb.astype(int)
    wide[:, :, 0] = (deep[:, :, 0] >> 3) * 255 // 31
    wide[:, :, 1] = (deep[:, :, 1] >> 2) * 255 // 63
    wide[:, :, 2] = (deep[:, :, 2] >> 3) * 255 // 31
    rows = padded([r.astype("<u2").tobytes() for r in packed[::-1]])
    save("masks565.bmp", bmp(info(16, 3), rows, masks=masks[:12]), "u8", w, h, 3, 3, 0, None)
    save("header56.bmp", bmp(info(16, 3, 56, more=masks), rows), "u8", w, h, 3, 3, 0, None)
    for name in ("masks565.bmp.png", "header56.bmp.png"):
        Image.fromarray(wide).save(os.path.join(FOLDER, name))


def pnm_files():
    w, h = 11, 7
    grey, rgb = make(1, w, h), make(3, w, h)
    save("grey.pgm", b"P5\n# a comment\n%d %d\n255\n" % (w, h) + grey.tobytes(), "u8", w, h, 1, 1, 0, grey.tobytes())
    save("rgb.ppm", b"P6 %d\t%d 255\n" % (w, h) + rgb.tobytes(), "u8", w, h, 3, 3, 0, rgb.tobytes())
    small = grey[:, :, 0] % 16
    data = b"P5 %d %d 15\n" % (w, h) + small.tobytes()
    save("max15.pgm", data, "u8", w, h, 1, 1, 0, Image.open(io.BytesIO(data)).tobytes())
    deep = (grey[:, :, 0].astype("<u2") * 257) ^ 5
    save("deep.pgm", b"P5 %d %d 65535\n" % (w, h) + deep.astype(">u2").tobytes(), "u16", w, h, 1, 1, 0, deep.astype("<u2").tobytes())


def smooth(width, height):
    y, x = numpy.mgrid[0:height, 0:width]
    return numpy.stack([x * 7 % 256, y * 9 % 256, (x + y) * 4 % 256], 2).clip(0, 255).astype(numpy.uint8)


def jpeg_files():
    w, h = 29, 22
    colour = Image.fromarray(smooth(w, h))
    kinds = {"baseline": {}, "progressive": {"progressive": True}, "full": {"subsampling": 0}, "wide": {"subsampling": 1}}
    for name, more in kinds.items():
        jpeg(name + ".jpg", colour, 3, 0, more)
    jpeg("grey.jpg", colour.convert("L"), 1, 0, {})
    jpeg("greyprogressive.jpg", colour.convert("L"), 1, 0, {"progressive": True})
    patches = numpy.full((24, 40, 3), 128, numpy.uint8)
    patches[:8, :8], patches[:8, 32:], patches[16:, :8] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    for value in range(1, 9):
        order = "<" if value % 2 else ">"
        tiff = (b"II*\0" if value % 2 else b"MM\0*") + struct.pack(order + "IHHHIHH", 8, 1, 0x112, 3, 1, value, 0) + bytes(4)
        jpeg("exif%d.jpg" % value, Image.fromarray(patches), 3, value, {"exif": b"Exif\0\0" + tiff})


def jpeg(name, picture, channels, orientation, more):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, **more)
    read = ImageOps.exif_transpose(Image.open(out))
    read.save(os.path.join(FOLDER, name[:-4] + ".jpg.png"), optimize=True)
    save(name, out.getvalue(), "u8", read.width, read.height, channels, channels, orientation, None)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    png_files()
    bmp_files()
    pnm_files()
    jpeg_files()
    with open(os.path.join(FOLDER, "images.txt"), "w", encoding="utf-8") as out:
        versions = PIL.__version__, numpy.__version__, sys.version.split()[0]
        out.write("# made by gen_images.py with Pillow %s, numpy %s, Python %s\n" % versions)
        out.writelines(LINES)


if __name__ == "__main__":
    main()
