"""Constant-product market maker: a pool of money and credits that trades with everybody at the ratio of its reserves.

1. Whoever adds money and credits gets shares of the pool. The first sets the ratio and gets the root of money × credits, less
   1,000 shares that are locked for ever. Later ones add at the ratio of the reserves, as much as both of what they offer allow,
   and get shares in proportion.
2. Whoever gives shares back gets the same part of both reserves.
3. Whoever pays one asset in gets so much of the other that the product of the reserves, a fee of `fee_bps` of what was paid
   in aside, does not fall. The fee stays in the pool: the shares earn it.
4. What comes out is named beforehand, at least; if it would be less, the transaction is refused. So it is after its deadline.

Source: Uniswap v2 (Adams, Zinsmeister and Robinson, 2020): `UniswapV2Pair`, with the optimal amounts of `UniswapV2Router02`. The
mapping, which `tests/evm/` holds against the pair's bytecode: money and credits are two ERC-20 tokens, a fee of 30 bps is the
pair's 0.3 %, a transaction is what the router does in one; there is no protocol fee, nobody donates, and shares stay with whoever
was given them. Refused here alone: amounts above 2^62.
"""

from chain.accounts import can_pay, lock, release, share
from chain.arithmetic import NO_RESULT, multiply_divide, product_reaches, root_of_product
from chain.contracts import fungible_token
from chain.contracts.fungible_token import holds
from chain.layout import MAX_SUPPLY, WHOLE_BPS, Kind, Record, record
from chain.rule import rule
from chain.status import Status

MONEY, CREDITS = 0, 1
"""The assets, as a swap's `subject` names what is paid in."""
LOCKED_SHARES = 1_000

TERMS = record(*fungible_token.TERMS.names, "fee_bps", "money", "credits", "shares")
"""Those of the credits; the fee; the reserves, and all shares there are, the locked ones included."""
TERM_LIMITS = fungible_token.TERM_LIMITS | {"fee_bps": WHOLE_BPS}
"""Highest value of each parameter; the lowest is 0. The counters are not for setting."""
DEFAULTS = {"fee_bps": 30}
"""Of parameters that are not set."""

LIQUIDITY = record("shares")
"""By account: its shares of the pool."""


@rule
def amount_out(amount: int, reserve_in: int, reserve_out: int, fee_bps: int) -> int:
    """What a pool gives for `amount`: with p = `amount` × (10,000 - `fee_bps`), which is what the fee leaves in ten-thousandths,
    p × `reserve_out` // (`reserve_in` × 10,000 + p), exact. Amount and reserves are at most 2^62 together.

    The numerator can have 138 bits. So the most that leaves the product as it was is searched between what whole units give, the
    ten-thousandths rounded down and up: in a pool of like reserves these are next to each other.

    >>> int(amount_out(10**15, 5 * 10**15, 10 * 10**15, 30))
    1662497915624478
    """
    kept = WHOLE_BPS - fee_bps
    paid, part = share(amount, kept), amount % WHOLE_BPS * kept % WHOLE_BPS  # whole units, ten-thousandths
    whole = reserve_in + paid
    least, most = multiply_divide(paid, reserve_out, whole), multiply_divide(paid + 1, reserve_out, whole + 1)
    while least < most:
        out = most - (most - least) // 2
        left = reserve_out - out
        if product_reaches(whole, left, share(left, part), reserve_in, reserve_out):
            least = out
        else:
            most = out - 1
    return int(least)


@rule
def optimal_amounts(terms: Record, money: int, credits: int) -> tuple[int, int]:
    """As much of both as has the ratio of the reserves, and is not more than this; all of it where the pool is empty."""
    if terms.shares == 0:
        return money, credits
    needed = multiply_divide(money, terms.credits, terms.money)
    if needed != NO_RESULT and needed <= credits:
        return money, needed
    return multiply_divide(credits, terms.money, terms.credits), credits


@rule
def shares_for(terms: Record, money: int, credits: int) -> int:
    """The shares that so much of both earns, the locked ones left out; none or fewer where it is too little."""
    if terms.shares == 0:
        return int(root_of_product(money, credits) - LOCKED_SHARES)
    by_money = multiply_divide(money, terms.shares, terms.money)
    return int(min(by_money, multiply_divide(credits, terms.shares, terms.credits)))


