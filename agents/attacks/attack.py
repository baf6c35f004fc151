"""What an attack is: policies with a capability, a goal, and an honest twin.

An attacker is nobody special. It plays some agents of the ordinary roles, is shown what they are shown, and every harm it does is
done by transactions that anybody could send. What makes it an attacker is written down here, and enforced for whoever plays its
accounts, a script or a learner.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Capability:
    """What one attacker controls."""

    accounts: Mapping[str, int]
    """Role -> how many of its agents. An attack's share is one of the agents of the role named first."""
    budget: int | None = None
    """Money of each of its accounts at the start, µcoin; what is usual in the role if None. It can lay out this and what it
    earns, and no more: the ledger refuses what an account can not pay."""
    identities: int = 0
    """New identities that each of its accounts may take in an episode."""


@dataclass(frozen=True)
class Attack:
    """A way to do harm."""

    name: str
    about: str
    """What its agents do, one sentence."""
    goal: str
    """What it wants to gain by that, one sentence."""
    capability: Capability
    policies: Mapping[str, Callable[[], Any]]
    """Role -> factory of what its agents play, one for every role with accounts."""
    twin: Mapping[str, Callable[[], Any]]
    """Role -> factory of what the same agents play if they are honest."""
    setting: Mapping[str, Any]
    """Parameters of the standard preset under which it does harm, for the tests and lessons."""
    defence: str
    """Name of a defence that reduces that harm."""

    def __post_init__(self) -> None:
        """Refuse an attack without a policy and a twin for each of its roles."""
        roles = list(self.capability.accounts)
        if not roles or list(self.policies) != roles or list(self.twin) != roles:
            raise ValueError(f"attack {self.name}: allowed are policies and a twin for each of the roles {roles}")
