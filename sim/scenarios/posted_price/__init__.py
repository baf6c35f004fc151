"""Posted prices: sellers of substitutes who see each other's last prices, the touchstone of algorithmic pricing."""

from types import MappingProxyType

from sim.scenario import Scenario
from sim.scenarios.posted_price.economy import PostedPrice
from sim.scenarios.posted_price.parameters import PRESETS, PostedPriceParameters
from sim.scenarios.posted_price.roles import SELLER
from sim.scenarios.posted_price.tables import tables

SCENARIO = Scenario(
    name="posted_price",
    about="Sellers of substitutes post prices; consumers choose among them at the end of every block, by logit demand.",
    roles=(SELLER,),
    parameters=PostedPriceParameters,
    presets=MappingProxyType(PRESETS),
    build=PostedPrice,
    metrics=("profit_gain", "posted_price", "consumer_surplus", "efficiency"),
    tables=tables,
    figures=("prices_over_time",),
)
