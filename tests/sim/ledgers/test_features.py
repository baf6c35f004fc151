"""Features of accounts equal those that a plain loop over transactions counts, on random ledgers."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

import sim
from chain.layout import NOBODY, Kind
from chain.status import Status
from sim.ledgers.features import ratio, sums
from tests.sim.ledgers.examples import payments, random_market, random_shop


def recounted(ledger):
    """By address and column: what accounts did, from the blocks and the last state, with dicts and loops alone."""
    found = defaultdict(Counter)
    heights, payees, payers, partners, ratings = (defaultdict(list) for _ in range(5))
    opened = int(ledger.history.genesis["head"].view(ledger.book.head.dtype)["registered"][0])
    jobs = {}
    for block in ledger.history.blocks[1:]:
        for tx, receipt in zip(block.transactions, block.receipts, strict=True):
            mine = found[int(tx.sender)]
            mine["transactions"] += 1
            mine["refused"] += int(receipt.status) != Status.OK
            mine["fees"] += int(receipt.fee)
            heights[int(tx.sender)].append(block.header.height)
            if receipt.status != Status.OK:
                continue
            other = {Kind.TRANSFER: tx.to, Kind.HIRE: tx.to}.get(tx.kind)
            if tx.kind == Kind.REGISTER:
                other = ledger.view("identities")["address"][opened]
                opened += 1
            if tx.kind == Kind.HIRE:
                jobs[int(receipt.subject)] = (int(tx.sender), int(tx.to))
            if tx.kind in (Kind.ACCEPT, Kind.DISPUTE):
                ratings[int(tx.sender)].append(int(tx.bps))
            if tx.kind == Kind.DISPUTE:
                mine["disputes_raised"] += 1
                found[jobs[int(tx.subject)][1]]["disputes_met"] += 1
            if other is not None and other != tx.sender:
                payees[int(tx.sender)].append(int(other))
                payers[int(other)].append(int(tx.sender))
    for client, provider in jobs.values():
        found[client]["jobs_as_client"] += 1
        found[provider]["jobs_as_provider"] += 1
        partners[client].append(provider)
        partners[provider].append(client)
    return found, heights, payees, payers, partners, ratings


@pytest.mark.parametrize("make", [*(lambda s=s: random_market(s) for s in range(5)), lambda: payments(30, 20, 15, 1)])
def test_features_are_what_a_plain_loop_counts(make, tmp_path):
    ledger = make()
    found, heights, payees, payers, partners, ratings = recounted(ledger)
    accounts = sim.ledger_frames(ledger.export(tmp_path / "one.ledger")).accounts
    assert len(accounts) > 8
    for row in accounts.itertuples():
        a, mine = row.address, found[row.address]
        for name in ("transactions", "fees", "jobs_as_client", "jobs_as_provider", "disputes_raised", "disputes_met"):
            assert getattr(row, name) == mine[name], (a, name)
        assert row.payees == len(set(payees[a]))
        assert row.payers == len(set(payers[a]))
        assert same(row.refused_share, mine["refused"] / mine["transactions"] if mine["transactions"] else math.nan)
        blocks = sorted(set(heights[a]))
        gaps = np.diff(blocks)
        assert (row.first_height, row.last_height) == ((blocks[0], blocks[-1]) if blocks else (NOBODY, NOBODY))
        assert row.active_blocks == len(blocks)
        assert same(row.gap_mean, gaps.mean() if gaps.size else math.nan)
        assert same(row.gap_std, gaps.std() if gaps.size else math.nan)
        top = max(Counter(partners[a]).values(), default=0) / len(partners[a]) if partners[a] else math.nan
        assert same(row.top_partner_share, top)
        assert same(row.rating_given_bps, np.mean(ratings[a]) if ratings[a] else math.nan)


def same(given, expected):
    return given == pytest.approx(expected, nan_ok=True)


def test_who_does_what_is_called_so(tmp_path):
    market = sim.ledger_frames(random_market(0).export(tmp_path / "a.ledger")).accounts
    assert market.role[[1, 2]].tolist() == ["provider", "provider"]
    assert market.role[market.jobs_as_client > market.jobs_as_provider].eq("client").any()
    shop = sim.ledger_frames(random_shop(0).export(tmp_path / "b.ledger")).accounts
    assert shop.role.tolist() == ["proposer", "seller", "seller", "seller", "consumers"]


def test_large_amounts_are_added_exactly():
    assert sums([0, 0, 1], [2**60 + 1, 2, 2**62 - 1], 2).tolist() == [2**60 + 3, 2**62 - 1]
    assert np.isnan(ratio(np.array([0]), np.array([0]))).all()
