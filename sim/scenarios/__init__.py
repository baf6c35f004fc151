"""The economies: one file or folder each, and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from agents.registry import nearest
from chain.errors import InputError
from sim.scenario import Scenario
from sim.scenarios.auction import SCENARIO as AUCTION
from sim.scenarios.double_auction import SCENARIO as DOUBLE_AUCTION
from sim.scenarios.exchange import SCENARIO as EXCHANGE
from sim.scenarios.posted_price import SCENARIO as POSTED_PRICE
from sim.scenarios.service_market import SCENARIO as SERVICE_MARKET

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {scenario.name: scenario for scenario in (SERVICE_MARKET, POSTED_PRICE, AUCTION, DOUBLE_AUCTION, EXCHANGE)}
)


def find(name: str) -> Scenario:
    """The scenario of this name.

    Raises:
        InputError: there is none.
    """
    if name not in SCENARIOS:
        raise InputError(f"scenario: {name!r} given; {nearest(str(name), list(SCENARIOS))}")
    return SCENARIOS[name]
