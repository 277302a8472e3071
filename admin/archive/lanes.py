"""Entries put aside on disk while topics are read: a file for each partition."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from admin.archive.merging import Entry


class Lane:
    """The entries of one partition, written once and then read once, in the same order."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("w+b")

    def add(self, entry: Entry) -> None:
        """Write one more."""
        self._file.write(json.dumps(entry[:4]).encode() + b"\n" + entry.line + b"\n")

    def read(self) -> Iterator[Entry]:
        """Every entry; the file is closed after the last."""
        self._file.seek(0)
        with self._file:
            while head := self._file.readline():
                time, origin, sequence, cause = json.loads(head)
                yield Entry(time, origin, sequence, cause, self._file.readline().rstrip(b"\n"))

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._file.close()
