"""A learned policy writes the same ledger whether the engine asks it or it answers from outside, through every front, in batches
of 1, 7, 64 and 513 rows, on one thread and on two.

From outside it is given what the front shows, so many rows at a time as the front shows, and the masks of the front. Every
learned policy that ships plays in the preset that it was trained in, and a network with random weights plays every role in every
form, once its best answer and once a drawn one. All other roles play their default policies.
"""

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import pytest

import sim
from agents.learned.bundle import load_bundle, read_card
from agents.learned.evaluator import choose, outputs_of
from agents.learned.policy import LearnedPolicy
from agents.policy import Dice
from agents.registry import shipped
from chain.errors import InputError
from sim.encodings import encoding_of
from sim.fronts.mesa_model import MarketAgent, MesaModel
from sim.fronts.pettingzoo_env import LedgerParallelEnv
from sim.world import World
from tests.agents.learned.networks import network
from tests.sim.fronts.answers import ROLES, SCENARIOS_AND_FORMS, id_of, last_digests

SEED = 23
SIZES = (1, 7, 64, 513)


@dataclass(frozen=True)
class Case:
    """A learned policy, and where it plays."""

    scenario: Any
    preset: str
    learned: LearnedPolicy

    @property
    def role(self):
        return self.learned.encoding.role

    @property
    def given(self):
        """What the fronts must be told to show and to take what the policy sees and says."""
        encoding = self.learned.encoding
        return {"fields": [field.name for field in encoding.fields], "form": encoding.form}

    def worlds(self, policy=None, **given):
        """Worlds in which a policy has the role, the learned one if none is given."""
        settings = self.scenario.settings(self.preset, {})
        return World(self.scenario, settings, {self.role: policy or self.learned}, **given)

    def inside(self, seeds, worlds=None, policy=None, threads=1):
        """The digests, world by world, if the engine asks the policy."""
        played = self.worlds(policy, seeds=seeds, worlds=worlds, threads=threads)
        played.play()
        return [played.digest(w) for w in range(played.worlds)]


def made(scenario, role, form, drawn):
    """A case with random weights; None if the role can not have the form."""
    try:
        encoding = encoding_of(scenario, role, scenario.settings("minimal", {}), form=form)
    except InputError:
        return None
    return Case(scenario, "minimal", LearnedPolicy(encoding, network(encoding, masked=encoding.masked, size=3), not drawn))


def cases():
    """Name -> case."""
    out = {
        f"{scenario.name}-{role}-{form}-{'drawn' if drawn else 'best'}": made(scenario, role, form, drawn)
        for scenario, form in SCENARIOS_AND_FORMS
        for role in (one.name for one in scenario.roles)
        for drawn in (False, True)
    }
    for scenario, role in ROLES:
        for name, folder in shipped(role).items():
            policy = load_bundle(folder)
            if policy.encoding.scenario == scenario.name and isinstance(policy, LearnedPolicy):
                out[f"{scenario.name}-{role}-{name}"] = Case(scenario, read_card(folder).preset, policy)
    return {name: case for name, case in out.items() if case is not None}


CASES = cases()
every_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def answer(learned, seen, masks, dice):
    """What a learned policy answers to rows of features and of masks, as somebody outside works it out."""
    encoding, outputs = learned.encoding, outputs_of(learned.network, seen)
    if encoding.form == "box":
        spread = 0 if learned.deterministic else np.exp(learned.network.weights["log_std"].astype(float))
        return (outputs + spread * dice.normal(outputs.shape[1])).clip(-1, 1)
    discrete = encoding.form == "discrete"
    levels = np.array([encoding.choices] if discrete else encoding.levels)
    units = np.empty((len(seen), 0)) if learned.deterministic else dice.uniform(levels.size)
    out = np.empty((len(seen), levels.size), np.int64)
    choose(outputs, np.ones(outputs.shape, bool) if masks is None else masks, levels, units, out)
    return out[:, 0] if discrete else out


def dice_of(world, role, rows=slice(None)):
    """The draws of these rows in this tick."""
    return Dice(world.economy.book.head[:, 0], world.tick, world.economy.names[role][rows])


def through_vec_env(case, worlds, focal=False, threads=1):
    """The whole role from outside, or one agent per world among peers who play the same; the digests, and the rows of a call."""
    env = sim.make_vec_env(
        case.scenario, case.role, worlds, preset=case.preset, policies={case.role: case.learned} if focal else None,
        focal=focal, frame_skip=case.learned.hold, seed=SEED, threads=threads, **case.given,
    )  # fmt: skip
    assert env.encoding == case.learned.encoding
    rows = slice(None, None, env.world.residents(case.role)) if focal else slice(None)
    seen, kept = env.reset(), last_digests(env, worlds)
    while not kept:
        masks = env.action_masks() if env.encoding.masked else None
        seen, *_ = env.step(answer(case.learned, seen, masks, dice_of(env.world, case.role, rows)))
    return kept, env.num_envs


