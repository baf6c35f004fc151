"""The front of Stable-Baselines3: thousands of worlds as one VecEnv."""

import numpy as np
import pytest
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.vec_env import VecEnv

import sim
from chain.errors import InputError
from sim.scenario import resolve
from sim.scenarios import SCENARIOS
from sim.world import World
from tests.sim.fronts.answers import EVERY_ROLE, ROLES, drawn

every_role = pytest.mark.parametrize(("scenario", "role"), ROLES, ids=EVERY_ROLE)


def make(role="provider", worlds=2, **given):
    return sim.make_vec_env("service_market", role, worlds, **{"preset": "minimal", **given})


def played(env, steps, seed=0):
    """So many random steps, from a reset: what was returned, step by step."""
    out = [(env.reset(), None, None, None)]
    for step in range(steps):
        out.append(env.step(drawn(env.encoding, env.num_envs, 1_000 * seed + step)))
    return out


def same(a, b):
    """Equal views, rewards and ends, step by step."""
    return all(
        np.array_equal(x, y)
        for one, other in zip(a, b, strict=True)
        for x, y in zip(one[:3], other[:3], strict=True)
        if x is not None
    )


@every_role
@pytest.mark.parametrize("form", ["box", "multidiscrete", "discrete", None])
def test_every_role_and_form_steps_within_its_spaces(scenario, role, form):
    env = sim.make_vec_env(scenario, role, 3, preset="minimal", form=form)
    assert isinstance(env, VecEnv)
    assert env.num_envs == env.world.economy.names[role].size
    for seen, rewards, done, infos in played(env, 20)[1:]:
        assert (seen.shape, seen.dtype) == ((env.num_envs, *env.observation_space.shape), np.float32)
        assert all(env.observation_space.contains(row) for row in seen)
        assert (rewards.shape, rewards.dtype, done.dtype) == ((env.num_envs,), np.float32, bool)
        assert len(infos) == env.num_envs
    assert env.action_space.contains(drawn(env.encoding, env.num_envs, 0)[0])


def test_it_says_what_it_is():
    env = make("client", 4, form="discrete", seed=3, need_bps=5_000)
    assert (env.scenario.name, env.role, env.preset, env.parameters.need_bps) == ("service_market", "client", "minimal", 5_000)
    assert env.encoding.form == "discrete"
    assert env.num_envs == 4 * 6
    assert make("client", 4, focal=True).num_envs == 4
    assert sim.make_vec_env(SCENARIOS["service_market"], "client", 1, preset="minimal").num_envs == 6


@every_role
@pytest.mark.parametrize("focal", [False, True], ids=["whole role", "focal"])
def test_the_terminal_observation_is_the_last_view_of_the_episode(scenario, role, focal):
    env = sim.make_vec_env(scenario, role, 2, preset="minimal", focal=focal, seed=4)
    env.reset()
    raw = World(scenario, env.parameters, seeds=[4, 4], worlds=[0, 1])
    agents = raw.economy.names[role].size // 2
    rows = slice(None, None, agents if focal else 1)
    rewards = 0.0
    while not raw.done:
        answer = drawn(env.encoding, env.num_envs, raw.tick)
        actions = raw.actions()
        actions[role][rows] = scenario.role(role).actions(1)[0]
        for name, values in env.encoding.act(answer, env.num_envs).items():
            actions[role][name][rows] = values
        raw.step(actions)
        seen, reward, done, infos = env.step(answer)
        rewards = rewards + reward.astype(float)
        assert done.all() == raw.done
        if not raw.done:
            assert infos == [{}] * env.num_envs
            assert np.array_equal(seen, env.encoding.observe(raw.economy.views[role][rows]))
    last = env.encoding.observe(raw.economy.views[role][rows])
    assert np.array_equal([info["terminal_observation"] for info in infos], last)
    gained = raw.economy.gains()[role][rows] / resolve(scenario.role(role).reward_scale, env.parameters)
    assert [info["episode"]["r"] for info in infos] == gained.tolist()
    np.testing.assert_allclose(rewards, gained, rtol=1e-5, atol=1e-5)
    assert {info["episode"]["l"] for info in infos} == {raw.economy.ticks}
    assert all(info["episode"]["t"] >= 0 and info["TimeLimit.truncated"] is False for info in infos)
    raw.begin(1)
    assert np.array_equal(seen, env.encoding.observe(raw.economy.views[role][rows])), "the next episode has begun"


