"""Mistakes of the programmer or of the input. Refusals of the ledger are data: see `chain.status`."""

import operator


class LedgerLabError(Exception):
    """Every error that LedgerLab raises by itself."""


class InvariantError(LedgerLabError):
    """The books do not balance: a bug in a rule."""


class InputError(LedgerLabError, ValueError):
    """A value from outside is wrong; the message names the field, what was given and what is allowed."""


def whole(field: str, given: object, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    """The whole number that was given for a field.

    Raises:
        InputError: it is no whole number, or outside the range.
    """
    try:
        number = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(given, bool) or not low <= number <= high:
        shown = str(given) if str(given).isprintable() else repr(given)
        raise InputError(f"{field}: {shown} given, allowed is {low} to {high}")
    return number


class TamperedError(LedgerLabError):
    """A recorded ledger is not what it was: the first difference, with where it is."""

    def __init__(
        self, what: str, block: int | None = None, part: str = "", row: int | None = None, field: str = "", file: str = ""
    ) -> None:
        """Name a place as exactly as it is known: a block's height, a part of it, the row and the field there, and the file."""
        self.what, self.block, self.part, self.row, self.field = what, block, part, row, field
        where = [f"block {block}"] if block is not None else []
        where += [part] if part and row is None else [f"{part} {row}"] if part else []
        where += [f"field {field}"] if field else []
        super().__init__(": ".join(piece for piece in (file, ", ".join(where), what) if piece))
