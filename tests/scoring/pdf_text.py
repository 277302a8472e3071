"""The text of a PDF as somebody gets it who copies it: by the file's map of glyphs to letters.

As much of the format as typst writes; spaces are left out, because words are placed one by one.
"""

import re
import zlib

OBJECT = re.compile(
    rb"(\d+) 0 obj\s*(<<.*?>>|\S+)\s*(?:stream\r?\n(.*?)\r?\nendstream)?", re.DOTALL
)
PAGE = re.compile(rb"/Type/Page/Resources (\d+) 0 R[^>]*?/Contents (\d+) 0 R")
FONT = re.compile(rb"/(f\d+) (\d+) 0 R")
NEXT = re.compile(rb"/(f\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|\(")
ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
SIGNS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """All text on all pages, in the order in which it is written, without spaces."""
    bodies = {int(number): _plain(head, body) for number, head, body in _objects(pdf)}
    text = []
    for resources, content in PAGE.findall(pdf):
        maps = {
            name: _letters(bodies[int(to[1])])
            for name, number in FONT.findall(_around(pdf, int(resources)))
            if (to := re.search(rb"/ToUnicode (\d+) 0 R", _around(pdf, int(number))))
        }
        text.append(_shown(bodies[int(content)], maps))
    return "".join(text)


def _objects(pdf: bytes) -> list[tuple[bytes, bytes, bytes]]:
    return [(found[1], found[2], found[3] or b"") for found in OBJECT.finditer(pdf)]


def _plain(head: bytes, body: bytes) -> bytes:
    return zlib.decompress(body) if b"FlateDecode" in head and body else body


def _around(pdf: bytes, number: int) -> bytes:
    begin = re.search(rb"(?:^|\s)%d 0 obj" % number, pdf)
    assert begin is not None
    return pdf[begin.start() : pdf.index(b"endobj", begin.start())]


def _letters(cmap: bytes) -> dict[int, str]:
    """Which letters each glyph stands for."""
    found = {}
    for section in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, letters in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", section):
            found[int(glyph, 16)] = bytes.fromhex(letters.decode()).decode("utf-16-be")
    for section in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        rows = re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", section)
        for first, last, letters in rows:
            code = int.from_bytes(bytes.fromhex(letters.decode()))
            for glyph in range(int(first, 16), int(last, 16) + 1):
                found[glyph] = chr(code + glyph - int(first, 16))
    return found


def _shown(content: bytes, maps: dict[bytes, dict[int, str]]) -> str:
    text, letters, at = [], dict[int, str](), 0
    while found := NEXT.search(content, at):
        at = found.end()
        if found[1]:
            letters = maps[found[1]]
            continue
        if found[2]:
            codes = bytes.fromhex(found[2].decode())
        else:
            end = _closed(content, at)
            codes, at = ESCAPED.sub(_unescaped, content[at:end]), end + 1
        pairs = (codes[place : place + 2] for place in range(0, len(codes), 2))
        text += [letters.get(int.from_bytes(pair), "") for pair in pairs]
    return re.sub(r"\s", "", "".join(text))


def _closed(content: bytes, at: int) -> int:
    """Where a string that begins here ends; brackets in pairs may stand in it."""
    depth = 1
    while True:
        sign = content[at : at + 1]
        depth += (sign == b"(") - (sign == b")")
        if depth == 0:
            return at
        at += 2 if sign == b"\\" else 1


def _unescaped(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    return bytes([int(sign, 8)]) if sign.isdigit() else SIGNS.get(sign, sign)
