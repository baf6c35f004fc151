"""Canaries: the checks that find the honest ledger in order find a planted bug, by the same functions.

Each canary runs interpreted in a new interpreter, where one function of one rule is replaced by a dishonest one.
"""

import pytest

from tests.chain.markets import python

PLANTS = {
    "a transfer mints one unit": """
import chain.contracts.token as place
honest = place.move
def move(accounts, sender, to, amount):
    honest(accounts, sender, to, amount)
    accounts[to].balance += 1
place.move = move
""",
    "a settled job pays one unit twice": """
import chain.contracts.service_market as place
honest = place.release
def release(accounts, head, address, amount):
    honest(accounts, head, address, amount)
    accounts[address].balance += 1
place.release = release
""",
    "a slashed stake vanishes unburned": """
import chain.contracts.stake as place
def burn_locked(head, amount):
    head.locked -= amount
place.burn_locked = burn_locked
""",
    "the base fee is taken and not burned": """
import chain.fees as place
def burn(accounts, head, address, amount):
    accounts[address].balance -= amount
place.burn = burn
""",
    "escrow leaves the books of the ledger": """
import chain.contracts.service_market as place
def lock(accounts, head, address, amount):
    accounts[address].balance -= amount
    head.burned += amount
place.lock = lock
""",
    "a job keeps its stake locked for ever": """
import chain.contracts.service_market as place
place.free_job_stake = lambda book, job, slashed: None
""",
    "a deadline is never enforced": """
import chain.deployments.service_market as place
place.service_market.settle = lambda book: None
""",
}
SHOP_PLANTS = {
    "a sale pays one unit more than consumers lose": """
import chain.contracts.posted_price as place
honest = place.transfer
def transfer(accounts, sender, to, amount):
    honest(accounts, sender, to, amount)
    accounts[to].balance += 1
place.transfer = transfer
""",
    "what production uses up is not booked": """
import chain.contracts.posted_price as place
def burn(accounts, head, address, amount):
    accounts[address].balance -= amount
place.burn = burn
""",
    "sellers without means sell too": """
import chain.contracts.posted_price as place
place.can_pay = lambda accounts, address, amount: True
""",
    "whoever posts again is listed again": """
import chain.contracts.posted_price as place
honest = place.join
def join(book, address, cost):
    honest(book, address, cost)
    book.sellers[address].known = 0
place.join = join
""",
}
HALL_PLANTS = {
    "a winner is paid one unit more than the buyer loses": """
import chain.contracts.sealed_auction as place
honest = place.release
def release(accounts, head, address, amount):
    honest(accounts, head, address, amount)
    accounts[address].balance += 1
place.release = release
""",
    "a forfeited deposit vanishes unburned": """
import chain.contracts.sealed_auction as place
def burn_locked(head, amount):
    head.locked -= amount
place.burn_locked = burn_locked
""",
    "a deadline is never enforced": """
import chain.deployments.auction as place
place.sealed_auction.settle = lambda book: None
""",
    "the last revealed bid leads": """
import chain.contracts.sealed_auction as place
def rank(auction, bid, bidder):
    auction.winner = bidder
    auction.bid = min(bid.bid, auction.reserve)
place.rank = rank
""",
}
HUNTS = {
    "a crowd of bidders": "from tests.chain.auctions import crowd; crowd(2, blocks=60)",
    "a crowd of sellers": "from tests.chain.test_posted_price import crowd; crowd(2)",
    "the swarm": "from tests.chain.swarm import swarm; swarm(worlds=2, blocks=12, per_block=60, seed=3)",
    "hypothesis": "from tests.chain.machine import play; play(games=30, shrink=False)",
}
VERDICT = """
from chain.errors import InvariantError
from chain.rule import INTERPRETED
assert INTERPRETED
try:
    {hunt}
except InvariantError as error:
    print("caught:", error)
else:
    print("in order")
"""


def hunt(plant, name):
    return python(plant + VERDICT.format(hunt=HUNTS[name]), NUMBA_DISABLE_JIT="1")


def test_the_hunts_find_nothing_in_an_honest_ledger():
    assert hunt("", "the swarm").endswith("in order")


def test_the_crowd_finds_nothing_in_an_honest_ledger():
    assert hunt("", "a crowd of sellers").endswith("in order")


def test_the_bidders_find_nothing_in_an_honest_ledger():
    assert hunt("", "a crowd of bidders").endswith("in order")


@pytest.mark.parametrize("plant", HALL_PLANTS)
def test_the_bidders_catch(plant):
    assert "caught:" in hunt(HALL_PLANTS[plant], "a crowd of bidders")


@pytest.mark.parametrize("plant", SHOP_PLANTS)
def test_the_crowd_catches(plant):
    assert "caught:" in hunt(SHOP_PLANTS[plant], "a crowd of sellers")


@pytest.mark.slow
def test_hypothesis_interpreted_finds_nothing_in_an_honest_ledger():
    assert hunt("", "hypothesis").endswith("in order")


@pytest.mark.parametrize("plant", PLANTS)
def test_the_swarm_catches(plant):
    assert "caught:" in hunt(PLANTS[plant], "the swarm")


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS)
def test_hypothesis_catches(plant):
    assert "caught:" in hunt(PLANTS[plant], "hypothesis")


def test_the_report_of_a_canary_names_the_broken_invariant_and_the_world():
    found = hunt(PLANTS["a transfer mints one unit"], "the swarm")
    assert "minted = balances + locked + burned: broken in world" in found
