"""Agents that are played from outside, among a background that plays as it does in `sim.run`."""

import numpy as np
import pytest

import sim
from agents.registry import POLICIES
from chain.errors import InputError
from sim.encodings import encoding_of
from sim.fronts.focal import Focal, hold, worlds_of
from sim.fronts.pettingzoo_env import LedgerParallelEnv
from sim.scenario import resolve
from sim.scenarios import SCENARIOS
from sim.world import World
from tests.sim.fronts.answers import EVERY_ROLE, ROLES, Replay, WorkedOut, drawn, encodings, worked_out
from tests.sim.fronts.test_same_ledger import last_digests

MARKET = SCENARIOS["service_market"]
every_role = pytest.mark.parametrize(("scenario", "role"), ROLES, ids=EVERY_ROLE)


@every_role
@pytest.mark.parametrize("focal", [False, True], ids=["whole role", "focal"])
def test_outside_answers_that_a_policy_would_give_write_the_ledger_of_sim_run(scenario, role, focal):
    """The background draws by the same dice, sees the same views and remembers the same, whoever plays beside it."""
    encoding = encodings(scenario, None)[role]
    for names in [{other: name} for other in POLICIES for name in POLICIES[other] if other in encodings(scenario, None)]:
        policies = names | {role: WorkedOut(encoding)}
        rows = sim.run(scenario.name, policies, seeds=[5], preset="minimal")
        env = sim.make_vec_env(scenario, role, 1, preset="minimal", seed=5, focal=focal, policies=policies)
        kept, seen, done = last_digests(env), env.reset(), [False]
        while not done[0]:
            seen, _, done, _ = env.step(worked_out(encoding, seen))
        assert kept == rows["digest"].tolist(), names


def test_absent_agents_play_their_policies_as_in_sim_run():
    """PettingZoo: a whole role that answers nothing, and a role that answers in part."""
    encoding = encodings(MARKET, None)["provider"]
    policies = {"client": "thompson", "provider": WorkedOut(encoding)}
    expected = sim.run("service_market", policies, seeds=[9], preset="minimal")["digest"].tolist()
    for present in ([], ["provider_1"], ["provider_0", "provider_2"]):
        env = LedgerParallelEnv(preset="minimal", policies=policies)
        seen, _ = env.reset(seed=9)
        while env.agents:
            seen, _, _, _, _ = env.step({name: worked_out(encoding, seen[name][None])[0] for name in present})
        assert [env.world.digest(0)] == expected


def test_every_background_role_is_asked_once_a_tick_for_all_its_agents():
    encoding = encodings(MARKET, None)["client"]
    client = Replay(encoding, [drawn(encoding, 6, tick) for tick in range(15)])
    env = sim.make_vec_env("service_market", "client", 4, preset="minimal", focal=True, policies={"client": client})
    env.reset()
    for tick in range(10):
        env.step(drawn(encoding, 4, tick))
    assert client.calls == [4 * 6] * 10


def test_the_background_never_sees_what_the_focal_agents_answer_in_the_same_tick():
    """Two answers, one state: the same views, and the same proposals of the peers."""
    shown = []

    def provider(view, memory, dice):
        shown.append(view.copy())
        return {"price": dice.uniform()[:, 0] * 10**8}

    parameters = MARKET.settings("minimal", {})
    encoding = encoding_of(MARKET, "provider", parameters)
    books = []
    for answer in (-1.0, 1.0):
        world = worlds_of(MARKET, parameters, {"provider": provider}, worlds=2)
        focal, rows = Focal(world, encoding), slice(None, None, 3)
        hold(world, [(focal, rows, encoding.act(np.full((2, 2), answer), 2))], 1)
        books.append(world.economy.book.offers["price"].copy())
    assert np.array_equal(*shown)
    assert books[0][:, 6].tolist() == [0, 0]
    assert books[1][:, 6].tolist() == [parameters.value_high] * 2
    assert np.array_equal(books[0][:, 7:9], books[1][:, 7:9])
    assert (books[0][:, 7:9] > 0).all()


def test_a_role_that_is_played_from_outside_is_not_asked():
    def never(view, memory, dice):
        raise AssertionError

    env = sim.make_vec_env("service_market", "provider", 2, preset="minimal", policies={"provider": never})
    env.reset()
    env.step(np.zeros((6, 2)))