def test_the_second_episode_counts_its_rewards_from_nothing():
    env = make()
    env.reset()
    for _ in "ab":
        total = np.zeros(6)
        for step in range(15):
            _, rewards, _, infos = env.step(drawn(env.encoding, 6, step))
            total += rewards
        np.testing.assert_allclose(total, [info["episode"]["r"] for info in infos], rtol=1e-5, atol=1e-5)
    assert env.episode == 2


def test_a_step_returns_arrays_of_its_own():
    env = make()
    first = env.reset()
    kept = first.copy()
    steps = [env.step(np.zeros((6, 2))) for _ in range(3)]
    steps[0][1][:] = 7.0
    assert np.array_equal(first, kept)
    assert not np.shares_memory(steps[0][0], steps[1][0])
    assert steps[1][1].max() < 7.0


def test_two_with_one_seed_are_equal_and_two_with_different_seeds_are_not():
    a, b, c = (played(make(seed=seed, policies={"client": "thompson"}), 40) for seed in (5, 5, 6))
    assert same(a, b)
    assert not same(a, c)


def test_threads_change_nothing():
    assert same(played(make(worlds=9), 20), played(make(worlds=9, threads=2), 20))


def test_every_reset_goes_on_to_the_next_episode_and_a_seed_begins_anew():
    env = make(seed=2)
    first = env.reset()
    env.step(np.zeros((6, 2)))
    second = env.reset()
    assert env.episode == 1
    assert not np.array_equal(first, second)
    assert env.seed(2) == [2] * 6
    assert np.array_equal(env.reset(), first)
    assert env.episode == 0
    env.seed(3)
    assert not np.array_equal(env.reset(), first)
    assert all(0 <= seed < 2**32 for seed in env.seed())


def test_frame_skip_holds_the_answer_and_sums_the_gains():
    skipping, single = make(frame_skip=4, seed=1), make(seed=1)
    skipping.reset()
    single.reset()
    for step in range(4):
        answer = drawn(single.encoding, 6, step)
        seen, reward, done, infos = skipping.step(answer)
        parts = [single.step(answer) for _ in range(4 if step < 3 else 3)]
        assert np.array_equal(seen, parts[-1][0])
        np.testing.assert_allclose(reward, sum(part[1] for part in parts), rtol=1e-5, atol=1e-6)
    assert done.all()
    assert infos[0]["episode"]["l"] == 4


def test_masks_are_false_where_an_offer_is_missing():
    env = make("client", 3, form="multidiscrete")
    played(env, 3)
    masks = env.action_masks()
    there = env.world.economy.views["client"]["offers"]["address"] >= 0
    assert np.array_equal(masks[:, 1:17], there)
    assert there.any()
    assert masks[:, [0, 17, 18, 19, 20]].all()
    assert np.array_equal(get_action_masks(env), masks)
    assert np.array_equal(env.env_method("action_masks", indices=[2, 0]), masks[[2, 0]])
    assert is_masking_supported(env)
    assert not is_masking_supported(make("client", form="box"))


