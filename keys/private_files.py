"""Files that only their owner may read: written once, whole or not at all.

Decides that a secret file is a regular file which group and others cannot touch, and that a new
one never replaces another. Refuses links left dangling, pipes, devices, oversized files, open
modes, and a name that is taken. The owner is not compared: with mode 0600 only root reads another
user's file. Access lists beyond the mode bits are not looked at.
"""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from core.errors import LimitError, NotFound, Refused, Unavailable

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private_file(path: Path, *, what: str, max_bytes: int) -> bytes:
    """Return the content of a file that only its owner may read.

    Args:
        path: the file.
        what: the thing's name for error messages.
        max_bytes: the largest size accepted.

    Raises:
        NotFound: there is no such file.
        Refused: group or others may touch it, it is no regular file, or it cannot be opened.
        LimitError: larger than ``max_bytes``.
    """
    try:
        # non-blocking: opening a pipe that nobody writes would wait for ever
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NotFound("key_file_missing", f"{what} {path}: there is no such file") from None
    except OSError as error:
        raise Refused(
            "key_file_unreadable", f"{what} {path}: cannot be opened ({error.strerror})"
        ) from None
    try:
        # the mode of what was opened, not of what the name meant a moment ago
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Refused("key_file_kind", f"{what} {path}: expected a regular file")
        if mode & _OTHERS:
            raise Refused(
                "key_file_mode",
                f"{what} {path}: expected mode 0600, got {stat.S_IMODE(mode):04o}",
                f"chmod 600 {path}",
            )
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > max_bytes:
        raise LimitError("too_large", f"{what} {path}: larger than {max_bytes} bytes")
    return content


def require_free_name(path: Path) -> None:
    """Raise unless a new file could be made at ``path``: early, before anything is asked.

    Raises:
        Refused: something, even a dangling link, has this name.
        NotFound: the folder does not exist. It is not made: a mistyped path stays visible.
    """
    if os.path.lexists(path):
        raise _name_taken(path)
    if not path.parent.is_dir():
        raise NotFound(
            "key_folder_missing",
            f"{path.parent}: there is no such folder",
            f"mkdir -m 700 {path.parent}",
        )


def write_new_private_file(path: Path, content: bytes, *, random: Callable[[int], bytes]) -> None:
    """Write ``content`` to ``path`` with mode 0600, durably, unless the name is taken.

    The bytes are complete on disk under another name before ``path`` appears, and ``path`` is made
    by a hard link, which fails where a rename would replace. So a reader sees nothing or all, and
    of two writers one wins. A kill in between leaves a ``.new`` file, which nobody reads.

    Raises:
        Refused: the name is taken.
        NotFound: the folder does not exist.
        Unavailable: the file system failed.
    """
    require_free_name(path)
    temporary = path.parent / f".{path.name}.{random(8).hex()}.new"
    try:
        _write_durably(temporary, content)
        try:
            os.link(temporary, path, follow_symlinks=False)
        finally:
            temporary.unlink()
        _sync_folder(path.parent)
    except FileExistsError:
        raise _name_taken(path) from None
    except OSError as error:
        raise Unavailable(
            "key_file_unwritable",
            f"{path}: cannot be written ({error.strerror})",
            "use a local file system with hard links and free space",
        ) from None


def _write_durably(path: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(path, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the umask
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise  # not ours to remove
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name_taken(path: Path) -> Refused:
    return Refused(
        "key_file_exists",
        f"{path}: exists already; a key file is never overwritten",
        "choose another name",
    )
