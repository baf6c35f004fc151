"""What a transaction costs: gas from one table, a base fee that is burned, a tip that the proposer earns.

The base fee follows EIP-1559 (Buterin and others, 2019): it moves by at most one part in `fee_quotient` per block,
towards blocks that are half full. A `fee_quotient` of 0 keeps it as it is. A transaction pays the base fee and its tip, and never
more than its `max_fee`: what that leaves above the base fee is all the tip there is, and below it the transaction waits.
"""

import numpy as np

from chain.accounts import burn, transfer
from chain.layout import MAX_BASE_FEE, MAX_GAS, Kind, Record, Records
from chain.rule import rule

GAS = np.full(max(Kind) + 1, 21, np.int64)
"""Gas per entry point, in thousands of the units that Ethereum counts for comparable work; that of a transfer between them."""
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
GAS[Kind.OPEN_AUCTION] = 80
GAS[Kind.COMMIT_BID] = 70
GAS[Kind.REVEAL_BID] = 60
GAS[Kind.CREDIT_TRANSFER] = 52
GAS[Kind.CREDIT_APPROVE] = 46
GAS[Kind.CREDIT_TRANSFER_FROM] = 58
GAS[Kind.CREDIT_MINT] = 54
GAS[Kind.CREDIT_BURN] = 36
GAS[Kind.ADD_LIQUIDITY] = 180
GAS[Kind.REMOVE_LIQUIDITY] = 160
GAS[Kind.SWAP] = 110
GAS[Kind.ESCROW_DEPOSIT] = 48
GAS[Kind.ESCROW_WITHDRAW] = 40
GAS[Kind.ESCROW_REFUND] = 28
GAS[Kind.ESCROW_CLOSE] = 28
GAS[Kind.ESCROW_COLLECT] = 34
# The order book
GAS[Kind.PLACE_BID] = 150
GAS[Kind.PLACE_ASK] = 150
GAS[Kind.CANCEL_ORDER] = 60
GAS[Kind.ISSUE_UNITS] = 50
GAS[Kind.CHANGE_PARAMETER] = 40
GAS[Kind.VOTE] = 40
ELASTICITY = 2
"""The gas limit is this many times the target."""
LIMIT_QUOTIENT = 1_024


@rule
def gas_of(kind: int) -> int:
    """Gas of a transaction: that of a transfer where the kind is unknown."""
    if Kind.TRANSFER <= kind < GAS.size:
        return int(GAS[kind])
    return int(GAS[1])


@rule
def charge(accounts: Records, head: Record, sender: int, gas: int, tip: int) -> None:
    """Burn the base fee and pay the tip to the proposer. The sender can pay: it was checked."""
    burned, earned = gas * head.base_fee, gas * tip
    burn(accounts, head, sender, burned)
    transfer(accounts, sender, head.proposer, earned)
    head.fees_burned += burned
    head.tips += earned


@rule
def tip_of(tx: Record, base_fee: int) -> int:
    """What a transaction pays to the proposer per gas: its tip, or what its `max_fee` leaves of it."""
    return int(min(tx.tip, tx.max_fee - base_fee))


@rule
def next_base_fee(base_fee: int, gas_limit: int, gas_used: int, quotient: int) -> int:
    """The base fee after a block that used this much gas (EIP-1559: integer arithmetic, every quotient rounded down).

    >>> int(next_base_fee(1_000_000_000, 20_000_000, 20_000_000, 8)), int(next_base_fee(7, 20_000_000, 0, 8))
    (1125000000, 7)
    """
    target = gas_limit // ELASTICITY
    if quotient == 0 or target == 0 or gas_used == target:
        return base_fee
    distance = abs(gas_used - target)
    # base_fee × distance // target, without the product
    change = (base_fee // target * distance + base_fee % target * distance // target) // quotient
    if gas_used > target:
        return min(base_fee + max(change, 1), MAX_BASE_FEE)
    return base_fee - change


@rule
def is_gas_limit(limit: int, parent: int) -> bool:
    """Whether a block may have this gas limit after a block with that one (EIP-1559): the same, or less than 1 / 1,024 away.

    Ethereum's floor, 5,000 gas or 5 of our units, needs no condition: a limit below 2,048 does not move at all.
    """
    step = parent // LIMIT_QUOTIENT
    return (parent - step < limit < parent + step and limit <= MAX_GAS) or limit == parent
