"""Files and directories from outside, read and replaced with care."""

import hashlib
import os
import stat
from collections.abc import Collection
from pathlib import Path

from chain.errors import InputError


def only_own(folder: Path, names: Collection[str], what: str) -> None:
    """See that files of these names can be replaced in a directory without touching anything else.

    Raises:
        InputError: it holds something else, or is none; the message says that one of `what` is allowed.
    """
    strange = sorted(file.name for file in folder.iterdir() if file.name not in names) if folder.is_dir() else []
    if strange or (folder.exists() and not folder.is_dir()):
        raise InputError(f"out: {folder} holds {strange[0] if strange else 'a file'}, allowed is a directory of {what}")


def digest_of(file: Path) -> str:
    """SHA-256 (hex) of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_plain(file: Path, most_bytes: int) -> bytes:
    """The bytes of a file that may be anybody's.

    Raises:
        InputError: it is not there, is a link, a directory or a device, or is larger than `most_bytes`.
    """
    try:
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(number, "rb") as stream:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise InputError(f"{file.name} is not a plain file")
            content = stream.read(most_bytes + 1)
    except OSError as error:
        link = " (it is a link)" if file.is_symlink() else ""
        raise InputError(f"{file.name} can not be read: {error.strerror}{link}") from None
    if len(content) > most_bytes:
        raise InputError(f"{file.name} is larger than the {most_bytes:_} bytes allowed")
    return content
