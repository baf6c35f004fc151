"""EigenTrust as the reputation of the service market: whom it trusts, what praise among strangers is worth, where it is off."""

import numpy as np
import pytest

import sim
from agents.attacks.registry import ATTACKS
from chain.contracts.eigentrust import ONE
from chain.replay import audit
from sim.attack.attackers import attackers_of
from sim.scenarios import find
from tests.sim.worlds import MARKET, play, world

SYBIL = ATTACKS["sybil_rating"]
SEEDS = np.arange(10)
TABLES = ("trusting", "opinions", "trust")


def by_agent(book, values):
    """Values by account as values by name."""
    return np.take_along_axis(values, book.identities["address"], axis=1)


def beset(**given):
    """Worlds of the attack's setting in which a quarter of the providers, and the clients of their owners, praise each other."""
    given = {**SYBIL.setting, **given}
    attackers = attackers_of(MARKET, MARKET.settings("standard", given), SYBIL, 0.25)
    played, outcome = play(seeds=SEEDS, preset="standard", attackers=attackers, **given)
    return played.economy.book, outcome.attackers


def test_the_first_clients_are_trusted_beforehand_all_alike_and_at_least_one():
    for clients, pretrusted_bps, expected in ((6, 5_000, 3), (6, 10_000, 6), (7, 5_000, 3), (6, 1_000, 1), (6, 0, 1)):
        book = world(clients=clients, trust_every=1, pretrusted_bps=pretrusted_bps).economy.book
        weights = by_agent(book, book.trust["pretrust"])[0]
        assert np.abs(weights[:expected] - ONE // expected).max() < expected
        assert not weights[expected:].any()


def test_sybil_praise_brings_no_trust_where_clients_who_pay_are_trusted_beforehand():
    book, attackers = beset(trust_every=1)
    trust, score = by_agent(book, book.trust["trust"]), by_agent(book, book.trust["score_bps"])
    ratings = by_agent(book, book.reputation["ratings"])
    sybils = np.flatnonzero(attackers)
    providers = sybils[sybils >= 64]
    assert (sybils.size, providers.size) == (10, 2)
    praised = by_agent(book, book.reputation["points"]) > 0
    assert praised[:, providers].mean() > 0.5, "most have a good word, of their own clients"
    assert (ratings[:, providers] > 0).all()
    assert not trust[:, sybils].any()
    assert not score[:, sybils].any()
    honest = np.setdiff1d(np.arange(64, 72), providers)
    assert (trust[:, honest].sum(axis=1) > 0).all()
    assert (score[:, honest].max(axis=1) == 10_000).all()


def test_sybils_among_those_trusted_beforehand_bring_trust_to_their_own():
    book, attackers = beset(trust_every=1, pretrusted_bps=10_000)
    providers = np.flatnonzero(attackers)[-2:]
    assert (by_agent(book, book.trust["trust"])[:, providers].sum(axis=1) > 0).all()


def test_with_mean_ratings_there_are_no_tables_of_trust():
    book = world().economy.book
    assert [getattr(book, table).size for table in TABLES] == [0, 0, 0]


def test_what_clients_see_is_the_score_of_trust():
    played, _ = play(seeds=SEEDS, preset="standard", trust_every=1)
    book, views = played.economy.book, played.economy.views["provider"].reshape(SEEDS.size, -1)
    shown = np.take_along_axis(book.trust["score_bps"], views["address"], axis=1)
    assert np.array_equal(views["rating_bps"], shown)
    assert (shown > 0).any()
    mean, _ = play(seeds=SEEDS, preset="standard")
    assert not np.array_equal(mean.economy.views["provider"]["rating_bps"], views["rating_bps"].reshape(-1))


def test_trust_is_worked_out_every_so_many_blocks():
    played = world(seeds=SEEDS, trust_every=7)
    seen = [played.economy.book.trust["trust"].copy()]
    while not played.done:
        played.step()
        seen.append(played.economy.book.trust["trust"].copy())
    changed = [height for height in range(1, len(seen)) if not np.array_equal(seen[height - 1], seen[height])]
    assert changed
    assert all(height % 7 == 0 for height in changed)


@pytest.mark.parametrize("seed", range(3))
def test_permuting_the_rows_of_accounts_changes_no_trust(seed):
    rows = np.random.default_rng(seed).permutation(6 + 3 + 1 + 2)
    given = {"seeds": [seed], "trust_every": 1, "horizon": 12, "need_bps": 8_000}
    (plain, _), (permuted, _) = play(**given), play(rows=rows, **given)
    for column in ("trust", "pretrust", "score_bps"):
        values = [by_agent(played.economy.book, played.economy.book.trust[column]) for played in (plain, permuted)]
        assert np.array_equal(*values)
    assert (plain.economy.book.trust["trust"] > 0).sum() > 3


def test_worlds_in_a_batch_on_two_threads_or_after_an_earlier_episode_have_the_trust_of_one_alone():
    batch, _ = play(seeds=SEEDS, trust_every=2, threads=2)
    for w in (0, 9):
        alone, _ = play(seeds=SEEDS[w : w + 1], trust_every=2)
        assert alone.digest() == batch.digest(w)
    used = world(seeds=SEEDS, trust_every=2)
    used.play()
    used.begin(0)
    used.play()
    assert used.digest() == batch.digest()


def test_a_recorded_run_with_trust_is_executed_again(tmp_path):
    folder = sim.record("service_market", preset="minimal", seeds=2, trust_every=1, ledgers=True, out=tmp_path / "run")
    for path in (folder / "ledgers").iterdir():
        assert audit(path).batch.trust["trust"].sum() == ONE


@pytest.mark.parametrize("preset", ["minimal", "standard", "large"])
def test_every_preset_has_somebody_to_trust(preset):
    settings = find("service_market").settings(preset, {"trust_every": 1})
    assert settings.clients * settings.pretrusted_bps // 10_000 >= 1