def test_attributes_and_methods_are_those_of_all_rows():
    env = make()
    assert env.get_attr("role", [0, 3]) == ["provider", "provider"]
    assert (env.has_attr("encoding"), env.has_attr("nothing")) == (True, False)
    env.set_attr("note", 3)
    assert env.get_attr("note") == [3] * 6
    with pytest.raises(InputError, match="set_attr: note of some rows given, allowed are all"):
        env.set_attr("note", 4, indices=0)
    assert env.env_method("seed", 5, indices=0) == [[5] * 6]
    with pytest.raises(InputError, match=r"env_method: 'action_mask' given; allowed are .*; did you mean action_masks\?"):
        env.env_method("action_mask")
    with pytest.raises(AttributeError):
        env.get_attr("nothing")
    env.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"worlds": 0}, "worlds: 0 given, allowed is 1 to 1048576"),
        ({"worlds": 2.0}, "worlds: 2.0 given"),
        ({"worlds": -3}, "worlds: -3 given"),
        ({"role": "providers"}, r"role: 'providers' given; allowed are client, provider; did you mean provider\?"),
        ({"scenario": "market"}, "scenario: 'market' given"),
        ({"preset": "tiny"}, "preset: 'tiny' given"),
        ({"fields": ["prices"]}, r"fields: 'prices' given; .* did you mean price\?"),
        ({"fields": []}, "fields: none given"),
        ({"form": "cube"}, "form: 'cube' given, allowed are box, multidiscrete, discrete"),
        ({"frame_skip": 0}, "frame_skip: 0 given"),
        ({"seed": -1}, "seed: -1 given"),
        ({"threads": 0}, "threads: 0 given, allowed is 1 to 1024"),
        ({"policies": {"client": "cheap"}}, r"policy client=cheap: .* did you mean cheapest\?"),
        ({"policies": {"clients": "cheapest"}}, "role: 'clients' given"),
        ({"clints": 3}, "clints: no such parameter"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message) as error:
        sim.make_vec_env(**{"scenario": "service_market", "role": "provider", "worlds": 2, "preset": "minimal", **given})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("role", "form", "actions", "message"),
    [
        ("provider", "box", np.full((6, 2), np.nan), "action: price is nan, allowed is -1 to 1"),
        ("provider", "box", np.array([[0, 0]] * 5 + [[0, 1.01]]), "action: effort_bps is 1.01, allowed is -1 to 1"),
        ("provider", "box", np.full((6, 2), np.inf), "action: price is inf"),
        ("provider", "box", np.zeros((5, 2)), r"action: shape \(5, 2\) of float64 given, allowed are numbers of shape \(6, 2\)"),
        ("provider", "box", [["a", "b"]] * 6, "allowed are numbers"),
        ("provider", "box", [[0, 0]] * 5 + [[0]], "action: no array"),
        ("client", "multidiscrete", np.array([[0, 0]] * 11 + [[17, 0]]), "action: hire is 17, allowed is 0 to 16"),
        ("client", "multidiscrete", np.array([[0, -1]] * 12), "action: answer is -1, allowed is 0 to 3"),
        ("client", "discrete", np.full(12, 68), "action: action is 68, allowed is 0 to 67"),
        ("client", "discrete", np.zeros(12), "whole numbers"),
    ],
)
def test_a_wrong_action_is_refused_by_name_and_nothing_has_happened(role, form, actions, message):
    env, twin = (make(role, form=form, policies={"client": "thompson"}) for _ in "ab")
    played(env, 4)
    before, memory = env.world.digest(), env.world.memory["client"].copy()
    with pytest.raises(InputError, match=message):
        env.step(actions)
    assert env.world.digest() == before
    assert np.array_equal(env.world.memory["client"], memory)
    with pytest.raises(InputError, match="step_wait: no actions given"):
        env.step_wait()
    played(twin, 4)
    answer = drawn(env.encoding, env.num_envs, 77)
    assert same([env.step(answer)], [twin.step(answer)]), "and it goes on as if nothing had been given"


@pytest.mark.parametrize("agents", [1, 7, 200])
def test_a_role_of_any_size_learns(agents):
    for role in ("client", "provider"):
        env = make(role, **{role + "s": agents})
        assert env.num_envs == 2 * agents
        played(env, 16)


@pytest.mark.parametrize("frame_skip", [1, 3])
def test_learners_who_attack_are_held_to_their_identities_in_every_episode(frame_skip):
    """Two attackers of three providers beg for a new name in every tick; there is room for more than they may take."""
    given = {"fields": ["reenter"], "form": "multidiscrete", "horizon": 30, "spare": 60, "registration_fee": 0}
    env = make(attack={"whitewasher": 0.67}, frame_skip=frame_skip, client_guests=1, provider_guests=2, **given)
    env.reset()
    for _ in range(2):
        done = np.zeros(env.num_envs, bool)
        while not done.any():
            owners = env.world.economy.book.identities["owner"].copy()
            _, _, done, _ = env.step(np.ones((env.num_envs, 1), int))
        names = env.world.economy.names["provider"].reshape(2, -1)[0]
        taken = [[int((mine == name).sum()) - 1 for name in names] for mine in owners]
        assert taken == [[0, 8, 8, 0, 0]] * 2


@pytest.mark.slow
@every_role
def test_a_hundred_thousand_random_steps_stay_within_the_spaces(scenario, role):
    env = sim.make_vec_env(scenario, role, 200, preset="minimal")
    env.reset()
    steps = -(-100_000 // env.num_envs)
    for step in range(steps):
        seen, rewards, _, _ = env.step(drawn(env.encoding, env.num_envs, step))
        assert seen.min() >= env.observation_space.low.min()
        assert seen.max() <= env.observation_space.high.max()
        assert np.isfinite(rewards).all()
