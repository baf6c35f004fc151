"""What learners answer in the tests: drawn beforehand, or worked out from what they see; the same as policies; and how to name a
scenario in Gymnasium and to keep the ledgers of an environment."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.encoding import FORMS, Encoding
from chain.errors import InputError
from sim.encodings import encoding_of
from sim.fronts.ids import ids
from sim.scenarios import SCENARIOS

ROLES = [(scenario, role.name) for scenario in SCENARIOS.values() for role in scenario.roles]
EVERY_ROLE = [f"{scenario.name}-{role}" for scenario, role in ROLES]


def encodings(scenario: Any, form: str | None, preset: str = "minimal", **given: Any) -> dict[str, Encoding]:
    """By role: its encoding in this form, or in its own where it can not have this one."""
    settings, out = scenario.settings(preset, given), {}
    for role in scenario.roles:
        try:
            out[role.name] = encoding_of(scenario, role.name, settings, form=form)
        except InputError:
            out[role.name] = encoding_of(scenario, role.name, settings)
    return out


def id_of(scenario: Any) -> str:
    """What `gymnasium.make` calls a scenario."""
    return "sim:" + next(name for name, known in ids().items() if known == scenario.name)


def last_digests(env: Any, worlds: int = 1) -> list[str]:
    """A list that is filled with the digests at the end of an episode, before the next begins."""
    kept: list[str] = []
    begin = env.world.begin

    def keep(*given: Any) -> None:
        kept.extend(env.world.digest(w) for w in range(worlds))
        begin(*given)

    env.world.begin = keep
    return kept


SCENARIOS_AND_FORMS = [(scenario, form) for scenario in SCENARIOS.values() for form in FORMS]


def drawn(encoding: Encoding, rows: int, seed: int) -> Any:
    """Random answers of so many rows."""
    rng = np.random.default_rng(seed)
    if encoding.form == "box":
        return rng.uniform(-1, 1, (rows, len(encoding.fields))).astype(np.float32)
    if encoding.form == "discrete":
        return rng.integers(0, encoding.choices, rows)
    return rng.integers(0, encoding.levels, (rows, len(encoding.fields)))


def worked_out(encoding: Encoding, seen: Any) -> Any:
    """Answers that depend on everything that is seen, in no sensible way."""
    number = (np.abs(seen.astype(np.float64)) * 1_000).sum(axis=1).astype(np.int64)
    if encoding.form == "box":
        return np.stack([(number * (k + 3)) % 201 / 100 - 1 for k in range(len(encoding.fields))], axis=1)
    if encoding.form == "discrete":
        return number % encoding.choices
    return np.stack([number * (k + 3) % levels for k, levels in enumerate(encoding.levels)], axis=1)


@dataclass
class Replay:
    """Plays answers that were drawn beforehand, one list per tick; in every world the same."""

    encoding: Encoding
    answers: list[Any]
    calls: list[int] = field(default_factory=list)
    """Number of rows in each call."""

    def act(self, view: Any, memory: Any, dice: Any) -> Any:
        answer = self.answers[len(self.calls) % len(self.answers)]
        self.calls.append(view.size)
        return self.encoding.act(np.concatenate([answer] * (view.size // len(answer))), view.size)


@dataclass(frozen=True)
class WorkedOut:
    """Plays `worked_out`."""

    encoding: Encoding

    def act(self, view: Any, memory: Any, dice: Any) -> Any:
        return self.encoding.act(worked_out(self.encoding, self.encoding.observe(view)), view.size)
