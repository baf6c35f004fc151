"""Specs that ask for more than there is: the error names the limit, and nothing of it is made."""

from tests.sim.experiments.hostile.entry import changed

CELLS = "allowed are at most 1_000_000"
AMOUNTS = ["min_stake", "registration_fee", "client_balance", "provider_balance", "value_high", "cost_high", "effort_cost"]
MIXTURES = {
    "client": [f"random:{k}+cheapest:{10**6 - k}" for k in range(1, 101)],
    "provider": [f"cost_plus:{k}+undercutting:{10**6 - k}" for k in range(1, 101)],
}


def sample(points, **ranges):
    return {"points": points, "ranges": ranges or {"min_stake": [0, 10**8]}}


BOMBS = {
    "bomb of a grid": changed((CELLS, "1_000_000_000"), grid=lambda: {name: list(range(10**3)) for name in AMOUNTS[:3]}),
    "bomb of a large grid": changed((CELLS, "more than 1_000_000_000_000_000"),
        grid=lambda: {name: list(range(10**4)) for name in AMOUNTS}),
    "bomb of a grid of many names": changed(CELLS, grid={f"p{k}": [0, 1] for k in range(20)}),
    "bomb of 20000 names": changed(CELLS, grid=lambda: {f"p{k}": [0, 1] for k in range(20_000)}),
    "bomb by one": changed(("1_000_001 cells", CELLS), grid={"min_stake": list(range(101)),
        "client_balance": list(range(9_901))}),
    "bomb of grid and sample": changed(CELLS, grid={"arbiter_bps": list(range(100))}, sample=sample(10**5)),
    "bomb of sets and sample": changed(CELLS, sets=lambda: [{"arbiter_bps": k} for k in range(10**4)], sample=sample(10**4)),
    "bomb of sets and grid": changed(
        CELLS, sets=lambda: [{"arbiter_bps": k} for k in range(10**4)], grid={"min_stake": list(range(10**4))}
    ),
    "bomb of too many sets": changed(("sets", "10000 items"), sets=lambda: [{"arbiter_bps": k} for k in range(10**4 + 1)]),
    "bomb of sets, grid and sample": changed(
        (CELLS, "10_000_000_000_000"),
        sets=lambda: [{"arbiter_bps": k} for k in range(10**4)], grid={"spare": list(range(10**4))}, sample=sample(10**5),
    ),
    "bomb of a sample of 10**5 dimensions": changed(
        ("sample.ranges", "at most 100 items"), sample=lambda: sample(4, **{f"p{k}": [0, 1] for k in range(10**5)})
    ),
    "bomb of a sample of many numbers": changed(
        ("sample.points", "1_000_000 numbers"), sample=sample(10**5, **{name: [0, 1] for name in [*AMOUNTS, "spare", "base_fee",
            "x", "y"]})
    ),
    "bomb of a sample of 10**18 points": changed(("sample.points", "100000"), sample=sample(10**18)),
    "bomb of arms": changed(("arms", "1000 items"), arms=lambda: {f"a{k}": {} for k in range(10**5)}),
    "bomb of arms and mixtures": changed((CELLS, "10_000_000 arms"), policies=MIXTURES, arms={f"a{k}": {} for k in range(1_000)}),
    "bomb of arms' own mixtures": changed(CELLS, arms=lambda: {f"a{k}": {"policies": MIXTURES} for k in range(1_000)}),
    "bomb of mixtures and a grid": changed(CELLS, policies=MIXTURES, grid={"min_stake": list(range(101))}),
    "bomb of attacks": changed(
        (CELLS, "5 sides"), attacks={"shirker": [k / 1_000 for k in range(1, 101)]}, defences=["stake"],
        grid={"client_balance": list(range(2_001))},
    ),
    "bomb of rows": changed(("rows in all", "1_000_000_000"), grid=lambda: {"min_stake": list(range(10_001))}, seeds=100_000),
    "bomb of agents and ticks": changed(
        ("a world of 1000003 agents and 100000 ticks", "GiB of this machine"), fixed={"clients": 10**6, "client_balance": 1},
            horizon=10**5
    ),
    "bomb of agents in an arm": changed(
        "GiB of this machine", arms={"a": {}, "b": {"fixed": {"clients": 10**6, "client_balance": 1}}}, horizon=10**5
    ),
    "bomb of agents in a grid": changed(
        "GiB of this machine", grid={"horizon": [8, 10**5]}, fixed={"clients": 10**6, "client_balance": 1}
    ),
    "last of a million values": changed(
        "grid.arbiter_bps: 10001 given", grid={"min_stake": list(range(1_000)), "arbiter_bps": [*range(999), 10_001]}
    ),
    "first of the slowest of a million": changed(
        "grid.arbiter_bps: 10001 given", grid={"arbiter_bps": [*range(999), 10_001], "min_stake": list(range(1_000))}
    ),
    "last of ten thousand sets": changed("sets.9999.spare: -1 given",
        sets=lambda: [{"spare": k} for k in range(9_999)] + [{"spare": -1}]),
    "unknown beside a million": changed(
        "sample.ranges.no_such", grid={"min_stake": list(range(10))}, sample=sample(10**5, no_such=[0, 1])
    ),
    "attack of nobody in the last arm": changed("nobody of 1", attacks={"shirker": 0.3}, arms={"a": {},
        "b": {"fixed": {"providers": 1}}}),
}  # fmt: skip
