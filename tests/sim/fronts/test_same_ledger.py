"""Whatever door the actions come through, they write the same ledger, byte for byte: every registered scenario, every form."""

import gymnasium
import numpy as np
import pytest

import sim
from sim.fronts.mesa_model import MarketAgent, MesaModel
from sim.fronts.pettingzoo_env import LedgerParallelEnv
from sim.scenarios import SCENARIOS
from sim.world import World
from tests.sim.fronts.answers import SCENARIOS_AND_FORMS, Replay, drawn, encodings, id_of, last_digests

every_form = pytest.mark.parametrize(
    ("scenario", "form"), SCENARIOS_AND_FORMS, ids=[f"{scenario.name}-{form}" for scenario, form in SCENARIOS_AND_FORMS]
)
SEED = 11


class Script:
    """An episode of the preset `minimal`: what every agent answers in every tick."""

    def __init__(self, scenario, form):
        self.scenario, self.encodings = scenario, encodings(scenario, form)
        self.parameters = scenario.settings("minimal", {})
        economy = World(scenario, self.parameters, seeds=SEED).economy
        self.ticks = economy.ticks
        self.agents = {role: names.size for role, names in economy.names.items()}
        self.answers = {
            role: [drawn(encoding, self.agents[role], 100 * tick + k) for tick in range(self.ticks)]
            for k, (role, encoding) in enumerate(self.encodings.items())
        }

    def policies(self, but=None):
        """Policies that replay the script."""
        return {role: Replay(self.encodings[role], self.answers[role]) for role in self.encodings if role != but}

    def actions(self, tick, role, worlds=1):
        rows = worlds * self.agents[role]
        answer = np.concatenate([self.answers[role][tick]] * worlds)
        return self.scenario.role(role).read(self.encodings[role].act(answer, rows), rows)

    def raw(self, seeds, worlds=None):
        """The digests that must come out, one per world."""
        world = World(self.scenario, self.parameters, seeds=seeds, worlds=worlds)
        count = np.size(seeds)
        for tick in range(self.ticks):
            world.step({role: self.actions(tick, role, count) for role in self.encodings})
        assert world.done
        return [world.digest(w) for w in range(count)]


def through_vec_env(script, role, focal):
    env = sim.make_vec_env(
        script.scenario, role, 3, preset="minimal", form=script.encodings[role].form, seed=SEED, focal=focal,
        policies=script.policies(None if focal else role),
    )  # fmt: skip
    env.reset()
    kept = last_digests(env, 3)
    for tick in range(script.ticks):
        answer = script.answers[role][tick]
        env.step(np.concatenate([answer[:1] if focal else answer] * 3))
    return kept


def through_gymnasium(script, role):
    form = script.encodings[role].form
    env = gymnasium.make(id_of(script.scenario), role=role, preset="minimal", form=form, policies=script.policies())
    env.reset(seed=SEED)
    for tick in range(script.ticks):
        _, _, terminated, _, _ = env.step(script.answers[role][tick][0])
    assert terminated
    return env.world.digest(0), env.run_seed


def through_pettingzoo(script, absent=()):
    """Roles that are absent from the actions play their policies."""
    forms = {role: encoding.form for role, encoding in script.encodings.items()}
    env = LedgerParallelEnv(script.scenario, "minimal", form=forms, policies=script.policies())
    env.reset(seed=SEED)
    for tick in range(script.ticks):
        env.step(
            {
                f"{role}_{k}": script.answers[role][tick][k]
                for role, agents in script.agents.items()
                for k in range(agents)
                if (role, k) not in absent
            }
        )
    return env.world.digest(0)


def through_mesa(script):
    class Scripted(MarketAgent):
        def decide(self, view, proposed):
            row = script.actions(self.model.world.tick, self.role)[self.row]
            return {name: int(row[name]) for name in row.dtype.names}

    model = MesaModel(script.scenario.name, preset="minimal", seed=SEED, agents=dict.fromkeys(script.encodings, Scripted))
    while model.running:
        model.step()
    return model.world.digest(0)


@every_form
def test_all_fronts_write_the_same_ledger_as_the_engine(scenario, form):
    script = Script(scenario, form)
    expected = script.raw([SEED] * 3, worlds=[0, 1, 2])
    assert len(set(expected)) == 3
    for role in script.encodings:
        assert through_vec_env(script, role, focal=False) == expected
        assert through_vec_env(script, role, focal=True) == expected
        digest, run_seed = through_gymnasium(script, role)
        assert [digest] == script.raw([run_seed])
    assert through_pettingzoo(script) == expected[0]
    some = {(role, k) for role, agents in script.agents.items() for k in range(0, agents, 2)}
    assert through_pettingzoo(script, absent=some) == expected[0]


@every_form
def test_so_does_the_mesa_front(scenario, form):
    script = Script(scenario, form)
    assert [through_mesa(script)] == script.raw([SEED])


def test_another_answer_writes_another_ledger():
    """The test above can fail: one answer of one agent in the last tick changes the digest."""
    script = Script(SCENARIOS["service_market"], "box")
    before = through_pettingzoo(script)
    script.answers["provider"][-1][1] *= -1
    assert through_pettingzoo(script) != before