def through_gymnasium(case):
    """One agent from outside, a row at a time, among peers who play the same; the digest, and the run seed that was drawn."""
    env = gymnasium.make(
        id_of(case.scenario), role=case.role, preset=case.preset, policies={case.role: case.learned},
        frame_skip=case.learned.hold, **case.given,
    )  # fmt: skip
    (seen, _), done = env.reset(seed=SEED), False
    while not done:
        inner = env.unwrapped
        masks = inner.action_masks()[None] if inner.encoding.masked else None
        own = answer(case.learned, seen[None], masks, dice_of(inner.world, case.role, slice(0, 1)))[0]
        seen, _, done, _, _ = env.step(own)
    return inner.world.digest(0), inner.run_seed


def stacked(info):
    """The mask of an agent as PettingZoo's infos give it, as one row."""
    mask = info["action_mask"]
    return np.concatenate(mask if isinstance(mask, tuple) else [mask]).astype(bool)


def through_pettingzoo(case, outside=lambda k: True):
    """The agents of the role that are `outside`, by number, answer from outside; everybody else plays policies."""
    given = {what: {case.role: value} for what, value in case.given.items()}
    env = LedgerParallelEnv(
        case.scenario, case.preset, policies={case.role: case.learned}, frame_skip=case.learned.hold, **given
    )  # fmt: skip
    seen, infos = env.reset(seed=SEED)
    places = [k for k in range(env.world.residents(case.role)) if outside(k)]
    names = [f"{case.role}_{k}" for k in places]
    while env.agents:
        masks = np.array([stacked(infos[name]) for name in names]) if case.learned.encoding.masked else None
        dice = dice_of(env.world, case.role, np.array(places))
        own = answer(case.learned, np.array([seen[name] for name in names]), masks, dice)
        seen, _, _, _, infos = env.step(dict(zip(names, own, strict=True)))
    return env.world.digest(0)


def through_mesa(case, alone):
    """The policy decides for its agents in one call, or each of them `alone`, a row at a time."""

    class Alone(MarketAgent):
        def decide(self, view, proposed):
            encoding, rows = case.learned.encoding, slice(self.row, self.row + 1)
            if self.model.world.tick % case.learned.hold == 0:
                row = np.array([view], view.dtype)
                masks = encoding.masks(row) if encoding.masked else None
                own = answer(case.learned, encoding.observe(row), masks, dice_of(self.model.world, self.role, rows))
                self.held = {name: int(values[0]) for name, values in encoding.act(own, 1).items()}
            return self.held

    model = MesaModel(
        case.scenario.name, case.preset, None if alone else {case.role: case.learned}, SEED,
        {case.role: Alone} if alone else None, collect=False,
    )  # fmt: skip
    while model.running:
        model.step()
    return model.world.digest(0)


@every_case
def test_a_learned_policy_writes_the_same_ledger_through_every_front(case):
    (expected,) = case.inside([SEED])
    assert expected not in case.inside([SEED], policy=case.scenario.role(case.role).policy), "another policy writes another one"
    assert through_vec_env(case, 1)[0] == [expected]
    assert through_vec_env(case, 1, focal=True) == ([expected], 1)
    assert through_pettingzoo(case) == expected
    assert through_pettingzoo(case, outside=lambda k: k % 2 == 0) == expected
    assert through_mesa(case, alone=False) == expected
    assert through_mesa(case, alone=True) == expected
    digest, run_seed = through_gymnasium(case)
    assert [digest] == case.inside([run_seed])


@every_case
def test_in_batches_of_any_size_on_one_thread_and_on_two(case):
    """With one agent per world outside, a call has as many rows as there are worlds; with the whole role so many times more."""
    expected = case.inside([SEED] * 513, worlds=range(513), threads=2)
    alone = [case.inside([SEED], worlds=[w])[0] for w in range(7)]
    assert alone == expected[:7] == case.inside([SEED] * 7, worlds=range(7))
    assert len(set(expected)) == 513
    for threads in (1, 2):
        for rows in SIZES:
            assert through_vec_env(case, rows, focal=True, threads=threads) == (expected[:rows], rows)
        for worlds in SIZES[:3]:
            assert through_vec_env(case, worlds, threads=threads)[0] == expected[:worlds]
