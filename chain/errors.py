"""Mistakes of the programmer or of the input. Refusals of the ledger are data: see `chain.status`."""


class LedgerLabError(Exception):
    """Every error that LedgerLab raises by itself."""


class InvariantError(LedgerLabError):
    """The books do not balance: a bug in a rule."""


class InputError(LedgerLabError, ValueError):
    """A value from outside is wrong; the message names the field, what was given and what is allowed."""