@every_role
def test_the_rewards_of_an_episode_add_up_to_the_gains(scenario, role):
    encoding, parameters = encodings(scenario, None)[role], scenario.settings("minimal", {})
    world = worlds_of(scenario, parameters, None, worlds=3)
    focal, total = Focal(world, encoding), 0.0
    assert not any(gained.any() for gained in world.economy.gains().values()), "nothing is gained before the first tick"
    while not world.done:
        hold(world, [(focal, None, encoding.act(drawn(encoding, focal.size, world.tick), focal.size))], 1)
        total = total + focal.rewards(world.economy.gains()[role], np.empty(focal.size))
    final = world.economy.gains()[role] / resolve(scenario.role(role).reward_scale, parameters)
    np.testing.assert_allclose(total, final, rtol=1e-9, atol=1e-9)
    assert np.array_equal(focal.returns(), final)
    assert final.any()


@pytest.mark.parametrize("ticks", [1, 2, 4, 100])
def test_an_answer_is_held_for_so_many_ticks_and_never_beyond_the_horizon(ticks):
    parameters = MARKET.settings("minimal", {})
    encoding = encoding_of(MARKET, "provider", parameters)
    held, single = (worlds_of(MARKET, parameters, {"client": "thompson"}) for _ in "ab")
    ours, theirs = Focal(held, encoding), Focal(single, encoding)
    step = 0
    while not held.done:
        fields = encoding.act(drawn(encoding, 3, step), 3)
        hold(held, [(ours, None, fields)], ticks)
        for _ in range(min(ticks, 15 - single.tick)):
            hold(single, [(theirs, None, fields)], 1)
        assert held.digest() == single.digest()
        step += 1
    assert step == -(-15 // ticks)


def test_peers_keep_their_memory():
    """Where one client is focal, the others learn on: each remembers what it would have without it."""
    world = worlds_of(MARKET, MARKET.settings("minimal", {}), {"client": "thompson"}, worlds=2)
    encoding = encoding_of(MARKET, "client", world.parameters)
    focal = Focal(world, encoding)
    while not world.done:
        hold(world, [(focal, slice(None, None, 6), encoding.act(np.zeros((2, 2), np.int64), 2))], 1)
    memory = world.memory["client"]
    assert memory.size == 12
    assert sum((memory[name] != 0).any() for name in memory.dtype.names) > 0


def test_a_focal_agent_takes_over_nothing_of_what_its_policy_proposed():
    """Fields that are not learned stay at their defaults; those of the peers are the policy's."""

    def tipping(view, memory, dice):
        return {"price": 50_000_000, "tip": 7}

    world = worlds_of(MARKET, MARKET.settings("minimal", {}), {"provider": tipping}, worlds=2)
    encoding = encoding_of(MARKET, "provider", world.parameters)
    proposed = world.actions(["provider"])["provider"]
    assert proposed["tip"].tolist() == [7] * 6
    rows = slice(None, None, 3)
    actions = Focal(world, encoding).among(proposed, rows, encoding.act(np.ones((2, 2)), 2))
    assert actions["tip"].tolist() == [0, 7, 7] * 2
    assert actions["effort_bps"].tolist() == [10_000] * 6
    assert actions["price"].tolist() == [world.parameters.value_high, 50_000_000, 50_000_000] * 2


def test_worlds_share_the_run_seed_and_differ_by_their_coordinate():
    world = worlds_of(MARKET, MARKET.settings("minimal", {}), None, worlds=3, seed=8)
    one = World(MARKET, world.parameters, seeds=[8])
    assert world.economy.book.head["seed"].ravel().tolist() == [8, 8, 8]
    assert world.economy.book.head["world"].ravel().tolist() == [0, 1, 2]
    assert world.digest(0) == one.digest(0)


def test_a_policy_from_outside_is_named_when_it_fails():
    def broken(view, memory, dice):
        return {"price": np.nan}

    world = worlds_of(MARKET, MARKET.settings("minimal", {}), {"provider": broken})
    with pytest.raises(InputError, match="policy provider=broken: action of provider: price is nan"):
        hold(world, [], 1)


def test_more_worlds_than_fit_in_memory_are_refused_before_anything_is_built():
    with pytest.raises(InputError, match=r"worlds: 1048576 given, allowed are at most \d+ of service_market that fit in memory"):
        worlds_of(MARKET, MARKET.settings("large", {}), None, worlds=2**20)
