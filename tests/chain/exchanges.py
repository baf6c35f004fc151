"""Small ledgers with a pool or an escrow; for each of their entry points a transaction that succeeds, and ways to spoil it."""

from collections.abc import Callable
from typing import Any

from chain.contracts import constant_product, fungible_token, payee_escrow
from chain.contracts.constant_product import CREDITS, MONEY
from chain.contracts.payee_escrow import State
from chain.deployments import exchange as exchange_deployment
from chain.deployments import payee_escrow as escrow_deployment
from chain.layout import MAX_SUPPLY, Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.markets import BASE_FEE, CLIENT, OTHER, PROVIDER, RICH, RIVAL, done

CONTRACTS = (fungible_token, constant_product, payee_escrow)
EXCHANGE_KINDS = [*fungible_token.ENTRY_POINTS, *constant_product.ENTRY_POINTS]
ESCROW_KINDS = list(payee_escrow.ENTRY_POINTS)
PEOPLE = 10
POOL_MONEY, POOL_CREDITS = 100_000, 400_000


def exchange(*, balances: Any = (0, *[RICH] * (PEOPLE - 1)), spare: int = 2, pool: int = 64, **given: Any) -> Ledger:
    """A ledger of money and credits with an empty pool: a proposer without money and nine rich accounts; the client mints."""
    terms = {"minter": CLIENT} | {name: given.pop(name) for name in list(given) if name in exchange_deployment.TERM_LIMITS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=exchange_deployment, terms=terms, **settings)


def founded(ledger: Ledger) -> Ledger:
    """The same with credits for client and provider, and a pool that the provider founded."""
    for person in (CLIENT, PROVIDER):
        done(ledger, Kind.CREDIT_MINT, CLIENT, to=person, amount=RICH)
    done(ledger, Kind.ADD_LIQUIDITY, PROVIDER, amount=POOL_MONEY, stake=POOL_CREDITS)
    return ledger


def escrow(*, balances: Any = (0, *[RICH] * 4), spare: int = 2, pool: int = 64, **given: Any) -> Ledger:
    """A ledger with a conditional escrow of the client's, in favour of the account at `OTHER`."""
    terms = {"owner": CLIENT, "beneficiary": OTHER, "conditional": 1}
    terms |= {name: given.pop(name) for name in list(given) if name in escrow_deployment.TERM_LIMITS}
    settings = {"base_fee": BASE_FEE, "registration_fee": 7} | given
    return Ledger(balances=balances, spare=spare, pool=pool, deployment=escrow_deployment, terms=terms, **settings)


def given(**arguments: int) -> Callable[[Any], None]:
    """The spoiler that sets arguments."""
    return lambda case: case.set(**arguments)


def term(**values: int) -> Callable[[Any], None]:
    """The spoiler that changes a term."""

    def spoil(case: Any) -> None:
        for name, value in values.items():
            case.ledger.book.terms[name] = value

    return spoil


def _to_mint(case: Any) -> None:
    case.ledger = exchange()
    done(case.ledger, Kind.CREDIT_MINT, CLIENT, to=CLIENT, amount=1_000)
    case.set(to=OTHER, amount=500)


def _to_take(case: Any) -> None:
    case.ledger = exchange()
    done(case.ledger, Kind.CREDIT_MINT, CLIENT, to=PROVIDER, amount=1_000)
    done(case.ledger, Kind.CREDIT_APPROVE, PROVIDER, to=CLIENT, amount=700)
    case.set(subject=PROVIDER, to=OTHER, amount=500)


def _to_add(case: Any) -> None:
    case.ledger = founded(exchange())
    case.set(amount=1_000, stake=4_000, count=1_999)


def _to_remove(case: Any) -> None:
    case.ledger = founded(exchange())
    case.sender = PROVIDER
    case.set(amount=2_000, stake=1_000, count=4_000)


def _to_swap(case: Any) -> None:
    case.ledger = founded(exchange())
    case.set(subject=MONEY, amount=1_000, count=3_948)


