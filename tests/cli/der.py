# SPDX-License-Identifier: LGPL-2.1-or-later
"""DER (X.690) made and taken apart with Python alone."""


class Node:
    """One element of definite length: its place, its octets, and what is inside."""

    def __init__(self, data, at, end):
        self.start, self.tag = at, data[at]
        length, at = data[at + 1], at + 2
        if length & 0x80:
            octets = length & 0x7F
            length, at = int.from_bytes(data[at:at + octets], "big"), at + octets
        self.body_start, self.end = at, at + length
        if not at <= self.end <= end:
            raise ValueError("an element leaves its parent")
        self.raw, self.body = data[self.start:self.end], data[at:self.end]
        self.children = nodes(data, at, self.end) if self.tag & 0x20 else []

    def __getitem__(self, index):
        return self.children[index]

    def __len__(self):
        return len(self.children)

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def nodes(data, at=0, end=None):
    end, found = len(data) if end is None else end, []
    while at < end:
        found.append(Node(data, at, end))
        at = found[-1].end
    return found


def parse(data):
    return nodes(data)[0]


def length(size):
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + length(len(body)) + body


def seq(*parts):
    return tlv(0x30, *parts)


def set_of(*parts):
    return tlv(0x31, *sorted(parts))


def octets(data):
    return tlv(0x04, data)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *rest = (int(x) for x in text.split("."))
    out = b""
    for arc in (first * 40 + second, *rest):
        piece = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            piece.insert(0, 0x80 | arc & 0x7F)
        out += bytes(piece)
    return tlv(0x06, out)


def algorithm(name, *parameters):
    return seq(oid(name), *parameters)


def from_ber(data):
    """The same with definite lengths, octet strings in one piece."""
    out, at = b"", 0
    while at < len(data):
        piece, at = _from_ber(data, at)
        out += piece
    return out


def _from_ber(data, at):
    tag, first, at = data[at], data[at + 1], at + 2
    if first != 0x80:
        count = first & 0x7F if first & 0x80 else 0
        size, at = int.from_bytes(data[at:at + count], "big") if count else first, at + count
        body = data[at:at + size]
        return tlv(tag, from_ber(body) if tag & 0x20 else body), at + size
    parts = []
    while data[at:at + 2] != b"\0\0":
        piece, at = _from_ber(data, at)
        parts.append(piece)
    if tag == 0x24 or (tag == 0xA0 and parts and all(part[0] == 0x04 for part in parts) and len(parts) != 1):
        return tlv(tag & ~0x20, *(parse(part).body for part in parts)), at + 2
    return tlv(tag, *parts), at + 2
