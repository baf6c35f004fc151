"""Our pool and Uniswap's own pair agree: every balance, reserve, share, acceptance and refusal, after every operation."""

import random
from collections import Counter

import pytest

from chain.contracts.constant_product import LOCKED_SHARES, MONEY
from chain.layout import MAX_SUPPLY, Kind
from chain.status import Status
from tests.chain.exchanges import exchange
from tests.chain.markets import done
from tests.evm.revm import person
from tests.evm.router import Router
from tests.evm.sequences import DUST, amount, ask

pytestmark = pytest.mark.evm
PEOPLE, FOUNDER, WHALE = 4, 1, 2
OPERATIONS = 3_000
BEGINNINGS = {
    "dust": (DUST, 1_100, 1_100),
    "plain": (10**7, 10**6, 4 * 10**6),
    "lopsided": (MAX_SUPPLY // 8, 10**7, 3 * 10**6),
    "vast": (MAX_SUPPLY // 5, MAX_SUPPLY // 5, MAX_SUPPLY // 6),
}
"""By name: what everybody has of both, and with what of both the founder, who has it besides, founds the pool."""


def assert_agree(ledger, router):
    terms, book = ledger.book.terms[0], ledger.book
    assert router.reserves() == (terms.money, terms.credits)
    assert terms.money == book.head[0].locked
    assert router.pair.call(0, "totalSupply") == terms.shares
    for a in range(PEOPLE):
        theirs = [contract.call(0, "balanceOf", person(a)) for contract in (*router.tokens, router.pair)]
        assert theirs == [book.accounts[a].balance, book.credits[a].balance, book.liquidity[a].shares]


def begin(held, money, credits):
    """Both in the same state: everybody has the same, the founder what it founds the pool with besides."""
    purses = [[held + founds * (a == FOUNDER) for a in range(PEOPLE)] for founds in (money, credits)]
    ledger = exchange(balances=purses[0], spare=0, minter=0, base_fee=0, record=False)
    for a in range(PEOPLE):
        done(ledger, Kind.CREDIT_MINT, 0, to=a, amount=purses[1][a])
    return ledger, Router(PEOPLE, *purses)


def least_of(dice, likely):
    """What somebody demands at least: often nothing, often about what is to be had."""
    return dice.choice((0, 0, max(likely + dice.randint(-1, 1), 0), dice.randint(0, 2 * likely + 1)))


def drawn(dice, ledger):
    """A transaction to try: its kind, its sender and its arguments, and the router's word for it with them."""
    book, sender = ledger.book, dice.randrange(PEOPLE)
    money, credits = int(book.accounts[sender].balance), int(book.credits[sender].balance)
    shares, terms = int(book.liquidity[sender].shares), book.terms[0]
    kind = dice.choice((Kind.SWAP, Kind.SWAP, Kind.SWAP, Kind.ADD_LIQUIDITY, Kind.REMOVE_LIQUIDITY))
    if kind == Kind.SWAP:
        asset = dice.randrange(2)
        paid_in, paid_out = [(int(terms.money), int(terms.credits)), (int(terms.credits), int(terms.money))][asset]
        paid = amount(dice, (money, credits)[asset])
        least = least_of(dice, paid * 997 * paid_out // (paid_in * 1_000 + paid * 997) if paid_in else 0)
        return kind, sender, {"subject": asset, "amount": paid, "count": least}, ("swap", asset, paid, least)
    if kind == Kind.ADD_LIQUIDITY:
        most, least = (amount(dice, money), amount(dice, credits)), least_of(dice, DUST)
        return kind, sender, {"amount": most[0], "stake": most[1], "count": least}, ("add", *most, least)
    given = amount(dice, shares)
    least = [
        min(least_of(dice, given * int(reserve) // max(int(terms.shares), 1)), 2**62) for reserve in (terms.money, terms.credits)
    ]
    return kind, sender, {"amount": given, "stake": least[0], "count": least[1]}, ("remove", given, *least)


def play(ledger, router, dice, tally, operations):
    """So many random operations on both, compared after each; the product never falls by a swap."""
    for _ in range(operations):
        kind, sender, given, (word, *arguments) = drawn(dice, ledger)
        before = int(ledger.book.terms[0].money) * int(ledger.book.terms[0].credits)
        status = ask(ledger, kind, sender, tally, **given)
        if status == Status.BAD_AMOUNT and max(given["amount"], given["stake"] if word == "add" else 0) > MAX_SUPPLY:
            tally["ours alone"] += 1
        else:
            accepted = router.accepts(getattr(router, word), sender, *arguments)
            assert accepted == (status == Status.OK), (kind, sender, given, status)
        assert_agree(ledger, router)
        if kind == Kind.SWAP:
            assert int(ledger.book.terms[0].money) * int(ledger.book.terms[0].credits) >= before


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_after_every_operation_all_reserves_shares_and_balances_agree(beginning):
    dice, tally = random.Random(beginning), Counter()
    held, money, credits = BEGINNINGS[beginning]
    ledger, router = begin(held, money, credits)
    play(ledger, router, dice, tally, 20)
    if ledger.book.terms[0].shares == 0:
        done(ledger, Kind.ADD_LIQUIDITY, FOUNDER, amount=money, stake=credits)
        router.add(FOUNDER, money, credits, 0)
    assert ledger.book.terms[0].shares > LOCKED_SHARES
    if beginning == "lopsided":
        paid = held // 2
        done(ledger, Kind.SWAP, WHALE, subject=MONEY, amount=paid)
        router.swap(WHALE, MONEY, paid, 0)
        assert 1 <= ledger.book.terms[0].credits <= DUST
    assert_agree(ledger, router)
    play(ledger, router, dice, tally, OPERATIONS)
    assert 20 < tally["ours alone"] < OPERATIONS / 10
    assert tally[Kind.SWAP, Status.OK] > 300
    assert router.refused_one_more > 300
    assert min(tally[kind, Status.OK] for kind in (Kind.ADD_LIQUIDITY, Kind.REMOVE_LIQUIDITY)) > 30
