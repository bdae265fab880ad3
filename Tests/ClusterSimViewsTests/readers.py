"""Reads pictures and event files back, each from its published format and the standard library alone; see PictureTests."""
import json
import pathlib
import runpy
import struct
import sys
import xml.etree.ElementTree as tree
import zlib


def png(data):
    """PNG, third edition: an indexed picture without interlacing, all filters of section 9."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, []
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(name + body), name
        chunks.append((name, body))
        at += 12 + size
    assert chunks[0][0] == b"IHDR" and chunks[-1] == (b"IEND", b"")
    width, height, depth, colour, method, filtering, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (depth, colour, method, filtering, interlace) == (8, 3, 0, 0, 0)
    palette = dict(chunks)[b"PLTE"]
    raw = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    assert len(raw) == (width + 1) * height and all(raw[row * (width + 1)] == 0 for row in range(height))
    pixels = [raw[row * (width + 1) + 1 + x] for row in range(height) for x in range(width)]
    print(width, height, "".join(palette[3 * p:3 * p + 3].hex() for p in pixels))
    print(dict(chunks)[b"tEXt"].decode("latin-1").replace("\0", ": "))


def codes(data, size):
    """The numbers of one GIF picture's LZW stream (GIF89a, appendix F)."""
    clear, end = 1 << size, (1 << size) + 1
    bits = count = at = 0
    width, table, last, out = size + 1, None, None, []
    while True:
        while count < width:
            bits |= data[at] << count
            at, count = at + 1, count + 8
        code, bits, count = bits & (1 << width) - 1, bits >> width, count - width
        if code == clear:
            width, table, last = size + 1, [bytes([i]) for i in range(clear)] + [b"", b""], None
            continue
        if code == end:
            assert at == len(data) and bits == 0
            return out
        if last is None:
            entry = table[code]
        else:
            assert code <= len(table), "a code that is not there yet"
            entry = table[code] if code < len(table) else last + last[:1]
            if len(table) < 4096:
                table.append(last + entry[:1])
                if len(table) == 1 << width and width < 12:
                    width += 1
        out.extend(entry)
        last = entry


def gif(data):
    assert data[:6] == b"GIF89a"
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    assert flags & 0x80
    entries = 2 << (flags & 7)
    palette, at = data[13:13 + 3 * entries], 13 + 3 * entries
    frames, delay, repeats, comment = [], None, None, None

    def blocks(at):
        out = b""
        while data[at]:
            out += data[at + 1:at + 1 + data[at]]
            at += 1 + data[at]
        return out, at + 1

    while data[at] != 0x3B:
        if data[at] == 0x21:
            kind = data[at + 1]
            body, at = blocks(at + 2)
            if kind == 0xF9:
                delay = struct.unpack_from("<H", body, 1)[0]
            if kind == 0xFE:
                comment = body.decode("ascii")
            if kind == 0xFF:
                assert body[:11] == b"NETSCAPE2.0"
                repeats = struct.unpack_from("<H", body, 12)[0]
        else:
            assert data[at] == 0x2C
            left, top, w, h, more = struct.unpack_from("<HHHHB", data, at + 1)
            assert (left, top, w, h, more) == (0, 0, width, height, 0)
            size = data[at + 10]
            body, at = blocks(at + 11)
            pixels = codes(body, size)
            assert len(pixels) == width * height
            frames.append((delay, "".join(palette[3 * p:3 * p + 3].hex() for p in pixels)))
    assert at == len(data) - 1
    print(width, height, len(frames), "forever" if repeats == 0 else repeats, comment)
    for delay, pixels in frames:
        print(delay, pixels)


def svg(data):
    root = tree.fromstring(data)
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == name + "svg"
    paths = root.findall(name + "path")
    count = {kind: sum(p.get("d").count(",") for p in paths if p.get("class") == kind) for kind in ("reward", "load", "budget")}
    oom = sum(p.get("class") == "oom" for p in paths)
    print(f"{root.find(name + 'title').text}:", " ".join(f"{kind} {n}" for kind, n in count.items()), "oom", oom)


def crc32c(data):
    """RFC 3720, appendix B.4, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data):
    """Protobuf's wire format: numbers of fields and their values."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        elif kind == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert kind == 2
            size = varint()
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def events(data):
    """TFRecords of tensorflow.Event."""
    at = 0
    while at < len(data):
        size, check = struct.unpack_from("<QI", data, at)
        body = data[at + 12:at + 12 + size]
        good = check == masked(data[at:at + 8]) and struct.unpack_from("<I", data, at + 12 + size)[0] == masked(body)
        if not good:
            print("wrong checksum")
            return
        at += 16 + size
        event = dict(fields(body))
        words = [f"{event[1]}", f"{event.get(2, 0)}"]
        if 3 in event:
            words.append(event[3].decode())
        for number, value in fields(event.get(5, b"")):
            assert number == 1
            item = dict(fields(value))
            if 8 in item:
                # One string, shown by the plugin of texts.
                tensor = dict(fields(item[8]))
                assert dict(fields(dict(fields(item[9]))[1])) == {1: b"text"} and tensor[1] == 7
                assert dict(fields(dict(fields(tensor[2]))[2])) == {1: 1}
                item[2] = tensor[8].decode()
            words.append(f"{item[1].decode()}={item[2]}")
        print(*words)


def curves(data):
    """Curves as the Python package draws them."""
    plots = runpy.run_path(str(pathlib.Path(__file__).parents[2] / "python/resonetics/plots.py"))
    for case in json.loads(data):
        print(plots["svg"](case["title"], case["lines"], "a < b", "v & w"), end="")


def numbers(data):
    """Numbers as Python's format strings write them."""
    for number in json.loads(data):
        print(f"{number:.3f} {number:.4f} {number:.4g}")


{"png": png, "gif": gif, "svg": svg, "events": events, "curves": curves, "numbers": numbers}[sys.argv[1]](open(sys.argv[2], "rb").read())
