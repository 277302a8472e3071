"""Score events put aside until a ranking asks for them: on disk, with little memory of each."""

import struct
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

_HEAD = struct.Struct(">IBBI")
MOST_BUFFERED = 16 * 1024 * 1024

_EXTRA = 48
"""What a line takes beside itself, about."""

Part = tuple[int, int, bytes, bytes]
_Chunk = tuple[int, int]


class Spool:
    """Lines by subject, given back in the order in which they were put in.

    Memory holds at most `MOST_BUFFERED` bytes of them and, for each subject, where the rest is.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="zharmenke-")  # noqa: SIM115 - closed by close
        self._end = 0
        self._buffered = 0
        self._buffers: dict[str, bytearray] = {}
        self._chunks: dict[str, list[_Chunk]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, subject: str, sequence: int, mark: int, owner: bytes, line: bytes) -> None:
        """Put one line aside. `mark`, a small number, and `owner`, an id, come back with it."""
        buffer = self._buffers.get(subject)
        if buffer is None:
            buffer = self._buffers[subject] = bytearray()
        size = len(line)
        buffer += _HEAD.pack(sequence, mark, len(owner), size)
        buffer += owner
        buffer += line
        self._buffered += size + _EXTRA
        if self._buffered > MOST_BUFFERED:
            self._flush()

    def read(self, subject: str) -> Iterator[Part]:
        """(sequence, mark, owner, line) of everything put aside for a subject."""
        for at, size in self._chunks.get(subject, ()):
            self._file.seek(at)
            yield from _parts(self._file.read(size))
        yield from _parts(bytes(self._buffers.get(subject, b"")))

    def _flush(self) -> None:
        self._file.seek(self._end)
        for subject, buffer in self._buffers.items():
            self._file.write(buffer)
            self._chunks.setdefault(subject, []).append((self._end, len(buffer)))
            self._end += len(buffer)
        self._buffers.clear()
        self._buffered = 0


def _parts(content: bytes) -> Iterator[Part]:
    at = 0
    while at < len(content):
        sequence, mark, owner_size, size = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        middle, end = at + owner_size, at + owner_size + size
        yield sequence, mark, content[at:middle], content[middle:end]
        at = end
