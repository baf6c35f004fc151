"""A continuous double auction of units of service: buyers and suppliers quote prices until they agree."""

from types import MappingProxyType

from sim.scenario import Scenario
from sim.scenarios.double_auction.economy import DoubleAuction
from sim.scenarios.double_auction.parameters import PRESETS, DoubleAuctionParameters
from sim.scenarios.double_auction.roles import BUYER, SUPPLIER
from sim.scenarios.double_auction.tables import tables

SCENARIO = Scenario(
    name="double_auction",
    about="Buyers and suppliers of a service quote prices in an order book; a quote that crosses another trades at its price.",
    roles=(BUYER, SUPPLIER),
    parameters=DoubleAuctionParameters,
    presets=MappingProxyType(PRESETS),
    build=DoubleAuction,
    metrics=("efficiency", "consumer_surplus", "traded_share", "trade_price", "smith_alpha"),
    tables=tables,
    figures=(),
)
