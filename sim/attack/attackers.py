"""Attackers take their places in a world: whom they control, what they play there, and what holds them to their capability.

An attack with a share of 0.25 is played by the last quarter of the agents of its first role, each an attacker of its own with
accounts in other roles if its capability says so, again the last ones. The same agents exist on every **side** of an experiment,
with the same money and the same private types; what differs is what they play: the attack, its honest twin, or nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.attacks.attack import Absent, Attack, Capability, Until
from agents.mixture import Mixture
from chain.errors import InputError
from sim.scenario import Role, Scenario

ATTACKED, HONEST, ABSENT = "attacked", "honest", "absent"
SIDES = (HONEST, ATTACKED, ABSENT)
"""What the attackers' agents play: their twin, the attack, nothing."""


@dataclass(frozen=True)
class Attackers:
    """The agents of every world that attackers control: of each role the last residents."""

    counts: Mapping[str, int]
    """Role -> how many of its agents."""
    policies: Mapping[str, Any]
    """Role -> what they play."""
    capability: Capability


def attackers_of(
    scenario: Scenario, parameters: Any, attack: Attack, share: float, side: str = ATTACKED, stop: int | None = None
) -> Attackers:
    """The attackers of a scenario.

    Args:
        scenario: the economy.
        parameters: its settings.
        attack: what they do.
        share: of the agents of the attack's first role, from 0 to 1; rounded to whole agents.
        side: what they play, one of `SIDES`.
        stop: ticks after which they play their honest twin; never, if not given.

    Raises:
        InputError: the scenario has no such roles or not so many agents, or the share is none.
    """
    first = next(iter(attack.capability.accounts))
    residents = {role.name: int(getattr(parameters, role.count)) for role in scenario.roles if role.count}
    lacking = [role for role in attack.capability.accounts if role not in residents]
    if lacking:
        raise InputError(
            f"attack {attack.name}: it plays a {lacking[0]}, allowed in {scenario.name} are {', '.join(residents) or 'none'}"
        )
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 <= share <= 1:
        raise InputError(f"attack {attack.name}: a share of {share!r} given, allowed is 0 to 1")
    number = _rounded(float(share), residents[first])
    if share > 0 and number == 0:
        raise InputError(
            f"attack {attack.name}: a share of {share:g} given, which is nobody of {residents[first]}; allowed is 0, or at least "
            f"{1 / residents[first]:.3g}"
        )
    counts = {role: number * accounts for role, accounts in attack.capability.accounts.items()}
    for role, count in counts.items():
        if count > residents[role]:
            raise InputError(
                f"attack {attack.name}: a share of {share:g} given, which takes {count} of {residents[role]} agents of the role "
                f"{role}; allowed is at most {residents[role] // attack.capability.accounts[role] / residents[first]:.3g}"
            )
    return Attackers(counts, {role: _played(scenario.role(role), attack, side, stop) for role in counts}, attack.capability)


@lru_cache(maxsize=1024)
def _rounded(share: float, residents: int) -> int:
    """Whole agents; a half counts as one."""
    return int(Fraction(share).limit_denominator(10**9) * residents + Fraction(1, 2))


def _played(role: Role, attack: Attack, side: str, stop: int | None) -> Any:
    """What the attackers' agents of a role play."""
    if side == ABSENT:
        return Absent(role.idle)
    twin = attack.twin[role.name]()
    if side == HONEST:
        return twin
    return attack.policies[role.name]() if stop is None else Until(attack.policies[role.name](), twin, stop)


def beside(policy: Any, attacking: Any, residents: int, attackers: int) -> Any:
    """The policy of a role whose last agents play another.

    Args:
        policy: what everybody else plays; a mixture keeps its first members.
        attacking: what the last agents play.
        residents: number of agents of the role.
        attackers: how many of them are the last.
    """
    members = zip(policy.policies, policy.counts, strict=True) if isinstance(policy, Mixture) else [(policy, residents)]
    left, kept = residents - attackers, []
    for member, count in members:
        if (some := min(count, left)) > 0:
            kept.append((member, some))
            left -= some
    both = [*kept, (attacking, attackers)] if attackers else kept
    policies, counts = zip(*both, strict=True)
    return policies[0] if len(policies) == 1 else Mixture(policies, counts)


class Identities:
    """Holds attackers to the new identities that their capability allows, whoever decides for them."""

    def __init__(self, attackers: Attackers, scenario: Scenario, rows: Callable[[str], NDArray[np.int64]]) -> None:
        """Watch over the attackers' rows of a batch of worlds; `rows` gives those of a role."""
        self.most = attackers.capability.identities
        self._fields = {role: field for role in attackers.counts if (field := scenario.role(role).identity)}
        self._rows = {role: rows(role) for role in self._fields}
        self._taken = {role: np.zeros(self._rows[role].size, np.int64) for role in self._fields}

    def begin(self) -> None:
        """An episode begins: no new identity was taken."""
        for taken in self._taken.values():
            taken[:] = 0

    def hold(self, actions: Mapping[str, NDArray[Any]]) -> None:
        """Take back what asks for one identity too many. One that was asked for counts, even if the ledger refuses it."""
        for role, field in self._fields.items():
            rows, taken = self._rows[role], self._taken[role]
            granted = (actions[role][field][rows] != 0) & (taken < self.most)
            actions[role][field][rows] = granted
            taken += granted
