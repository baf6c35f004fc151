"""The service market: clients hire providers whose effort they can not see."""

from types import MappingProxyType

from sim.scenario import Scenario
from sim.scenarios.service_market.economy import ServiceMarket
from sim.scenarios.service_market.parameters import PRESETS, ServiceMarketParameters
from sim.scenarios.service_market.roles import CLIENT, PROVIDER
from sim.scenarios.service_market.tables import tables

SCENARIO = Scenario(
    name="service_market",
    about="Clients hire providers for services; the price waits in escrow, effort is hidden, bad work can be disputed.",
    roles=(CLIENT, PROVIDER),
    parameters=ServiceMarketParameters,
    presets=MappingProxyType(PRESETS),
    build=ServiceMarket,
    metrics=(
        "efficiency",
        "client_surplus",
        "provider_surplus",
        "fill_rate",
        "price_level",
        "price_error",
        "settlement_delay",
        "fee_overhead",
        "gini",
    ),
    attack_metrics=("honest_welfare", "attacker_profit", "attacker_return", "loss_to_scam", "profit_from_scam"),
    tables=tables,
    figures=("efficiency_over_time", "surplus_split", "prices_and_costs"),
)