@rule
def deposit(book: Record, address: int, money: int, credits: int, shares: int) -> None:
    """Move so much of both from an account into the pool, and give it shares for it. The account holds both: it was checked."""
    terms = book.terms[0]
    lock(book.accounts, book.head[0], address, money)
    book.credits[address].balance -= credits
    if terms.shares == 0:
        terms.shares = LOCKED_SHARES
    terms.money += money
    terms.credits += credits
    terms.shares += shares
    book.liquidity[address].shares += shares


@rule
def add_liquidity(book: Record, tx: Record) -> Status:
    """Add at most `amount` money and `stake` credits to the pool, for at least `count` shares."""
    # Conditions
    terms = book.terms[0]
    if not (0 < tx.amount <= MAX_SUPPLY and 0 < tx.stake <= MAX_SUPPLY):
        return Status.BAD_AMOUNT
    money, credits = optimal_amounts(terms, tx.amount, tx.stake)
    if not can_pay(book.accounts, tx.sender, money):
        return Status.INSUFFICIENT_BALANCE
    if not holds(book.credits, tx.sender, credits):
        return Status.INSUFFICIENT_CREDITS
    shares = shares_for(terms, money, credits)
    if shares <= 0:
        return Status.NO_SHARES
    if shares < tx.count:
        return Status.TOO_LITTLE_OUT
    # Effects
    deposit(book, tx.sender, money, credits, shares)
    return Status.OK


@rule
def remove_liquidity(book: Record, tx: Record) -> Status:
    """Give `amount` shares back, for at least `stake` money and `count` credits."""
    # Conditions
    terms = book.terms[0]
    if not 0 < tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if book.liquidity[tx.sender].shares < tx.amount:
        return Status.INSUFFICIENT_SHARES
    money = multiply_divide(tx.amount, terms.money, terms.shares)
    credits = multiply_divide(tx.amount, terms.credits, terms.shares)
    if money < max(tx.stake, 1) or credits < max(tx.count, 1):
        return Status.TOO_LITTLE_OUT
    # Effects
    release(book.accounts, book.head[0], tx.sender, money)
    book.credits[tx.sender].balance += credits
    terms.money -= money
    terms.credits -= credits
    terms.shares -= tx.amount
    book.liquidity[tx.sender].shares -= tx.amount
    return Status.OK


@rule
def swap(book: Record, tx: Record) -> Status:
    """Pay `amount` of an asset (`subject`: `MONEY` or `CREDITS`) into the pool, for at least `count` of the other."""
    # Conditions
    terms = book.terms[0]
    if not 0 < tx.amount <= MAX_SUPPLY:
        return Status.BAD_AMOUNT
    if tx.subject == MONEY and not can_pay(book.accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    if tx.subject != MONEY and tx.subject != CREDITS:
        return Status.NO_SUCH_ASSET
    if tx.subject == CREDITS and not holds(book.credits, tx.sender, tx.amount):
        return Status.INSUFFICIENT_CREDITS
    if terms.shares == 0:
        return Status.NO_LIQUIDITY
    if tx.subject == MONEY:
        out = amount_out(tx.amount, terms.money, terms.credits, terms.fee_bps)
    else:
        out = amount_out(tx.amount, terms.credits, terms.money, terms.fee_bps)
    if out < max(tx.count, 1):
        return Status.TOO_LITTLE_OUT
    # Effects
    if tx.subject == MONEY:
        lock(book.accounts, book.head[0], tx.sender, tx.amount)
        book.credits[tx.sender].balance += out
        terms.money += tx.amount
        terms.credits -= out
    else:
        book.credits[tx.sender].balance -= tx.amount
        release(book.accounts, book.head[0], tx.sender, out)
        terms.credits += tx.amount
        terms.money -= out
    return Status.OK


ENTRY_POINTS = {
    Kind.ADD_LIQUIDITY: (
        add_liquidity,
        (
            Status.BAD_AMOUNT,
            Status.INSUFFICIENT_BALANCE,
            Status.INSUFFICIENT_CREDITS,
            Status.NO_SHARES,
            Status.TOO_LITTLE_OUT,
        ),
    ),
    Kind.REMOVE_LIQUIDITY: (remove_liquidity, (Status.BAD_AMOUNT, Status.INSUFFICIENT_SHARES, Status.TOO_LITTLE_OUT)),
    Kind.SWAP: (
        swap,
        (
            Status.BAD_AMOUNT,
            Status.INSUFFICIENT_BALANCE,
            Status.NO_SUCH_ASSET,
            Status.INSUFFICIENT_CREDITS,
            Status.NO_LIQUIDITY,
            Status.TOO_LITTLE_OUT,
        ),
    ),
}
"""Each entry point with its refusals, in order of precedence."""