def _to_deposit(case: Any) -> None:
    case.ledger = escrow()
    case.set(to=PROVIDER, amount=500)


def _to_withdraw(case: Any) -> None:
    case.ledger = escrow()
    done(case.ledger, Kind.ESCROW_DEPOSIT, CLIENT, to=PROVIDER, amount=500)
    done(case.ledger, Kind.ESCROW_REFUND, CLIENT)
    case.set(to=PROVIDER)


def _to_end(case: Any) -> None:
    case.ledger = escrow()


def _to_collect(case: Any) -> None:
    case.ledger = escrow()
    done(case.ledger, Kind.ESCROW_DEPOSIT, CLIENT, to=PROVIDER, amount=500)
    done(case.ledger, Kind.ESCROW_CLOSE, CLIENT)


GOOD: dict[Kind, Callable[[Any], None]] = {
    Kind.CREDIT_TRANSFER: _to_mint,
    Kind.CREDIT_APPROVE: _to_mint,
    Kind.CREDIT_TRANSFER_FROM: _to_take,
    Kind.CREDIT_MINT: _to_mint,
    Kind.CREDIT_BURN: _to_mint,
    Kind.ADD_LIQUIDITY: _to_add,
    Kind.REMOVE_LIQUIDITY: _to_remove,
    Kind.SWAP: _to_swap,
    Kind.ESCROW_DEPOSIT: _to_deposit,
    Kind.ESCROW_WITHDRAW: _to_withdraw,
    Kind.ESCROW_REFUND: _to_end,
    Kind.ESCROW_CLOSE: _to_end,
    Kind.ESCROW_COLLECT: _to_collect,
}
"""Give a case its ledger and its arguments."""


def _approve_eight_others(case: Any) -> None:
    for spender in set(range(PEOPLE)) - {OTHER, PEOPLE - 1}:
        done(case.ledger, Kind.CREDIT_APPROVE, CLIENT, to=spender, amount=1)


def _burn_what_was_approved(case: Any) -> None:
    done(case.ledger, Kind.CREDIT_BURN, PROVIDER, amount=501)


def _spend_all(case: Any) -> None:
    """Leave the client enough for fees and nothing more."""
    money = case.ledger.balance(CLIENT)
    case.ledger.book.accounts[CLIENT].balance -= money - 1_000
    case.ledger.book.accounts[OTHER].balance += money - 1_000


def _undo_the_pool(case: Any) -> None:
    book = case.ledger.book
    book.accounts[PROVIDER].balance += book.head[0].locked
    book.credits[PROVIDER].balance += book.terms[0].credits
    book.head[0].locked = book.liquidity[PROVIDER].shares = 0
    term(money=0, credits=0, shares=0)(case)


