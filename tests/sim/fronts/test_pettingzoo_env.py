"""The PettingZoo front: all agents of one world, roles with different spaces."""

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test, seed_test
from pettingzoo.utils.conversions import parallel_to_aec

from agents.encoding import FORMS
from chain.errors import InputError
from sim.fronts.pettingzoo_env import LedgerParallelEnv, parallel_env
from sim.scenario import resolve
from sim.scenarios import SCENARIOS
from tests.sim.fronts.answers import SCENARIOS_AND_FORMS, encodings

every_form = pytest.mark.parametrize(
    ("scenario", "form"), SCENARIOS_AND_FORMS, ids=[f"{scenario.name}-{form}" for scenario, form in SCENARIOS_AND_FORMS]
)


def make(scenario=SCENARIOS["service_market"], form=None, **given):
    forms = {role: encoding.form for role, encoding in encodings(scenario, form).items()}
    return LedgerParallelEnv(scenario, **{"preset": "minimal", "form": forms, **given})


def sample(env):
    return {agent: env.action_space(agent).sample() for agent in env.agents}


@every_form
def test_every_checker_passes_without_a_warning(scenario, form, capsys):
    parallel_api_test(make(scenario, form))
    parallel_seed_test(lambda: make(scenario, form))
    assert "Passed Parallel API test" in capsys.readouterr().out


def test_it_is_turned_into_one_agent_after_another_by_pettingzoo_itself():
    """The masks in the infos are those that the checker samples with."""
    seed_test(lambda: parallel_to_aec(make()), num_cycles=30)


def test_agents_are_named_by_role_and_number_and_roles_have_different_spaces():
    env = make()
    assert parallel_env is LedgerParallelEnv
    assert env.possible_agents == [*(f"client_{k}" for k in range(6)), *(f"provider_{k}" for k in range(3))]
    assert env.agents == []
    assert env.observation_space("client_0").shape != env.observation_space("provider_0").shape
    assert env.observation_space("client_0") is env.observation_space("client_5")
    assert env.action_space("client_0") is not env.action_space("client_5")
    assert env.action_space("client_0").nvec.tolist() == [17, 4]
    assert env.action_space("provider_0").shape == (2,)
    assert env.metadata["name"] == "service_market_v0"
    assert (env.max_num_agents, str(env)) == (9, "service_market_v0")


def test_fields_and_forms_are_given_by_role():
    env = LedgerParallelEnv(preset="minimal", fields={"client": ["hire"]}, form={"client": "discrete"}, need_bps=5_000)
    assert env.action_space("client_0").n == 17
    assert env.action_space("provider_0").shape == (2,)
    assert env.parameters.need_bps == 5_000


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_rewards_add_up_to_the_gains_and_everybody_ends_at_the_horizon(scenario):
    env = make(scenario)
    env.reset(seed=2)
    total, steps = dict.fromkeys(env.possible_agents, 0.0), 0
    while env.agents:
        seen, rewards, terminations, truncations, infos = env.step(sample(env))
        for returned in (seen, rewards, terminations, truncations, infos):
            assert list(returned) == env.possible_agents
        assert set(terminations.values()) == {not env.agents}
        assert not any(truncations.values())
        assert all(env.observation_space(agent).contains(view) for agent, view in seen.items())
        total = {agent: total[agent] + reward for agent, reward in rewards.items()}
        steps += 1
    assert steps == env.world.economy.ticks
    gains = env.world.economy.gains()
    for role in scenario.roles:
        scale = resolve(role.reward_scale, env.parameters)
        ours = [value for agent, value in total.items() if agent.startswith(role.name)]
        np.testing.assert_allclose(ours, gains[role.name] / scale, rtol=1e-9, atol=1e-9)


def test_two_with_one_seed_are_equal_and_two_with_different_seeds_are_not():
    digests = []
    for seed in (4, 4, 5):
        env = make()
        env.reset(seed=seed)
        rng = np.random.default_rng(0)
        while env.agents:
            env.step({agent: rng.uniform(-1, 1, 2) for agent in env.agents if agent.startswith("provider")})
        digests.append(env.world.digest())
    assert digests[0] == digests[1] != digests[2]


