"""Sealed-bid auctions: providers bid for jobs, each job goes to who asks least, at the first or the second price."""

from types import MappingProxyType

from sim.scenario import Scenario
from sim.scenarios.auction.economy import Auctions
from sim.scenarios.auction.parameters import PRESETS, AuctionParameters
from sim.scenarios.auction.roles import BIDDER
from sim.scenarios.auction.tables import tables

SCENARIO = Scenario(
    name="auction",
    about="Providers bid for jobs by commit and reveal; each job goes to who asks least, at the first or the second price.",
    roles=(BIDDER,),
    parameters=AuctionParameters,
    presets=MappingProxyType(PRESETS),
    build=Auctions,
    metrics=("efficiency", "saving", "bidder_surplus", "fill_rate", "price_level"),
    tables=tables,
    figures=("efficiency_over_time",),
)
