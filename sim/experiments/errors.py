"""What can go wrong with a sweep although everything that was given is right."""

from pathlib import Path

from chain.errors import InputError, LedgerLabError


class TooLarge(InputError):
    """A world, or what a policy makes of it, takes more memory than there is, or than a cell may take."""


class Unwritable(LedgerLabError):
    """The disk did not take what was to be published. Nothing is wrong with the cell."""


class Different(LedgerLabError):
    """A cell was executed again, with another result."""


class CellsFailed(LedgerLabError):
    """A sweep ended, and some of its cells failed. Everything else is kept."""

    def __init__(self, failed: int, cells: int, first: str, folder: Path) -> None:
        """So many of all cells failed, the first of them for this reason."""
        self.failed, self.cells, self.folder = failed, cells, folder
        super().__init__(
            f"{failed} of {cells} cells failed, the first with {first}; the others are in {folder}; "
            "--resume --retry-failed tries them again"
        )
