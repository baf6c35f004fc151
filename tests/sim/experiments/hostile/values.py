"""Wrong values in every field of a spec: wrong types, out of range, unknown, contradictory, too many."""

from tests.sim.experiments.hostile.entry import GOOD, Hostile, changed

INF, NAN = float("inf"), float("nan")
DEEP: list = []
for _ in range(5_000):
    DEEP = [DEEP]
HUGE = 10**5_000


def of(*values):
    """A parameter with each of these values."""
    return [{"clients": value} for value in values]


def sample(**own):
    """A sample with some of its fields replaced."""
    return {"points": 4, "ranges": {"clients": [1, 2]}, **own}


def among(*ranges):
    """A sample of a parameter in each of these ranges."""
    return [sample(ranges={"clients": one}) for one in ranges]


def arms(**own):
    """One arm."""
    return {"a": own}


def many(number, value):
    """A mapping of so many names."""
    return {f"p{k}": value for k in range(number)}


WRONG = {
    "name": [
        *(None, 5, "", "A", "a b", "a.b", "-a", "_a", "a\n", "a\0", "a/b", "..", "../x", "/etc/x", "a\\b", "é"),
        *("a" * 61, "a" * 10**6, ["a"], "a\u202eb", "con:", "%2e%2e", "~"),
    ],
    "question": [5, ["a"], "x" * 501, "a\0b", "a\x1b[31mb", "a\u2028b", "\ud800", "a\u202eb"],
    "scenario": [None, 5, "", "x" * 10**6, "service_market\n", ["service_market"]],
    "preset": [5, "", "minimal\0", {"a": 1}, "x" * 10**5],
    "fixed": [
        *([1], "x", {1: 1}, {"": 1}, {"Clients": 1}, {"a\nb": 1}, {"__class__": 1}, {"a" * 10**5: 1}, {("a", "b"): 1}),
        *of(None, "6", [6], True, 1.5, NAN, INF, 2**63, HUGE, -(10**30)),
    ],
    "grid": [[1], *of(5, [], [[1]], ["1"], [True], {"a": 1}, [HUGE], [1, None], DEEP)],
    "sets": [{"clients": 1}, [1], [[1]], of([1]), of(1, "x")],
    "sample": [
        *(5, [], {}, {"points": 4}),
        *(sample(points=number) for number in (0, -1, True, 1.5, NAN, 10**5 + 1, HUGE)),
        *(sample(seed=number) for number in (-1, 2**63, True, 0.5, "1")),
        *(sample(ranges={}), sample(method="sobel"), sample(method=None), sample(extra=1), sample(int=1)),
        *among(1, [1], [1, 2, 3], [2, 1], [-(2**62), 2**62], [1, NAN], [1, True], ["1", "2"]),
        *(sample(ranges=many(101, [0, 1])), sample(ranges=many(10**3, [0, 1]))),
    ],
    "policies": [
        *(["random"], {"cli\nent": "random"}),
        *({"client": text} for text in (5, [], [5], "", "a\nb", "a\0b", "x" * 501, {"thompson": 20}, ["random"] * 101)),
    ],
    "attacks": [
        *("shirker", ["shirker"], {"shirker\n": 0.5}),
        *({"shirker": share} for share in (NAN, INF, -1, 2, True, [], [0.5, NAN], [0.5, 1.5], ["0.5"], None, [0.001] * 101)),
    ],
    "defences": ["stake", {"stake": 1}, [5], ["stake\n"], ["a"] * 101],
    "arms": [
        *([], {"a": None}, {"a": 5}, {"a": []}, {1: {}}, many(1_001, {})),
        *({label: {}} for label in ("", "x" * 61, "a\nb", "a\x1b[31m", "a\0", "a=b", "a|b", "a,b", "a\u202eb", "a\u2028b")),
        *({label: {}} for label in ("<script>alert(1)</script>", "<img src=x>")),
        *(arms(fixed={"clients": "x"}), arms(polices={}), arms(int=5), arms(policies={"client": []}), arms(defences="stake")),
    ],
    "seeds": [
        *(None, "5", 1.5, NAN, INF, True, 2**63, HUGE, -(10**30), {"a": 1}),
        *([], [[1]], ["1"], [1.5], [True], lambda: list(range(10**5 + 1))),
    ],
    "horizon": ["8", True, 1.5, NAN, INF, [8], HUGE, 2**63],
    "metrics": ["efficiency", [], [5], ["Efficiency"], ["a\n"], {"efficiency": 1}, ["a"] * 1_001],
    "record": ["series", ["everything"], [5], ["series", "series", "ledgers"], [None]],
}
"""Field -> values of the wrong form; the error names the field."""

