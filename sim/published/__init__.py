"""Published results that can be run again, by name. To add one: a module that is a `Published`, and its line here."""

from agents.registry import nearest
from chain.errors import InputError
from sim.published import calvano, double_spend, fee_market
from sim.published.result import Published

PUBLISHED: dict[str, Published] = {"calvano": calvano, "fee_market": fee_market, "double_spend": double_spend}


def find(name: str) -> Published:
    """The published result of this name.

    Raises:
        InputError: there is none.
    """
    if name not in PUBLISHED:
        raise InputError(f"reproduce: {name!r} given; {nearest(str(name), list(PUBLISHED))}")
    return PUBLISHED[name]
