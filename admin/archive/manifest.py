"""A file's first line: what the rest must be, so that nobody takes a part of a season for all."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.base import Count, Moment, Ordinal, Sha256

BLOCK = 1 << 20


class NotOurFile(ValueError):
    """The file is no export, or not a whole one; the text says which, in one line."""


class LeftOut(BaseModel):
    """A record of the streams that could not be read, and so belongs to no season."""

    model_config = ConfigDict(frozen=True)
    topic: str
    partition: int
    offset: int
    why: str


class Manifest(BaseModel):
    """Counts, last sequences and the hash of what follows."""

    model_config = ConfigDict(frozen=True)
    zharmenke_export: Literal[1]
    """The version of this format."""
    season: Annotated[str, Field(min_length=1)]
    made_at: Moment
    """When the topics' ends were asked for: nothing later is in the file."""
    events: Count
    people: Count
    """How many records of the people topics there are; 0 when they were left out."""
    types: Mapping[str, Ordinal]
    subjects: Mapping[str, Ordinal]
    """The last sequence of every subject, as `<service>/<kind>/<id>`."""
    sha256: Sha256
    """Over all bytes after the first line."""
    cut: Mapping[str, Count]
    """The end of every partition that was read, as `<topic>/<partition>`: the first offset that
    is not in the file."""
    left_out: tuple[LeftOut, ...] = ()

    def line(self) -> bytes:
        """As it is written."""
        return self.model_dump_json().encode() + b"\n"

    @classmethod
    def of_line(cls, text: bytes) -> Self:
        """Read one; raises NotOurFile."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the first line"
            raise NotOurFile(f"it has no manifest: {where}: {first['msg']}") from None


def checked_manifest(path: Path) -> Manifest:
    """The manifest of a file whose rest has its hash. Raises NotOurFile, or OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        manifest = Manifest.of_line(file.readline())
        last = b"\n"
        while block := file.read(BLOCK):
            digest.update(block)
            last = block[-1:]
    if last != b"\n":
        raise NotOurFile(
            "it ends in the middle of a line: it was cut off, or is still being copied"
        )
    if digest.hexdigest() != manifest.sha256:
        raise NotOurFile(
            f"it does not match its manifest: SHA-256 {digest.hexdigest()}, not {manifest.sha256}"
        )
    return manifest


def lines(path: Path, *, without_manifest: bool = False) -> Iterator[tuple[int, bytes]]:
    """(number, text) of every line after the manifest, counted from 1; empty ones are passed over.

    With `without_manifest` a first line that is no manifest is given too.
    """
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            text = text.rstrip(b"\r\n")
            if number == 1 and not (without_manifest and _is_event(text)):
                continue
            if text:
                yield number, text


def _is_event(text: bytes) -> bool:
    return b'"specversion"' in text
