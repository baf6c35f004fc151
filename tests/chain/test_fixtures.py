"""Small cases in files: a state before, blocks of transactions, the state after, all of it worked out by hand.

Every file of `tests/chain/fixtures` is run on both ledgers. Of a transaction it names the columns that matter: what it leaves out
is 0, its limit and its deadline are none. `rank` is what the builder of that block gives it; what waited before is ranked 0.
"""

import json
from pathlib import Path

import pytest

from chain.deployments import service_market, token
from chain.invariants import check
from chain.layout import NO_DEADLINE, NO_LIMIT, SIGNED, Kind, Ordering
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.plain_ledger import PlainLedger

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))
DEPLOYMENTS = {"token": token, "service_market": service_market}
TABLES = {"jobs", "stakes", "offers", "reputation", "identities"}
PLACES, JOBS = 64, 1_024


class Fast:
    """The ledger, as a case sees it."""

    def __init__(self, deployment, genesis, terms):
        self.ledger = Ledger(deployment=DEPLOYMENTS[deployment], terms=terms, pool=PLACES, **genesis)
        self.book = self.ledger.book

    def seal(self, transactions, ranks):
        for tx in transactions:
            self.ledger.submit(**tx)
        for tx in self.book.pool[: self.book.head[0].pending]:
            tx.rank = ranks.get((int(tx.sender), int(tx.nonce)), 0)
        receipts = self.ledger.seal()
        check(self.ledger.batch)
        return [list(receipt[:5]) for receipt in receipts]

    def row(self, table, number):
        row = getattr(self.book, table)[number]
        return {column: int(row[column]) for column in row.dtype.names}


class Plain:
    """The plain ledger, as a case sees it."""

    def __init__(self, deployment, genesis, terms):
        size = len(genesis["balances"]) + genesis.get("spare", 0)
        settings = {"capacity": PLACES} | {name: value for name, value in genesis.items() if name != "spare"}
        terms = dict.fromkeys(service_market.TERM_LIMITS, 0) | terms
        jobs = JOBS if deployment == "service_market" else 0
        self.ledger = PlainLedger(rows=range(size), places=PLACES, jobs=jobs, terms=terms, **settings)

    def seal(self, transactions, ranks):
        for tx in transactions:
            assert self.ledger.submit(dict.fromkeys(SIGNED.names, 0) | tx) == Status.OK
        receipts = self.ledger.seal(lambda tx: ranks.get((tx["sender"], tx["nonce"]), 0))
        return [list(receipt[:5]) for receipt in receipts]

    def row(self, table, number):
        state = self.ledger.state
        if table == "head":
            return state.head | {"dropped": self.ledger.dropped, "registered": len(state.identities)}
        tables = {"accounts": state.accounts, "reputation": state.ratings, "jobs": state.jobs, "identities": state.identities}
        return (tables | {"stakes": state.stakes, "offers": state.offers})[table][number]


def play(ledger, case):
    """Execute the blocks of a case, and compare every receipt and the state afterwards."""
    for number, (block, expected) in enumerate(zip(case["blocks"], case["receipts"], strict=True), 1):
        ranks = {(tx["sender"], tx["nonce"]): tx.get("rank", 0) for tx in block}
        whole = {"max_fee": NO_LIMIT, "deadline": NO_DEADLINE}
        signed = [whole | {column: value for column, value in tx.items() if column != "rank"} for tx in block]
        signed = [tx | {"kind": Kind[tx["kind"]]} for tx in signed]
        named = [[Kind[kind], sender, nonce, Status[status], fee] for kind, sender, nonce, status, fee in expected]
        assert ledger.seal(signed, ranks) == named, f"block {number}"
    post = case["post"]
    accounts = [ledger.row("accounts", address) for address in range(len(post["balances"]))]
    assert [account["balance"] for account in accounts] == post["balances"]
    assert [account["nonce"] for account in accounts] == post["nonces"]
    head = ledger.row("head", 0)
    assert {column: head[column] for column in post["head"]} == post["head"]
    for table in post.keys() & TABLES:
        for number, columns in post[table].items():
            row = ledger.row(table, int(number))
            assert {column: row[column] for column in columns} == columns, f"{table} {number}"


@pytest.mark.parametrize("ledger", [Fast, Plain])
@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_a_case_comes_out_as_worked_out_by_hand(file, ledger):
    case = json.loads(file.read_text())
    play(ledger(case["deployment"], case["genesis"], case.get("terms", {})), case)


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_a_case_says_how_it_was_worked_out_and_holds_nothing_else(file):
    case = json.loads(file.read_text())
    assert case["about"].startswith("By hand: ")
    assert case.keys() - {"terms"} == {"about", "deployment", "genesis", "blocks", "receipts", "post"}
    assert case["post"].keys() - TABLES == {"balances", "nonces", "head"}
    head = case["post"]["head"]
    gone = head.get("locked", 0) + head.get("burned", head.get("fees_burned", 0))
    assert sum(case["post"]["balances"]) + gone == sum(case["genesis"]["balances"]), "money is conserved in the file itself"


def test_the_cases_show_what_is_peculiar_to_this_ledger():
    cases = [json.loads(file.read_text()) for file in FIXTURES]
    assert len(cases) >= 12
    statuses = {receipt[3] for case in cases for block in case["receipts"] for receipt in block}
    assert {"OK", "REPLACED", "UNDERPRICED", "EVICTED", "BAD_NONCE", "NO_CAPACITY", "NO_SUCH_JOB"} <= statuses
    assert {case["genesis"].get("ordering", Ordering.TIP) for case in cases} == {Ordering.TIP, Ordering.BUILDER}


def test_a_case_with_a_wrong_number_fails_on_both():
    case = json.loads((FIXTURES[0].parent / "transfer.json").read_text())
    case["post"]["balances"][1] += 1
    for ledger in (Fast, Plain):
        with pytest.raises(AssertionError):
            play(ledger(case["deployment"], case["genesis"], {}), case)