def test_a_reset_goes_on_to_the_next_episode_and_a_seed_begins_anew():
    env = make(seed=3)
    first, _ = env.reset()
    second, _ = env.reset()
    assert (env.run_seed, env.episode) == (3, 1)
    again, _ = env.reset(seed=3)
    assert env.episode == 0
    assert all(np.array_equal(first[agent], again[agent]) for agent in first)
    assert any(not np.array_equal(first[agent], second[agent]) for agent in first)


def test_masks_are_given_where_actions_can_be_invalid():
    env = make(form="discrete")
    env.reset(seed=1)
    while env.agents:
        _, _, _, _, infos = env.step(sample(env))
        there = env.world.economy.views["client"]["offers"]["address"] >= 0
        for k in range(6):
            mask = infos[f"client_{k}"]["action_mask"]
            assert mask.dtype == np.int8
            hires = mask.reshape(17, 4)
            assert np.array_equal(hires[1:].any(axis=1), there[k])
            assert hires[0].all()
        assert infos["provider_0"] == {}
    assert all(info == {} for info in make(form="box").reset()[1].values())


def test_a_step_returns_dicts_and_arrays_of_its_own():
    env = make()
    first, _ = env.reset(seed=0)
    kept = {agent: view.copy() for agent, view in first.items()}
    _, rewards, terminations, _, infos = env.step(sample(env))
    rewards.clear()
    terminations.clear()
    infos["client_0"]["mine"] = 1
    _, rewards, _, _, infos = env.step(sample(env))
    assert len(rewards) == 9
    assert "mine" not in infos["client_0"]
    assert all(np.array_equal(first[agent], kept[agent]) for agent in first)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ({"provider_0": [np.nan, 0]}, "action: price is nan, allowed is -1 to 1"),
        ({"provider_2": [0, 2.0]}, "action: effort_bps is 2.0"),
        ({"provider_0": [0, 0], "provider_1": [0]}, "action: no array"),
        ({"provider_0": None}, "allowed are numbers"),
        ({"client_0": [0, 0], "client_1": [0, 4]}, "action: answer is 4, allowed is 0 to 3"),
        ({"client_9": [0, 0]}, r"actions: agent 'client_9' given; .*did you mean client_"),
        ({"client_0": [0, 0], 3: [0, 0]}, "actions: agent 3 given"),
    ],
)
def test_wrong_actions_are_refused_by_name_and_nothing_has_happened(actions, message):
    env = make()
    env.reset(seed=1)
    before = env.world.digest()
    with pytest.raises(InputError, match=message):
        env.step(actions)
    assert env.world.digest() == before
    env.step(sample(env))
    assert env.world.digest() != before


def test_a_step_outside_an_episode_asks_for_a_reset():
    env = make()
    for _ in "ab":
        with pytest.raises(InputError, match="step: no episode is under way, allowed is after reset"):
            env.step({})
        env.reset()
        while env.agents:
            env.step({})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fields": {"clients": ["hire"]}}, r"role: 'clients' given; .*did you mean client\?"),
        ({"fields": {"client": ["hires"]}}, "fields: 'hires' given"),
        ({"form": {"seller": "box"}}, "role: 'seller' given"),
        ({"form": {"client": "cube"}}, "form: 'cube' given"),
        ({"seed": -1}, "seed: -1 given"),
        ({"scenario": "market"}, "scenario: 'market' given"),
        ({"clints": 3}, "clints: no such parameter"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message):
        LedgerParallelEnv(**{"preset": "minimal", **given})


def test_a_wrong_seed_is_refused_and_the_episode_goes_on():
    env = make(seed=3)
    env.reset()
    with pytest.raises(InputError, match=r"seed: 1\.5 given"):
        env.reset(seed=1.5)
    env.step(sample(env))
    assert env.run_seed == 3


@pytest.mark.parametrize("agents", [1, 7, 200])
def test_any_number_of_agents_plays(agents):
    env = make(clients=agents, providers=agents)
    env.reset(seed=0)
    assert env.num_agents == 2 * agents
    for _ in range(5):
        env.step(sample(env))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_hundred_thousand_random_steps_keep_the_contract(form):
    env = make(form=form)
    env.reset(seed=0)
    for step in range(100_000 // 9 + 1):
        _, rewards, *_ = env.step(sample(env))
        assert np.isfinite(list(rewards.values())).all()
        if not env.agents:
            env.reset(seed=step)
