"""Tables as policies: cells, files, refusals, and training on environments whose optimum is known."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from agents.encoding import Encoding, Feature, Field
from agents.learned.bundle import DESCRIPTION, load_bundle, save_bundle
from agents.learned.learners import answer, weights_hash
from agents.learned.table_policy import Cells, TabularPolicy, cells_between
from agents.learned.tabular import Tables, tables_of
from agents.learned.training import train
from agents.registry import find
from chain.errors import InputError
from sim.fronts.sb3_vec_env import LedgerVecEnv
from sim.scenarios.posted_price.layout import shop_for
from sim.scenarios.posted_price.truth import nash_prices, profits
from tests.agents.learned.networks import CARD

ENCODING = Encoding(
    "tiny", "player", "discrete", (Feature("a", 0, 10), Feature("b", 1, 10)), (Field("level", 0, 2, 3),), 2, "layout"
)
CELLS = (Cells(0, (0.5,)), Cells(1, (-0.25, 0.25)))


def made(tables=1, seed=0):
    return TabularPolicy(ENCODING, CELLS, tables_of(np.random.default_rng(seed).normal(size=(tables, 6, 3))))


def view(*rows):
    return np.array(list(rows), [("a", np.int64), ("b", np.int64)]).reshape(-1)


class Levers(VecEnv):
    """Each agent is shown a number from 0 to 3 and earns 1 by answering with it; the next number is its answer plus 1. Episodes
    have eight steps."""

    encoding = Encoding("tiny", "player", "discrete", (Feature("shown", 0, 3),), (Field("level", 0, 3, 4),), 1)

    def __init__(self, agents=6):
        super().__init__(agents, spaces.Box(-1, 10, (1,), np.float32), spaces.Discrete(4))
        self.shown, self.steps = np.zeros(agents, np.int64), 0

    def reset(self):
        self.shown[:], self.steps = np.arange(self.num_envs) % 4, 0
        return self.see()

    def see(self):
        return (self.shown / 3).astype(np.float32)[:, None]

    def step_async(self, actions):
        self.actions = actions.copy()

    def step_wait(self):
        rewards = (self.actions == self.shown).astype(np.float32)
        self.shown = (self.actions + 1) % 4
        self.steps += 1
        done = self.steps == 8
        return (self.reset() if done else self.see()), rewards, np.full(self.num_envs, done), [{}] * self.num_envs

    def close(self): ...
    def get_attr(self, attr_name, indices=None):
        return [None] * self.num_envs

    def set_attr(self, attr_name, value, indices=None): ...
    def env_method(self, method_name, *args, indices=None, **kwargs): ...
    def env_is_wrapped(self, wrapper_class, indices=None): ...


def test_a_state_is_the_cells_of_its_features_in_c_order():
    policy = made()
    features = np.array([[0.4, -1], [0.4, 0], [0.4, 1], [0.5, -0.25], [9, 0.25]], np.float32)
    assert policy.states(features).tolist() == [0, 1, 2, 4, 5], "a feature on a cut is above it"


def test_cells_hold_one_value_each_if_there_are_few_and_are_even_if_there_are_many():
    assert cells_between(3, [0, 1, 1, 0.5], 4) == Cells(3, (0.25, 0.75))
    many = cells_between(0, np.arange(100), 4).cuts
    assert len(many) == 3
    assert np.diff(many).tolist() == [33, 33]


def test_rows_play_the_greedy_choice_of_their_table_in_turn():
    policy = made(tables=2)
    rows = view((0, -9), (0, -9), (9, 9), (9, 9))
    assert policy.act(rows, None, None)["level"].tolist() == policy.tables.greedy[[0, 1, 0, 1], [0, 0, 5, 5]].tolist()


def test_a_table_that_was_saved_plays_as_before_and_is_found_like_any_bundle(tmp_path):
    policy = made(tables=3)
    folder = save_bundle(tmp_path / "mine", policy, CARD)
    again = load_bundle(folder)
    assert again.encoding == ENCODING
    assert again.cells == CELLS
    assert [a.tobytes() for a in again.tables] == [a.tobytes() for a in policy.tables]
    label, found = find("player", str(folder))
    assert label == "mine"
    rows = view(*[(k % 11, k % 7 - 3) for k in range(99)])
    assert found.act(rows, None, None)["level"].tolist() == policy.act(rows, None, None)["level"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["network"]["cells"].pop(), "tables: shapes"),
        (lambda d: d["network"]["cells"][0].update(feature=2), "cells: feature 2 with 1 cuts given, allowed are features 0 to 1"),
        (lambda d: d["network"]["cells"][1].update(cuts=[1.0, 1.0]), "rising cuts"),
        (lambda d: d["network"]["cells"][1].update(cuts=[1.0, "2"]), "is not that of a policy"),
        (lambda d: d["network"].update(kind="q"), "is not that of a policy"),
        (lambda d: d["network"].update(code="import os"), "is not that of a policy"),
        (lambda d: d["encoding"].update(form="multidiscrete"), "form: multidiscrete given, allowed for a table is discrete"),
    ],
)
def test_a_description_that_does_not_fit_its_table_is_refused(tmp_path, change, message):
    file = save_bundle(tmp_path / "mine", made(), CARD) / DESCRIPTION
    described = json.loads(file.read_text())
    change(described)
    file.write_text(json.dumps(described))
    with pytest.raises(InputError, match=message):
        load_bundle(tmp_path / "mine")


@pytest.mark.parametrize(
    ("values", "greedy"),
    [
        (np.zeros((1, 6, 4)), np.zeros((1, 6), np.int64)),
        (np.zeros((1, 5, 3)), np.zeros((1, 5), np.int64)),
        (np.zeros((0, 6, 3)), np.zeros((0, 6), np.int64)),
        (np.zeros((1, 6, 3)), np.full((1, 6), 3)),
        (np.zeros((1, 6, 3)), np.full((1, 6), -1)),
        (np.full((1, 6, 3), np.nan), np.zeros((1, 6), np.int64)),
        (np.zeros((1, 6, 3), np.float32), np.zeros((1, 6), np.int64)),
    ],
)
def test_tables_that_can_not_be_played_are_refused(values, greedy):
    with pytest.raises(InputError, match="tables: "):
        TabularPolicy(ENCODING, CELLS, Tables(values, greedy))


def learned(env, hyperparameters, steps, seed=0):
    return train(env, "q", hyperparameters, steps, seed).model.policy


def test_one_shared_table_learns_what_pays_in_every_state():
    policy = learned(Levers(), {"learning_rate": 0.5, "gamma": 0.5, "exploration_decay": 1e-3}, 12_000, seed=3)
    assert [len(one.cuts) + 1 for one in policy.cells] == [4], "random play has shown all four values"
    assert policy.tables.greedy.tolist() == [[0, 1, 2, 3]]
    assert policy.tables.values[0, 2, 2] == pytest.approx(2, abs=0.05), "one a step, each half as much as the one before"


def test_each_agent_has_its_own_table_if_so_many_are_asked_for():
    policy = learned(Levers(), {"tables": 6, "learning_rate": 0.5, "gamma": 0.5, "exploration_decay": 1e-3}, 24_000)
    assert policy.tables.values.shape == (6, 4, 4)
    assert (policy.tables.greedy == [0, 1, 2, 3]).all()
    assert len(np.unique(policy.tables.values[:, 0, 1])) > 1


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"tables": 4}, "tables: 4 given, allowed are divisors of the environment's 6 agents"),
        ({"features": ["shwon"]}, "features: 'shwon' given; allowed are shown; did you mean shown?"),
    ],
)
def test_hyperparameters_that_do_not_fit_the_environment_are_refused(hyperparameters, message):
    with pytest.raises(InputError, match=message):
        learned(Levers(), hyperparameters, 10)


def test_an_environment_without_encoding_is_refused_and_so_are_too_many_states():
    env = Levers()
    env.encoding = None
    with pytest.raises(InputError, match="env: no encoding given, allowed for q is"):
        learned(env, {}, 10)
    env = LedgerVecEnv("service_market", "provider", 2, preset="minimal", form="discrete", fields=("effort_bps",))
    with pytest.raises(InputError, match="allowed are 4194304 values in all; choose fewer of "):
        learned(env, {}, 10)


def test_asked_for_some_agents_each_still_answers_from_its_own_table():
    policy = made(tables=2)
    features = np.random.default_rng(1).uniform(-1, 1, (40, 2)).astype(np.float32)
    some = np.random.default_rng(2).random(40) < 0.3
    everybody = answer(policy, features)
    assert np.array_equal(answer(policy, features, rows=some), everybody[some])
    assert not np.array_equal(policy.choices(features[some]), everybody[some]), "else there would be nothing to see"


def test_what_is_known_now_is_not_changed_by_learning_on():
    model = train(Levers(), "q", {}, 48).model
    known, before = model.known(), weights_hash(model)
    model.learn(600)
    after = weights_hash(model)
    assert weights_hash(SimpleNamespace(policy=known)) == before != after
    assert after == train(Levers(), "q", {}, 600).weights_sha256


def test_a_seller_learns_its_best_answer_to_a_rival_through_the_front():
    """Discount 0 against the Nash price: the profits of a tick are all that counts, and they are known."""
    env = LedgerVecEnv("posted_price", "seller", 4, preset="minimal", focal=True, policies={"seller": "nash"})
    hyperparameters = {"features": ["sellers.level.1"], "gamma": 0.0, "exploration_decay": 1e-3}
    policy = learned(env, hyperparameters, 16_000, seed=1)
    market = env.parameters.market
    grid, rival = shop_for(env.parameters, 4).grid, float(nash_prices(market)[1])
    best = int(np.argmax([profits(market, [price, rival])[0] for price in grid]))
    env.reset()
    for _ in range(5):
        shown = env.step(np.zeros(4, np.int64))[0]
    assert policy.tables.greedy[0, policy.states(shown)].tolist() == [best] * 4
