"""The Gymnasium front: one focal agent, registered ids, and every checker without a warning."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from sb3_contrib.common.maskable.utils import get_action_masks
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

import sim
from agents.encoding import FORMS
from agents.scripted.going_rate import LowEffort
from agents.scripted.thompson import Thompson
from chain.errors import InputError
from sim.encodings import encoding_of
from sim.fronts.gymnasium_env import LedgerEnv
from sim.fronts.ids import ids
from sim.scenario import resolve
from sim.scenarios import SCENARIOS
from tests.sim.fronts.answers import EVERY_ROLE, ROLES

every_role = pytest.mark.parametrize(("scenario", "role"), ROLES, ids=EVERY_ROLE)
MARKET = "sim:ledgerlab/ServiceMarket-v0"


def id_of(scenario):
    return next(f"sim:{name}" for name, given in ids().items() if given == scenario.name)


def make(role="provider", **given):
    return gymnasium.make(MARKET, **{"role": role, "preset": "minimal", **given})


def played(env, seed, steps=15):
    """Random steps from a seeded reset: views, rewards, ends and infos."""
    env.action_space.seed(seed)
    out = [env.reset(seed=seed)]
    for _ in range(steps):
        out.append(env.step(env.action_space.sample()))
    return out


def test_every_scenario_has_an_id_and_every_id_is_a_scenario():
    gymnasium.register_envs(sim)
    assert sorted(ids().values()) == sorted(SCENARIOS)
    for name, scenario in ids().items():
        env = gymnasium.make(name)
        assert isinstance(env, LedgerEnv), "no wrappers around it"
        assert env.spec.id == name
        assert env.scenario is SCENARIOS[scenario]
        assert env.role == SCENARIOS[scenario].roles[0].name


PROGRAMS = {
    "gymnasium first": "import gymnasium, sim",
    "sim first": "import sim; assert 'gymnasium' not in sys.modules; import gymnasium",
    "through make alone": "import gymnasium",
}


@pytest.mark.parametrize("first", PROGRAMS.values(), ids=PROGRAMS)
def test_ids_are_registered_whichever_is_imported_first(first):
    make = "print(gymnasium.make('sim:ledgerlab/PostedPrice-v0', preset='minimal').spec.id)"
    program = f"import sys; {first}; {make}; assert not any('OnceImported' in repr(finder) for finder in sys.meta_path)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("ledgerlab/PostedPrice-v0\n", 0), done.stderr


def test_importing_sim_imports_no_framework():
    program = "import sim, sys; print(sorted({'numpy', 'gymnasium', 'torch', 'mesa', 'pandas', 'numba'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


@every_role
@pytest.mark.parametrize("form", [*FORMS, None])
@pytest.mark.parametrize("frame_skip", [1, 3])
def test_every_checker_passes_without_a_warning(scenario, role, form, frame_skip):
    env = gymnasium.make(id_of(scenario), role=role, form=form, preset="minimal", frame_skip=frame_skip)
    check_env(env)
    check_env_of_sb3(env)


def test_a_seed_gives_the_run_seed_through_np_random():
    env = make()
    env.reset(seed=7)
    assert env.run_seed == np.random.Generator(np.random.PCG64(7)).integers(2**63 - 1)
    assert env.world.economy.book.head["seed"].item() == env.run_seed
    first = env.run_seed
    env.reset()
    assert (env.run_seed, env.episode) == (first, 1)
    env.reset(seed=7)
    assert (env.run_seed, env.episode) == (first, 0)
    env.reset(seed=8)
    assert env.run_seed != first


def test_without_any_seed_the_first_reset_draws_one():
    seeds = set()
    for _ in range(3):
        env = make()
        env.reset()
        seeds.add(env.run_seed)
    assert len(seeds) == 3


def test_two_with_one_seed_are_equal_and_two_with_different_seeds_are_not():
    a, b, c = (played(make("client"), seed) for seed in (5, 5, 6))
    assert all(np.array_equal(x[0], y[0]) and x[1] == y[1] for x, y in zip(a[1:], b[1:], strict=True))
    assert any(not np.array_equal(x[0], y[0]) for x, y in zip(a, c, strict=True))


@every_role
def test_the_rewards_add_up_to_the_gains_and_the_end_is_terminal(scenario, role):
    env = gymnasium.make(id_of(scenario), role=role, preset="minimal")
    ticks = env.world.economy.ticks
    steps = played(env, 3, ticks)[1:]
    assert [(terminated, truncated) for _, _, terminated, truncated, _ in steps] == [(False, False)] * (ticks - 1) + [
        (True, False)
    ]
    gained = env.world.economy.gains()[role][0] / resolve(scenario.role(role).reward_scale, env.parameters)
    assert sum(reward for _, reward, *_ in steps) == pytest.approx(gained)
    assert all(type(reward) is float for _, reward, *_ in steps)
    last = env.encoding.observe(env.world.economy.views[role][:1])[0]
    assert np.array_equal(steps[-1][0], last), "what is returned last is the last view of the episode"


def test_masks_are_what_sampling_and_maskable_learners_take():
    for form, levels in (("multidiscrete", 21), ("discrete", 68)):
        env = make("client", form=form)
        _, info = env.reset(seed=3)
        refused = 0
        for _ in range(15):
            mask = get_action_masks(env)
            assert (mask.shape, mask.dtype) == ((levels,), bool)
            parts = info["action_mask"] if form == "multidiscrete" else (info["action_mask"],)
            assert np.array_equal(np.concatenate(parts).astype(bool), mask)
            action = env.action_space.sample(mask=info["action_mask"])
            assert mask[action[0] if form == "multidiscrete" else action]
            refused += int((~mask).sum())
            info = env.step(action)[4]
        assert refused > 0
    env = make("provider")
    assert env.reset()[1] == {}
    with pytest.raises(InputError, match="the form box has none"):
        env.action_masks()


def test_an_invalid_action_does_nothing():
    """An offer that is not there: the same ledger as hiring nobody."""
    digests = []
    for invalid in (True, False):
        env = make("client", policies={"provider": "cost_plus"}, form="multidiscrete")
        _, info = env.reset(seed=3)
        for _ in range(15):
            missing = np.flatnonzero(info["action_mask"][0] == 0)
            info = env.step([missing[0] if invalid else 0, 3])[4]
        digests.append(env.world.digest())
    assert digests[0] == digests[1]


def test_a_step_outside_an_episode_asks_for_a_reset():
    env = make()
    with pytest.raises(ResetNeeded, match="step: no episode is under way, allowed is after reset"):
        env.step([0, 0])
    played(env, 1)
    with pytest.raises(ResetNeeded):
        env.step([0, 0])
    env.reset()
    env.step([0, 0])


@pytest.mark.parametrize(
    ("role", "form", "action", "message"),
    [
        ("provider", "box", [np.nan, 0], "action: price is nan, allowed is -1 to 1"),
        ("provider", "box", [0, -1.5], "action: effort_bps is -1.5"),
        ("provider", "box", [0], r"action: shape \(1, 1\) of"),
        ("provider", "box", None, "allowed are numbers"),
        ("client", "multidiscrete", [17, 0], "action: hire is 17, allowed is 0 to 16"),
        ("client", "multidiscrete", [0.5, 0], "whole numbers"),
        ("client", "discrete", -1, "action: action is -1, allowed is 0 to 67"),
    ],
)
def test_a_wrong_action_is_refused_by_name_and_nothing_has_happened(role, form, action, message):
    env = make(role, form=form)
    env.reset(seed=1)
    before = env.world.digest()
    with pytest.raises(InputError, match=message):
        env.step(action)
    assert env.world.digest() == before
    env.step(env.action_space.sample())
    assert env.world.digest() != before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"role": "providers"}, r"role: 'providers' given; .*did you mean provider\?"),
        ({"form": "cube"}, "form: 'cube' given"),
        ({"fields": ["prize"]}, r"fields: 'prize' given; .*did you mean price\?"),
        ({"preset": "tiny"}, "preset: 'tiny' given"),
        ({"policies": {"provider": "cost"}}, "policy provider=cost"),
        ({"frame_skip": 1.5}, "frame_skip: 1.5 given"),
        ({"worlds": 3}, "worlds: no such parameter"),
        ({"render_mode": "human"}, "render_mode: no such parameter"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*render_mode")
def test_a_wrong_setting_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message):
        make(**given)


def test_parameters_and_policies_reach_the_world():
    env = make("client", clients=3, policies={"client": "thompson", "provider": "low_effort"}, fields=["hire"], form="discrete")
    assert env.world.policies == {"client": Thompson(), "provider": LowEffort()}
    assert (env.parameters.clients, env.action_space.n) == (3, 17)
    assert env.encoding == encoding_of(SCENARIOS["service_market"], "client", env.parameters, ["hire"], "discrete")


def test_a_learner_of_sb3_takes_it_as_it_is():
    PPO("MlpPolicy", make(), n_steps=16, batch_size=16, n_epochs=1, seed=0, device="cpu").learn(32)


@pytest.mark.parametrize("agents", [1, 200])
def test_a_role_of_any_size_has_a_focal_agent(agents):
    for role in ("client", "provider"):
        assert len(played(make(role, **{role + "s": agents}), 2)) == 16


@pytest.mark.slow
@every_role
def test_a_hundred_thousand_random_steps_stay_within_the_space(scenario, role):
    env = gymnasium.make(id_of(scenario), role=role, preset="minimal")
    env.action_space.seed(0)
    env.reset(seed=0)
    for step in range(100_000):
        seen, reward, terminated, _, _ = env.step(env.action_space.sample())
        if step % 97 == 0:
            assert env.observation_space.contains(seen)
        assert np.isfinite(reward)
        if terminated:
            env.reset()
