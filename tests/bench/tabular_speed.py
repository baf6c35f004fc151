"""How fast sellers learn through the ledger: whole sessions, every period a block, beside the same sessions in a bare loop.

Both draw the same dice and end with the same tables; the bare loop looks profits up and moves no money.
"""

from agents.learned.tabular import Learning
from sim.scenarios import find
from sim.scenarios.posted_price.parameters import COIN
from sim.scenarios.posted_price.sessions import Session
from tests.bench import bare_collusion
from tests.bench.timing import Ratio, Side, compare

BASELINE = Learning(alpha=0.15, delta=0.95, beta=4e-6)
SEED, STABLE, LIMIT = 1, 100_000, 10**9


def tabular_speed(pairs: int = 7) -> list[Ratio]:
    """A session of the baseline of Calvano and others, from its first period to convergence."""
    session = Session(find("posted_price").settings("standard", {}), BASELINE, stable=STABLE)
    profits = session.profits / COIN

    def bare() -> bare_collusion.Sessions:
        return bare_collusion.sessions(SEED, session.profits, BASELINE.delta)

    def play(made: bare_collusion.Sessions) -> None:
        arrays = made.heads[0], made.places[0], profits, made.q[0], made.best[0]
        bare_collusion.learn(*arrays, *BASELINE, stop=LIMIT, stable=STABLE)

    session.begin(SEED)
    session.learn(LIMIT)
    ours = Side(session.ticks, lambda: session.begin(SEED), lambda _: session.learn(LIMIT))
    baseline = Side(session.ticks, bare, play)
    return [compare("sellers who learn by tables, beside a bare loop", "iterations/s", ours, baseline, 0.2, pairs)]