MANY = {
    "negative seed": changed("seeds: -5 given", seeds=[1, -5]),
    "no seeds": changed("seeds: 0 given, allowed is a number from 1 to 100000", seeds=0),
    "10**12 seeds": changed("seeds: 1000000000000 given, allowed is a number from 1 to 100000", seeds=10**12),
    "negative number of seeds": changed("seeds: -3 given", seeds=-3),
    "seed given twice": changed("seeds: one given twice", seeds=[1, 2, 1]),
    "scenario misspelt": changed(("'servise_market'", "did you mean service_market?"), scenario="servise_market"),
    "scenario of a path": changed("scenario: '../service_market' given", scenario="../service_market"),
    "scenario of a module": changed("scenario: 'os.path' given", scenario="os.path"),
    "preset misspelt": changed(("'minmal'", "did you mean minimal?"), preset="minmal"),
    "role misspelt": changed(("role: 'clint' given", "did you mean client?"), policies={"clint": "random"}),
    "role of another scenario": changed("role: 'seller' given", policies={"seller": "nash"}),
    "policy misspelt": changed(("client=tompson", "did you mean thompson?"), policies={"client": "tompson"}),
    "policy of another role": changed("client=cost_plus", policies={"client": "cost_plus"}),
    "policy twice": changed("'random' given twice", policies={"client": ["random", "random"]}),
    "attack misspelt": changed(("attack shirkr", "did you mean shirker?"), attacks={"shirkr": 0.5}),
    "attack of nobody": changed("nobody of 3", attacks={"shirker": 0.01}),
    "attack of too many": changed("allowed is at most", attacks={"sybil_rating": 1}),
    "attack in another scenario": changed("allowed in posted_price are", scenario="posted_price", attacks={"shirker": 0.5}),
    "share twice": changed("attacks.shirker: a share given twice", attacks={"shirker": [0.5, 0.5]}),
    "defence misspelt": changed(("'stak' given", "did you mean stake?"), attacks={"shirker": 0.5}, defences=["stak"]),
    "defence twice": changed("'stake' given twice", attacks={"shirker": 0.5}, defences=["stake", "stake"]),
    "defence of another scenario": changed("defence: 'stake' given", scenario="posted_price",
        arms={"a": {"defences": ["stake"]}}),
    "defence without an attack": changed("defences: given without attacks", defences=["stake"]),
    "defences beside arms": changed("defences: given beside arms", attacks={"shirker": 0.5}, defences=["stake"], arms={"a": {}}),
    "defence beside fixed": changed(
        ("min_stake", "defence stake sets it"), attacks={"shirker": 0.5}, defences=["stake"], fixed={"min_stake": 0}
    ),
    "defence beside grid": changed(
        ("slash_bps", "defence stake sets it"), arms={"a": {"defences": ["stake"]}}, grid={"slash_bps": [0, 1]}
    ),
    "defence beside an arm": changed(
        ("arbiter_bps", "defence dispute sets it"), arms={"a": {"defences": ["dispute"], "fixed": {"arbiter_bps": 1}}}
    ),
    "metric misspelt": changed(("'eficiency' given", "did you mean efficiency?"), metrics=["eficiency"]),
    "metric twice": changed("metrics: one given twice", metrics=["efficiency", "efficiency"]),
    "metric of an attack": changed("metric: 'attacker_profit' given", metrics=["attacker_profit"]),
    "parameter misspelt": changed(("fixed.cleints", "did you mean clients?"), fixed={"cleints": 3}),
    "parameter misspelt in grid": changed(("grid.cleints", "did you mean clients?"), grid={"cleints": [3]}),
    "parameter misspelt in sets": changed(("sets.1.cleints", "did you mean clients?"), sets=[{"clients": 3}, {"cleints": 3}]),
    "parameter misspelt in sample": changed("sample.ranges.cleints", sample={"points": 4, "ranges": {"cleints": [1, 2]}}),
    "parameter misspelt in an arm": changed("arms.a.fixed.cleints", arms={"a": {"fixed": {"cleints": 3}}}),
    "parameter of a column": changed("fixed.seed:", fixed={"seed": 1}),
    "out of range": changed(("fixed.clients: 0 given", "1 to 1000000 agents"), fixed={"clients": 0}),
    "out of range in grid": changed("grid.clients: 0 given", grid={"clients": [5, 0]}),
    "out of range in sets": changed("sets.0.clients: 0 given", sets=[{"clients": 0}]),
    "out of range in sample": changed("sample.ranges.clients: 0 given", sample={"points": 4, "ranges": {"clients": [0, 9]}}),
    "out of range in an arm": changed("arms.a.fixed.clients: 0 given", arms={"a": {"fixed": {"clients": 0}}}),
    "horizon of 10**18": changed(("horizon: 1000000000000000000 given", "1 to 100000 ticks"), horizon=10**18),
    "no horizon": changed("horizon: 0 given", horizon=0),
    "ends the wrong way round": changed("value_low: 50000000 given, allowed is at most", fixed={"value_low": 5 * 10**7,
        "value_high": 1}),
    "range of 2**53": changed("allowed is a range of at most", sample={"points": 4, "ranges": {"clients": [0, 2**53]}}),
    "fixed and grid": changed("clients: given in fixed and in grid", fixed={"clients": 3}, grid={"clients": [3, 4]}),
    "fixed and sets": changed("clients: given in fixed and in sets", fixed={"clients": 3}, sets=[{"clients": 4}]),
    "grid and sample": changed("given in grid and in sample", grid={"clients": [3]}, sample={"points": 4,
        "ranges": {"clients": [1, 2]}}),
    "grid and sets": changed("clients: given in grid and in sets", grid={"clients": [3]}, sets=[{"clients": 4}]),
    "horizon twice": changed("horizon: given in fixed and in horizon", horizon=8, fixed={"horizon": 8}),
    "horizon in grid": changed("horizon: given in grid and in horizon", horizon=8, grid={"horizon": [8]}),
    "grid and arm": changed("arms.a.fixed.clients: given in grid too", grid={"clients": [3]},
        arms={"a": {"fixed": {"clients": 4}}}),
    "value twice": changed("grid.clients: a value given twice", grid={"clients": [3, 4, 3]}),
    "value twice, once as a float": changed("grid.clients: a value given twice", grid={"clients": [3, 3.0]}),
    "set twice": changed("sets: one given twice", sets=[{"clients": 3, "spare": 1}, {"spare": 1, "clients": 3}]),
    "mixture that does not add up": changed("add up to the 6", policies={"client": "random:2+cheapest:3"}),
    "mixture of nobody": changed("0 agents given", policies={"client": "random:0+cheapest:6"}),
    "mixture of 10**400": changed("client=random", policies={"client": "random:1" + "0" * 400}),
    "mixture in a mixture": changed("another mixture given in it", policies={"client": "random:3:3+cheapest:3"}),
    "mixture with a hole": changed("client=random:6", policies={"client": "random:6+:5"}),
    "mixture of what is not": changed("client=rndom", policies={"client": "rndom:3+cheapest:3"}),
    "mixture of colons": changed("client", policies={"client": ":" * 400 + "5"}),
    "mixture of pluses": changed("client", policies={"client": "+" * 300 + ":5"}),
    "field misspelt": Hostile({**GOOD, "polices": {}}, ("polices is no such field", "did you mean policies?")),
    "number as a field": Hostile({**GOOD, 5: 1}, ("5",)),
    "name missing": Hostile({"scenario": "service_market"}, ("name is missing",)),
    "scenario missing": Hostile({"name": "x"}, ("scenario is missing",)),
}  # fmt: skip

VALUES = {
    f"{field} {k}": changed(f"spec: {field}", **{field: value})
    for field, values in WRONG.items()
    for k, value in enumerate(values)
}
VALUES |= MANY
