"""An exchange: traders, arbitrageurs and a builder swap credits of a service against coins in a pool."""

from types import MappingProxyType

from sim.scenario import Scenario
from sim.scenarios.exchange.economy import Exchange
from sim.scenarios.exchange.parameters import PRESETS, ExchangeParameters
from sim.scenarios.exchange.roles import ARBITRAGEUR, BUILDER, TRADER
from sim.scenarios.exchange.tables import tables

SCENARIO = Scenario(
    name="exchange",
    about="Traders swap credits against coins in a pool; arbitrageurs know the price outside, a builder orders the blocks.",
    roles=(TRADER, ARBITRAGEUR, BUILDER),
    parameters=ExchangeParameters,
    presets=MappingProxyType(PRESETS),
    build=Exchange,
    metrics=(
        "efficiency",
        "trader_surplus",
        "arbitrage_surplus",
        "builder_surplus",
        "pool_surplus",
        "swap_fees",
        "pool_price_error",
        "sandwich_loss",
    ),
    tables=tables,
    figures=(),
)
