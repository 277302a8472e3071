"""The row in which the mail server's disk is full."""

import errno
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.suite.arena import Arena
from tests.faults.suite.registry import fault

DISK_BYTES = 8 * 1024 * 1024
PAGE = 4096
BLOCKED_BYTES = 1000
REFUSED = '"outcome": "deferred"'
"""What notify logs of a mail that the server did not take for now."""
REFUSALS = 3


@fault("disk-full-maildir", linux=True)
async def disk_full_maildir(arena: Arena) -> None:
    """The disk of the Maildir is full until mails were refused: receipts, and then links.

    It is a small file system of its own where this user may mount one. Elsewhere the kernel lets
    the mail server write no more than the first bytes of any file, which ends its writes as well.
    """
    disk = _SmallDisk(arena) if _SmallDisk.may_be_mounted() else _BlockedWrites(arena)
    await arena.stops("smtp")
    disk.insert()
    arena.at_end.append(disk.remove)
    await arena.comes_back("smtp")
    for service in ("submission", "webinar"):
        async for _ in arena.draw(2, service, early=0.5):
            if arena.moments.over:
                break  # nobody would be mailed
            await _is_full(arena, disk)
    left = list((arena.stack.maildir / "tmp").iterdir())
    arena.findings += [f"{len(left)} mails half written"] if left else []
    arena.notes.append(f"{disk.name}; {arena.injections} mails refused for now")


async def _is_full(arena: Arena, disk: "_SmallDisk | _BlockedWrites") -> None:
    before = arena.count_in_log("notify", REFUSED)

    def refused() -> int:
        return arena.count_in_log("notify", REFUSED) - before

    disk.fill()
    arena.moments.trickle()
    try:
        await arena.until(lambda: refused() >= REFUSALS, "mails are refused", within=30)
    finally:
        disk.free()
    arena.injections += refused()


class _SmallDisk:
    """A file system of a few megabytes that the Maildir is put on."""

    name = "a file system without space"

    def __init__(self, arena: Arena) -> None:
        self._maildir = arena.stack.maildir
        self._place = Path(tempfile.mkdtemp(prefix="zharmenke-disk-"))
        self._ballast = self._place / "ballast"

    @staticmethod
    def may_be_mounted() -> bool:
        """Whether this user may mount anything."""
        with tempfile.TemporaryDirectory() as place:
            mounted = _mount(Path(place))
            if mounted:
                _unmount(Path(place))
        return mounted

    def insert(self) -> None:
        """Put the Maildir on it; the mail server must be stopped."""
        if not _mount(self._place):
            raise OSError(f"nothing can be mounted on {self._place}")
        shutil.copytree(self._maildir, self._place, dirs_exist_ok=True)
        shutil.rmtree(self._maildir)
        self._maildir.symlink_to(self._place)

    def remove(self) -> None:
        """Put the Maildir back to where it was."""
        self.free()
        if self._maildir.is_symlink():
            self._maildir.unlink()
            shutil.copytree(self._place, self._maildir)
        _unmount(self._place)
        self._place.rmdir()

    def fill(self) -> None:
        """Leave space for one page: a mail that is longer is cut off there."""
        with self._ballast.open("wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(PAGE)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            ballast.truncate(ballast.tell() - PAGE)

    def free(self) -> None:
        """There is space again."""
        self._ballast.unlink(missing_ok=True)


class _BlockedWrites:
    """The limit that the kernel keeps of the mail server's files."""

    name = "a limit on the size of files"

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def insert(self) -> None:
        """Nothing is to be prepared."""

    def remove(self) -> None:
        """The limit is that of a process, and ends with it."""

    def fill(self) -> None:
        """Cut every file off after its first bytes."""
        self._limit(BLOCKED_BYTES)

    def free(self) -> None:
        """As before."""
        self._limit(self._usual[0])

    def _limit(self, size: int) -> None:
        if pid := self._arena.stack.pid("smtp"):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, self._usual[1]))


def _mount(place: Path) -> bool:
    program = shutil.which("mount")
    if program is None:
        return False
    command = [program, "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(place)]
    return _succeeds(command)


def _unmount(place: Path) -> None:
    if not _succeeds([shutil.which("umount") or "umount", "--lazy", str(place)]):
        raise OSError(f"{place} can't be unmounted")


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
