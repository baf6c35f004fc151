"""What a proof proves, in words."""

from collections.abc import Mapping

from chain.history import Header
from chain.layout import NO_LIMIT
from chain.proof import IN_BLOCK, Proof
from chain.status import Status
from sim.ledgers.stories import kind_name


def in_words(proof: Proof, header: Header, record: Mapping[str, int]) -> str:
    """A proof in one sentence: where the record is, and every column of it."""
    if proof.table in IN_BLOCK:
        where = f"{proof.table.removesuffix('s')} {proof.row} of block {header.height} is"
    else:
        where = f"after block {header.height}, record {proof.row} of {proof.table} is"
    return f"{where} {', '.join(f'{name} {_value(name, value, proof.table)}' for name, value in record.items())}"


def _value(name: str, value: int, table: str) -> str:
    """A number, or the word for it."""
    if table in IN_BLOCK:
        if name == "kind":
            return kind_name(value)
        if name == "status" and value in Status.__members__.values():
            return Status(value).name
        if name in ("max_fee", "deadline") and value >= NO_LIMIT:
            return "any"
    return str(value)
