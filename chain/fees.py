"""What a transaction costs: gas from one table, a base fee that is burned, a tip that the proposer earns.

The base fee follows EIP-1559 (Buterin and others, 2019): it moves by at most one part in `fee_quotient` per block,
towards blocks that are half full. A `fee_quotient` of 0 keeps it as it is.
"""

import numpy as np

from chain.accounts import burn, transfer
from chain.layout import MAX_BASE_FEE, Kind, Record, Records
from chain.rule import rule

GAS = np.zeros(max(Kind) + 1, np.int64)
"""Gas per entry point, in thousands of the units that Ethereum counts for comparable work."""
GAS[Kind.TRANSFER] = 21
GAS[Kind.REGISTER] = 60
GAS[Kind.BOND] = 40
GAS[Kind.UNBOND] = 40
GAS[Kind.WITHDRAW] = 40
GAS[Kind.POST] = 50
GAS[Kind.HIRE] = 80
GAS[Kind.DELIVER] = 50
GAS[Kind.ACCEPT] = 60
GAS[Kind.DISPUTE] = 90
GAS[Kind.POST_PRICE] = 50
ELASTICITY = 2
"""The gas limit is this many times the target."""


@rule
def gas_of(kind: int) -> int:
    """Gas of a transaction: that of a transfer where the kind is unknown."""
    if Kind.TRANSFER <= kind < GAS.size:
        return int(GAS[kind])
    return int(GAS[1])


@rule
def charge(accounts: Records, head: Record, sender: int, gas: int, tip: int) -> int:
    """Burn the base fee and pay the tip to the proposer; returns the whole fee. The sender can pay: it was checked."""
    burned, earned = gas * head.base_fee, gas * tip
    burn(accounts, head, sender, burned)
    transfer(accounts, sender, head.proposer, earned)
    head.fees_burned += burned
    head.tips += earned
    return int(burned + earned)


@rule
def next_base_fee(base_fee: int, gas_limit: int, gas_used: int, quotient: int) -> int:
    """The base fee after a block that used this much gas (EIP-1559, integer arithmetic).

    >>> int(next_base_fee(1_000_000_000, 20_000_000, 20_000_000, 8)), int(next_base_fee(7, 20_000_000, 0, 8))
    (1125000000, 7)
    """
    target = gas_limit // ELASTICITY
    if quotient == 0 or target == 0 or gas_used == target:
        return base_fee
    if gas_used > target:
        return min(base_fee + max(base_fee * (gas_used - target) // target // quotient, 1), MAX_BASE_FEE)
    return base_fee - base_fee * (target - gas_used) // target // quotient
