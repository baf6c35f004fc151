"""Random sequences of operations: amounts that mean something, and amounts at every edge."""

import random
from collections import Counter
from typing import Any

from chain.layout import MAX_SUPPLY, Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.markets import call

DUST = 20


def amount(dice: random.Random, held: int) -> int:
    """An amount that whoever holds this much could name: dust, a part, all, one more, or one near the highest."""
    kind = dice.random()
    if kind < 0.35:
        return dice.randint(0, DUST)
    if kind < 0.75:
        return int(held * dice.random() ** 3)
    if kind < 0.85:
        return max(held + dice.randint(-1, 1), 0)
    if kind < 0.97:
        return dice.randint(0, 2 * held + 1)
    return dice.choice((MAX_SUPPLY - 1, MAX_SUPPLY, MAX_SUPPLY + 1, 2**63 - 2))


def ask(ledger: Ledger, kind: Kind, sender: int, tally: Counter[Any], **given: int) -> Status:
    """Execute one transaction on our ledger, and count what came out."""
    status = call(ledger, kind, sender, **given).status
    tally[kind, status] += 1
    tally["operations"] += 1
    return status
