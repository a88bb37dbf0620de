"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gradviz.errors import ExportError


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` into the file `path`. Raises ExportError, and leaves what was there, if that cannot be done."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write that becomes `path` when the block succeeds, and vanishes when it fails.

    It lies in the folder of `path`, because only within one file system is a rename atomic. Raises ExportError for
    every OSError, in the block as well; other exceptions pass through.
    """
    # follows a symbolic link, as an ordinary open() does
    target = Path(os.path.realpath(path))
    aside = target.with_name(f".gradviz-{os.urandom(8).hex()}.part")
    try:
        # "x": never into another file; permissions follow the umask, which a mkstemp file would not
        with aside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(target)
    except OSError as error:
        raise ExportError(_explain(path, error)) from error
    finally:
        with suppress(OSError):
            aside.unlink()


def _explain(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            way_out = "the disk is full; free some space or choose another disk"
        case errno.ENOENT:
            way_out = f"there is no folder {path.parent}; create it or choose another one"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            way_out = f"no permission to write there ({error.strerror}); choose another folder"
        case errno.EISDIR:
            way_out = "there is a folder of that name; choose another name"
        case _:
            way_out = f"{error.strerror or error}; choose another name or folder"
    return f"cannot write {path}: {way_out}"
