"""A batch of worlds: whatever shares the work, and wherever an account lies, the outcome is the same."""

import numpy as np
import pytest

from chain.errors import InputError
from sim.metrics import METRICS
from tests.chain.markets import python
from tests.sim.worlds import ANYTHING, MARKET, Fugitive, play, world

LINE_UPS = {
    "default": None,
    "thompson against undercutting": {"client": "thompson", "provider": "undercutting"},
    "random against low effort": {"client": "random", "provider": "low_effort"},
    "cheapest against fugitives": {"client": "cheapest", "provider": Fugitive()},
    "anything": ANYTHING,
}
line_ups = pytest.mark.parametrize("policies", LINE_UPS.values(), ids=LINE_UPS)


def digests():
    """Digests of the preset `minimal`, one per line-up."""
    return [play(policies, seeds=[7])[0].digest() for policies in LINE_UPS.values()]


PROGRAM = "from tests.sim.test_world import digests; from chain.rule import MODE; print(MODE, *digests())"


@pytest.mark.slow
def test_interpreted_and_compiled_runs_give_the_same_bytes():
    interpreted = python(PROGRAM, NUMBA_DISABLE_JIT="1").split()
    compiled = python(PROGRAM).split()
    assert (interpreted[0], compiled[0]) == ("interpreted", "compiled")
    assert interpreted[1:] == compiled[1:]
    assert len(set(compiled[1:])) == len(LINE_UPS)


@pytest.mark.slow
def test_bounds_checked_runs_give_the_same_bytes_and_read_nothing_out_of_bounds():
    checked = python(PROGRAM, NUMBA_BOUNDSCHECK="1").split()
    assert checked[0] == "checked"
    assert checked[1:] == python(PROGRAM).split()[1:]


@line_ups
def test_a_batch_of_64_worlds_equals_64_single_worlds(policies):
    batch, _ = play(policies, seeds=np.arange(64))
    singles = [play(policies, seeds=[seed])[0].digest() for seed in range(64)]
    assert [batch.digest(w) for w in range(64)] == singles
    assert len(set(singles)) == 64


@line_ups
def test_one_thread_and_two_give_the_same_bytes(policies):
    alone, _ = play(policies, seeds=np.arange(33))
    shared, _ = play(policies, seeds=np.arange(33), threads=2)
    assert alone.digest() == shared.digest()


def test_more_threads_than_worlds_are_no_harm():
    assert play(seeds=[1, 2], threads=8)[0].digest() == play(seeds=[1, 2])[0].digest()


def by_name(played, outcome):
    """What happened, with names for addresses: what must not depend on where an account lies."""
    book = played.economy.book
    name_of = book.accounts["name"][0]
    jobs = book.jobs[0][: int(book.terms["opened"][0, 0])].copy()
    for column in ("client", "provider"):
        jobs[column] = name_of[jobs[column]]
    identities = book.identities[0][["owner", "latest", "since"]].tolist()
    metrics = {name: float(METRICS[name].of(outcome)[0]) for name in MARKET.metrics}
    tallies = [getattr(outcome, part)[0].tolist() for part in ("clients", "providers", "ticks", "trades", "wealth")]
    balances = book.accounts["balance"][0][book.identities["address"][0]].tolist()
    return metrics, tallies, jobs.tolist(), identities, balances


@line_ups
@pytest.mark.parametrize("seed", range(4))
def test_permuting_the_rows_of_accounts_changes_no_outcome(policies, seed):
    rows = np.random.default_rng(seed).permutation(6 + 3 + 1 + 4)
    given = {"seeds": [seed], "spare": 4, "horizon": 12}
    plain, permuted = play(policies, **given), play(policies, rows=rows, **given)
    np.testing.assert_equal(by_name(*plain), by_name(*permuted))
    assert plain[0].digest() != permuted[0].digest()


def test_fugitives_do_re_enter_and_their_money_stays_theirs():
    """The property above covers new identities; what an agent owns is counted over all of them."""
    played, outcome = play(LINE_UPS["cheapest against fugitives"], seeds=np.arange(20), spare=4, horizon=12)
    head, book = played.economy.book.head[:, 0], played.economy.book
    assert (head["registered"] > 10).all()
    held = (book.accounts["balance"] + book.stakes["bonded"] + book.stakes["unbonding"]).sum(axis=1)
    assert np.array_equal(outcome.wealth.sum(axis=1) + head["tips"], held)


def test_worlds_that_share_a_seed_differ_by_their_coordinate():
    batch, _ = play(seeds=[5, 5], worlds=[0, 1])
    assert batch.digest(0) != batch.digest(1)
    assert batch.digest(0) == play(seeds=[5])[0].digest()


def test_two_episodes_differ_and_an_episode_repeated_is_equal():
    played = world({"client": "thompson"}, seeds=[1, 2])
    first, types = [], []
    for episode in (0, 1, 0):
        played.begin(episode)
        assert not any(memory.view(np.uint8).any() for memory in played.memory.values()), "memories start empty"
        played.play()
        first.append(played.digest())
        types.append(played.economy.private.tastes.copy())
    assert first[0] == first[2] != first[1]
    assert np.array_equal(types[0], types[2])
    assert (types[0] != types[1]).any()


