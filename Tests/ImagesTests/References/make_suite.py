"""Makes suite.zip: small PNG and JPEG files of every kind, and NAME.npy, the pixels that reading NAME should give.

PNG files are written by hand, since Pillow writes neither Adam7 nor most chunks, depths and filters. Their pixels follow
from the numbers; where Pillow reads the kind, `ImageOps.exif_transpose(image).convert("RGB")` over white must agree
within 2 of 255, or this program stops. JPEG files are written and read by Pillow."""
import io, re, struct, zipfile, zlib
import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(21)
suite, checked = {}, 0


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def rows(values, depth):
    """The bytes of each row of values [height, width, channels]."""
    for row in values.reshape(len(values), -1):
        if depth == 16:
            yield row.astype(">u2").tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            yield int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")


def filtered(rows, step, kind):
    result, above = b"", None
    for y, row in enumerate(rows):
        above = above or bytes(len(row))
        line = bytearray()
        for i, value in enumerate(row):
            a, b, c = (row[i - step] if i >= step else 0), above[i], (above[i - step] if i >= step else 0)
            p = a + b - c
            paeth = min((a, b, c), key=lambda x: abs(p - x))
            line.append((value - (0, a, b, (a + b) // 2, paeth)[kind(y)]) & 255)
        result, above = result + bytes([kind(y)]) + bytes(line), row
    return result


# Adam7: first column and row, and the distance of columns and rows.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(values, colour, depth, interlaced=False, before=(), after=(), kind=lambda y: y % 5, part=1000):
    height, width, channels = values.shape
    step = max(1, channels * depth // 8)
    parts = [values[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [values]
    data = zlib.compress(b"".join(filtered(rows(p, depth), step, kind) for p in parts if p.size), 9)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
    pixels = b"".join(chunk(b"IDAT", data[i:i + part]) for i in range(0, len(data), part))
    chunks = [b"".join(chunk(*c) for c in some) for some in (before, after)]
    return b"\x89PNG\r\n\x1a\n" + head + chunks[0] + pixels + chunks[1] + chunk(b"IEND", b"")


def eight(values, depth):
    return np.round(values * 255 / (2**depth - 1)).astype(int)


def expected(values, colour, depth, palette=None, clear=None):
    """RGB of an image over white; `clear` is what tRNS holds."""
    if colour == 3:
        rgb, alpha = palette[values[..., 0]].astype(int), 255
        if clear is not None:
            alpha = np.concatenate([clear, np.full(256, 255)])[values[..., 0]][..., None]
    else:
        count = values.shape[2]
        alpha = eight(values[..., -1:], depth) if colour in (4, 6) else 255
        rgb = eight(values[..., :count - (colour in (4, 6))], depth)
        if clear is not None:
            alpha = np.where((values == clear).all(-1, keepdims=True), 0, 255)
    rgb = np.broadcast_to(rgb, values.shape[:2] + (3,))
    return ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def pillow(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I"):
        return np.repeat(np.round(np.asarray(image) / 257).astype(np.uint8)[..., None], 3, 2)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def add(name, data, pixels=None, is_pillows=True):
    global checked
    assert name not in suite
    if is_pillows:
        read = pillow(data)
        pixels = read if pixels is None else pixels
        assert read.shape == pixels.shape and np.abs(read.astype(int) - pixels).max() <= 2, name
        checked += 1
    suite[name] = (data, pixels)


def numbers(height, width, channels, top):
    """A gradient with noise, of integers below `top`, which reaches both ends."""
    y, x = np.mgrid[0:height, 0:width]
    gradient = [(x * (c + 1) + y * (3 - c)) / (width * (c + 1) + height * (3 - c)) for c in range(channels)]
    values = np.stack(gradient, -1) * top + rng.normal(0, top / 16, (height, width, channels))
    return np.clip(values, 0, top - 1).astype(int)


# Every colour type, depth and interlacing, with tRNS where it may stand.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
for colour, depths in DEPTHS.items():
    for depth in depths:
        for interlaced in (False, True):
            for is_clear in (False, True) if colour in (0, 2, 3) else (False,):
                values = numbers(9, 11, CHANNELS[colour], min(2**depth, 60 if colour == 3 else 2**16))
                palette = clear = None
                before = []
                if colour == 3:
                    palette = rng.integers(0, 256, (min(2**depth, 60), 3))
                    before = [(b"PLTE", palette.astype(np.uint8).tobytes())]
                if is_clear:
                    clear = rng.integers(0, 256, max(1, len(palette) // 2)) if colour == 3 else values[4, 5]
                    before.append((b"tRNS", clear.astype(np.uint8 if colour == 3 else ">u2").tobytes()))
                # Pillow compares tRNS with other numbers than the file's where grey has 2 or 4 bits, or any has 16.
                is_pillows = not is_clear or colour == 3 or depth in (1, 8)
                add(f"png-{colour}-{depth}{'-adam7' * interlaced}{'-trns' * is_clear}.png",
                    png(values, colour, depth, interlaced, before), expected(values, colour, depth, palette, clear),
                    is_pillows)

# Sizes at which passes of Adam7 are empty, and rows end within a byte.
for height, width in [(1, 1), (1, 2), (2, 1), (1, 5), (5, 1), (3, 3), (2, 7), (8, 4), (4, 8), (1, 9)]:
    for colour, depth in ((0, 1), (2, 16)):
        values = numbers(height, width, CHANNELS[colour], 2**depth)
        add(f"size-{height}x{width}-{colour}-{depth}.png", png(values, colour, depth, True),
            expected(values, colour, depth))

# Every filter by itself.
for kind in range(5):
    for colour, depth in ((0, 4), (2, 8), (6, 16)):
        values = numbers(6, 7, CHANNELS[colour], 2**depth)
        add(f"filter-{kind}-{colour}-{depth}.png", png(values, colour, depth, kind=lambda y: kind, part=40),
            expected(values, colour, depth))

# What changes no pixel: gamma, colour spaces, significant bits, backgrounds, unknown chunks.
profile = zlib.compress(b"no profile at all")
for name, chunks in {
    "gamma-1": [(b"gAMA", struct.pack(">I", 100000))], "gamma-0.3": [(b"gAMA", struct.pack(">I", 30000))],
    "srgb": [(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 45455))], "sbit": [(b"sBIT", bytes([4, 4, 4]))],
    "chrm": [(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))],
    "iccp": [(b"iCCP", b"name\0\0" + profile)], "bkgd": [(b"bKGD", struct.pack(">3H", 9, 9, 9))],
    "unknown": [(b"abCd", b"anything")],
}.items():
    for depth in (8, 16):
        values = numbers(5, 6, 3, 2**depth)
        add(f"chunk-{name}-{depth}.png", png(values, 2, depth, before=chunks), expected(values, 2, depth))


def tiff(orientation, order, kind=3):
    """A TIFF block with one tag, of 16 bits (type 3) or of 32 (type 4)."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "HHHI", 1, 0x0112, kind, 1) + value + struct.pack(order + "I", 0)


def upright(pixels, orientation):
    image = Image.fromarray(pixels)
    way = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    return np.asarray(image if way is None else image.transpose(way))


def xmp(orientation, is_attribute=True):
    value = f'tiff:Orientation="{orientation}"/>' if is_attribute else f"><tiff:Orientation>{orientation}<"
    return f'<x:xmpmeta><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" {value}'.encode()


def raw_profile(orientation):
    data = b"Exif\0\0" + tiff(orientation, ">")
    lines = re.findall(".{1,72}", data.hex())
    return f"\nexif\n{len(data):8}\n".encode() + "\n".join(lines).encode() + b"\n"


# Orientations in every chunk that can say one, in front of the pixels and behind them.
for orientation in range(1, 9):
    values = numbers(5, 7, 3, 256)
    pixels = upright(expected(values, 2, 8), orientation)
    text = b"XML:com.adobe.xmp\0"
    ways = {
        "exif": (b"eXIf", tiff(orientation, "<")), "exif-long": (b"eXIf", tiff(orientation, ">", 4)),
        "xmp": (b"iTXt", text + b"\0\0\0\0" + xmp(orientation)),
        "xmp-deflated": (b"iTXt", text + b"\1\0\0\0" + zlib.compress(xmp(orientation, False))),
        "profile": (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw_profile(orientation))),
        "profile-plain": (b"tEXt", b"Raw profile type exif\0" + raw_profile(orientation)),
    }
    for name, way in ways.items():
        add(f"orientation-{name}-{orientation}.png", png(values, 2, 8, before=[way]), pixels)
    add(f"orientation-behind-{orientation}.png", png(values, 2, 8, after=[ways["exif"]]), pixels)
    # EXIF goes before XMP.
    add(f"orientation-both-{orientation}.png",
        png(values, 2, 8, before=[(b"iTXt", text + b"\0\0\0\0" + xmp(3)), ways["exif"]]), pixels)
values = numbers(5, 7, 3, 256)
for orientation in (0, 9):
    add(f"orientation-exif-{orientation}.png", png(values, 2, 8, before=[(b"eXIf", tiff(orientation, "<"))]),
        expected(values, 2, 8))


def jpeg(pixels, mode="RGB", **settings):
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "JPEG", **settings)
    return file.getvalue()


# Every sampling, baseline and progressive, with restart markers, in three colour spaces, of odd and even sizes.
for mode in ("RGB", "L", "CMYK"):
    for sampling in (0, 1, 2) if mode != "L" else (0,):
        for progressive in (False, True):
            for height, width in ((16, 16), (9, 19)):
                data = jpeg(numbers(height, width, 3, 256).astype(np.uint8), mode, quality=60, subsampling=sampling,
                            progressive=progressive, restart_marker_blocks=3 if height == 9 else 0)
                add(f"jpeg-{mode}-{sampling}{'-progressive' * progressive}-{height}x{width}.jpg", data)
for quality in (1, 50, 100):
    add(f"jpeg-quality-{quality}.jpg", jpeg(numbers(10, 10, 3, 256).astype(np.uint8), quality=quality))
pixels = numbers(10, 13, 3, 256).astype(np.uint8)
plain = jpeg(pixels, quality=80)
for orientation in range(1, 9):
    app1 = b"http://ns.adobe.com/xap/1.0/\0" + xmp(orientation)
    add(f"jpeg-exif-{orientation}.jpg", jpeg(pixels, quality=80, exif=b"Exif\0\0" + tiff(orientation, "<")))
    add(f"jpeg-xmp-{orientation}.jpg", plain[:2] + b"\xff\xe1" + struct.pack(">H", len(app1) + 2) + app1 + plain[2:])
# What libjpeg only warns of: junk between segments, and after the last block.
table = plain.index(b"\xff\xdb")
add("jpeg-junk.jpg", plain[:table] + b"\0junk" + plain[table:])
add("jpeg-padding.jpg", plain[:table] + b"\xff" * 5 + plain[table:])
add("jpeg-trailing.jpg", plain[:-2] + b"\0" * 9 + plain[-2:] + b"behind the end")
add("jpeg-rgb.jpg", jpeg(pixels, quality=80, keep_rgb=True))
# An Adobe segment that is cut short.
add("jpeg-short-adobe.jpg", plain[:2] + b"\xff\xee\0\x09Adobe\0\x64" + plain[2:])

with zipfile.ZipFile("suite.zip", "w") as archive:
    for name, (data, pixels) in suite.items():
        array = io.BytesIO()
        np.save(array, np.ascontiguousarray(pixels))
        for member, content in ((name, data), (name + ".npy", array.getvalue())):
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED, 9)
print(len(suite), "images,", checked, "of them read by Pillow, too")