_TOO_MUCH, _TO_NOBODY = {Status.BAD_AMOUNT: given(amount=MAX_SUPPLY + 1)}, {Status.NO_SUCH_ACCOUNT: given(to=-1)}
_END = {
    Status.NOT_OWNER: term(owner=RIVAL),
    Status.UNCONDITIONAL: term(conditional=0),
    Status.ESCROW_NOT_ACTIVE: term(state=State.CLOSED),
}
SPOILERS: dict[Kind, dict[Status, Callable[[Any], None]]] = {
    Kind.CREDIT_TRANSFER: _TOO_MUCH | _TO_NOBODY | {Status.INSUFFICIENT_CREDITS: given(amount=1_001)},
    Kind.CREDIT_APPROVE: _TOO_MUCH | _TO_NOBODY | {Status.ALLOWANCES_FULL: _approve_eight_others},
    Kind.CREDIT_TRANSFER_FROM: _TOO_MUCH
    | _TO_NOBODY
    | {Status.INSUFFICIENT_ALLOWANCE: given(amount=701), Status.INSUFFICIENT_CREDITS: _burn_what_was_approved},
    Kind.CREDIT_MINT: _TOO_MUCH
    | _TO_NOBODY
    | {Status.NOT_MINTER: term(minter=OTHER), Status.SUPPLY_FULL: given(amount=MAX_SUPPLY - 999)},
    Kind.CREDIT_BURN: _TOO_MUCH | {Status.INSUFFICIENT_CREDITS: given(amount=1_001)},
    Kind.ADD_LIQUIDITY: _TOO_MUCH
    | {
        Status.INSUFFICIENT_BALANCE: given(amount=10 * RICH, stake=40 * RICH),
        Status.INSUFFICIENT_CREDITS: given(amount=300_000, stake=1_200_000),
        Status.NO_SHARES: given(amount=1, stake=1),
        Status.TOO_LITTLE_OUT: given(count=2_001),
    },
    Kind.REMOVE_LIQUIDITY: _TOO_MUCH
    | {Status.INSUFFICIENT_SHARES: given(amount=199_001), Status.TOO_LITTLE_OUT: given(count=4_001)},
    Kind.SWAP: _TOO_MUCH
    | {
        Status.INSUFFICIENT_BALANCE: _spend_all,
        Status.NO_SUCH_ASSET: given(subject=2),
        Status.INSUFFICIENT_CREDITS: given(subject=CREDITS, amount=RICH + 1),
        Status.NO_LIQUIDITY: _undo_the_pool,
        Status.TOO_LITTLE_OUT: given(count=3_949),
    },
    Kind.ESCROW_DEPOSIT: _TOO_MUCH
    | _TO_NOBODY
    | {
        Status.INSUFFICIENT_BALANCE: given(amount=MAX_SUPPLY),
        Status.NOT_OWNER: term(owner=RIVAL),
        Status.ESCROW_NOT_ACTIVE: term(state=State.REFUNDING),
    },
    Kind.ESCROW_WITHDRAW: _TO_NOBODY
    | {Status.NOT_OWNER: term(owner=RIVAL), Status.ESCROW_NOT_REFUNDING: term(state=State.ACTIVE)},
    Kind.ESCROW_REFUND: _END,
    Kind.ESCROW_CLOSE: _END,
    Kind.ESCROW_COLLECT: {
        Status.NO_SUCH_ACCOUNT: term(beneficiary=5),
        Status.ESCROW_NOT_CLOSED: term(state=State.ACTIVE),
    },
}
EXCLUSIVE = {
    (Kind.SWAP, Status.INSUFFICIENT_BALANCE, Status.NO_SUCH_ASSET),
    (Kind.SWAP, Status.INSUFFICIENT_BALANCE, Status.INSUFFICIENT_CREDITS),
    (Kind.SWAP, Status.NO_SUCH_ASSET, Status.INSUFFICIENT_CREDITS),
}
"""Pairs that can not both be true of one transaction."""
_ENDS = (-1, -(2**63), 2**62 + 1)
BEYOND = {
    **{(kind, Status.BAD_AMOUNT): [{"amount": a} for a in _ENDS] for kind in (*EXCHANGE_KINDS, Kind.ESCROW_DEPOSIT)},
    **{
        (kind, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 10, 12, 2**63 - 1)]
        for kind in (Kind.CREDIT_TRANSFER, Kind.CREDIT_APPROVE, Kind.CREDIT_TRANSFER_FROM, Kind.CREDIT_MINT)
    },
    (Kind.ESCROW_DEPOSIT, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 5, 7, 2**63 - 1)],
    (Kind.ESCROW_WITHDRAW, Status.NO_SUCH_ACCOUNT): [{"to": a} for a in (-(2**63), 5, 7, 2**63 - 1)],
    (Kind.SWAP, Status.NO_SUCH_ASSET): [{"subject": a} for a in (-1, -(2**63), 2**63 - 1)],
    (Kind.SWAP, Status.TOO_LITTLE_OUT): [{"count": 2**63 - 1}, {"amount": 1, "subject": CREDITS, "count": -(2**63)}],
}
"""More arguments outside what is allowed, up to the ends of 64 bits."""