def test_needs_and_types_are_equal_in_all_arms():
    """Common random numbers: what is exogenous does not depend on who plays."""
    parts = []
    for policies in LINE_UPS.values():
        played, outcome = play(policies, seeds=[3, 4])
        parts.append((outcome.ticks["requests"], outcome.best.surplus, played.economy.private.tastes, outcome.costs))
    for other in parts[1:]:
        np.testing.assert_equal(parts[0], other)


def test_the_outcome_of_a_delivery_is_equal_in_all_arms():
    """The same client, provider and tick: the same quality at the same effort, whatever it costs."""

    def qualities(price):
        def provider(view, memory, dice):
            return {"price": view["cost"] * 0 + price, "effort_bps": 5_000}

        def client(view, memory, dice):
            return {"hire": 0, "limit": 2**40, "answer": 1}

        played, _ = play({"client": client, "provider": provider}, seeds=[9], services=1, providers=1, capacity_low=8)
        jobs = played.economy.book.jobs[0]
        return {(j["client"], j["provider"], j["tick"]): j["quality_bps"] for j in jobs if j["phase"] > 0}

    cheap, dear = qualities(1_000_000), qualities(70_000_000)
    common = cheap.keys() & dear.keys()
    assert len(common) > 10
    assert {cheap[deal] for deal in common} == {0, 10_000}
    assert all(cheap[deal] == dear[deal] for deal in common)


def test_play_tells_its_progress():
    told = []
    played = world(seeds=[0])
    played.play(lambda done, total: told.append((done, total)))
    assert played.done
    assert told == [(tick, 15) for tick in range(1, 16)]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"hires": 1}, "'hires' given; allowed are hire, limit, answer, rating_bps, tip; did you mean hire?"),
        ({"hire": np.zeros(5)}, "hire has type float64 and shape \\(5,\\), allowed is one number or 6 of them"),
        ({"hire": np.zeros((6, 1))}, "hire has type float64 and shape \\(6, 1\\)"),
        ({"hire": np.nan}, "hire is nan, allowed is -1 to 15"),
        ({"limit": np.full(6, np.inf)}, "limit is inf"),
        ({"hire": 16}, "hire is 16, allowed is -1 to 15"),
        ({"tip": -1}, "tip is -1, allowed is 0 to"),
        ({"rating_bps": [0, 0, 0, 10_001, 0, 0]}, "rating_bps is 10001, allowed is -1 to 10000"),
        ({"hire": "first"}, "hire has type"),
        ({"hire": np.array([None] * 6)}, "hire has type object"),
        ({"hire": [[1], [1, 2]]}, "hire is no array"),
        ([1, 2], "list given, allowed is a dict"),
    ],
)
def test_a_bad_action_is_an_error_that_names_the_field(action, message):
    played = world({"client": lambda view, memory, dice: action}, seeds=[0])
    before = played.digest()
    with pytest.raises(InputError, match=f"action of client: .*{message}"):
        played.step()
    assert played.digest() == before


def test_a_policy_can_not_forge_what_it_is_shown():
    """A client that wrote a need into its view would be served, and gain more than the planner knows of."""

    def forger(view, memory, dice):
        view["need"] = 0
        return {"hire": 0}

    with pytest.raises(ValueError, match="read-only"):
        play({"client": forger}, seeds=[0])


def test_actions_are_rounded_to_whole_units_and_completed_with_defaults():
    role = MARKET.role("provider")
    actions = role.read({"price": np.array([1.4, 1.6, 2.5])}, 3)
    assert actions["price"].tolist() == [1, 2, 2]
    assert actions["effort_bps"].tolist() == [10_000] * 3
    assert actions["stake"].tolist() == [-1] * 3


def test_an_unknown_role_is_an_error_with_the_nearest_name():
    with pytest.raises(InputError, match=r"role: 'clients' given; allowed are client, provider; did you mean client\?"):
        world({"clients": "random"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"client": 3}, "client: no such parameter of service_market; .*did you mean clients?"),
        ({"clients": 0}, "clients: 0 given, .*1 to 1000000 agents"),
        ({"clients": 2.0}, "clients: 2.0 given"),
        ({"value_low": 200_000_000}, "value_low.* value_high"),
        ({"preset": "small"}, "preset: 'small' given; allowed are minimal, standard, monopoly, large"),
    ],
)
def test_a_bad_parameter_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message):
        world(**given)


def test_a_view_shows_no_private_truth_of_others():
    """Effort, the quality of open jobs, others' values and costs are in no view."""
    shown = {role.name: {column.name for column in role.view} for role in MARKET.roles}
    offered = {column.name for role in MARKET.roles for part in role.view for column in part.of}
    assert not shown["client"] & {"cost", "effort_cost", "effort_bps", "owner", "skill_bps"}
    assert not shown["provider"] & {"value", "owner", "quality_bps"}
    assert offered == {"address", "price", "rating_bps", "ratings"}
