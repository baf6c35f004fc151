"""Specs made at random: good ones, good ones with something replaced, and the shipped ones with bytes changed. Seeded."""

import copy
import random

from sim.experiments.spec import SPECS

RANGES = {
    "clients": (1, 6), "providers": (1, 4), "services": (1, 3), "need_bps": (0, 10_000), "value_low": (0, 40_000_000),
    "min_stake": (0, 80_000_000), "arbiter_bps": (0, 10_000), "dispute_window": (1, 4), "delivery_window": (1, 4),
    "slash_bps": (0, 10_000), "spare": (0, 4), "base_fee": (0, 10_000), "gas_limit": (1_000, 4_000), "capacity_low": (1, 2),
    "rating_decay_bps": (0, 10_000), "registration_fee": (0, 10**8), "horizon": (1, 8),
}  # fmt: skip
"""Parameters of the service market, and a part of their range in which worlds are small."""
POLICIES = {
    "client": ["random", "cheapest", "best_rated", "thompson", "once_bitten"],
    "provider": ["cost_plus", "undercutting", "honest_effort", "low_effort"],
}
METRICS = ["efficiency", "client_surplus", "provider_surplus", "fill_rate", "gini", "settlement_delay"]
ATTACKS = ["shirker", "exit_scam", "whitewasher", "decoy", "sybil_rating"]
DEFENCES = ["stake", "dispute", "decay", "payment_weight", "backed_offers", "eigentrust"]
ODD = [
    None, True, False, 0, 1, -1, 2, 3, 10**6, 10**18, 2**63, 10**400, 0.5, 1.0, -0.0, 1e300, 1e309, float("nan"), "", "x", "a\0b",
    "a\nb", "../x", "/dev/zero", "random", "random:3+cheapest:3", "random:6", "x.py:f", "x.zip", "stake", "shirker", "minimal",
    "large", "service_market", "posted_price", "é", "\u202e", "<b>", "1e3", "no", [], {}, [[]], [0], [1, 2], [1, 1], [0, 0.5],
    ["x"], {"x": 1}, {"clients": 3}, {"clients": [1, 2]}, {"a": {}}, {"a": None}, {"shirker": 0.5}, "series", ["series"],
    ["efficiency"],
]  # fmt: skip
NAMES = [
    *RANGES, *ATTACKS, *DEFENCES, "name", "question", "scenario", "preset", "fixed", "grid", "sets", "sample", "policies",
    "attacks", "defences", "arms", "seeds", "horizon", "metrics", "record", "points", "ranges", "method",
    "seed", "client", "seller", "int", "a b",
]  # fmt: skip


def some(dice, things, most):
    """A few of them, in any order."""
    return dice.sample(things, dice.randint(1, min(most, len(things))))


def good(dice):
    """A spec that may well be valid: few cells, small worlds."""
    free = list(RANGES)
    dice.shuffle(free)
    spec = {"name": "fuzzed", "scenario": "service_market", "preset": "minimal", "seeds": dice.randint(1, 4)}
    if dice.random() < 0.5:
        spec["grid"] = {name: some(dice, range(*RANGES[name]), 3) for name in (free.pop(), free.pop())[: dice.randint(1, 2)]}
    if dice.random() < 0.2:
        names = [free.pop(), free.pop()]
        spec["sets"] = [{name: dice.randint(*RANGES[name]) for name in names} for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.2:
        spec["sample"] = {"points": dice.randint(1, 8), "ranges": {name: list(RANGES[name]) for name in (free.pop(), free.pop())}}
        spec["sample"]["method"] = dice.choice(["sobol", "halton", "latin_hypercube"])
    if dice.random() < 0.3:
        name = free.pop()
        spec["fixed"] = {name: dice.randint(*RANGES[name])}
    if dice.random() < 0.4:
        spec["policies"] = {role: some(dice, POLICIES[role], 2) for role in some(dice, sorted(POLICIES), 2)}
    attacked = dice.random() < 0.4
    if attacked:
        spec["attacks"] = {name: dice.choice([0.5, [0.3, 0.5], 1]) for name in some(dice, ATTACKS, 2)}
    if dice.random() < 0.3:
        spec["arms"] = {f"arm {k}": arm(dice, free) for k in range(dice.randint(1, 3))}
    elif attacked and dice.random() < 0.5:
        spec["defences"] = some(dice, DEFENCES, 2)
    if dice.random() < 0.5:
        spec["metrics"] = some(dice, METRICS, 3)
    if dice.random() < 0.2:
        spec["record"] = some(dice, ["series", "ledgers"], 2)
    return spec


def arm(dice, free):
    """What an arm has of its own."""
    own = {}
    if dice.random() < 0.5:
        own["policies"] = {"client": dice.choice(POLICIES["client"])}
    if dice.random() < 0.3:
        own["defences"] = some(dice, DEFENCES, 2)
    if free and dice.random() < 0.3:
        name = dice.choice(free)
        own["fixed"] = {name: dice.randint(*RANGES[name])}
    return own


def places(value, path=()):
    """Every place in a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield (*path, key)
        yield from places(one, (*path, key))


def mutated(dice, spec):
    """The same with one thing changed, somewhere."""
    spec = copy.deepcopy(spec)
    everywhere = list(places(spec))
    if not everywhere:
        return spec
    *path, last = dice.choice(everywhere)
    inside = spec
    for key in path:
        inside = inside[key]
    kind = dice.randrange(6)
    if kind == 0:
        del inside[last]
    elif kind == 1 and isinstance(inside, dict):
        inside[dice.choice(NAMES)] = inside.pop(last)
    elif kind == 2 and isinstance(inside, dict):
        inside[dice.choice(NAMES)] = dice.choice(ODD)
    elif kind == 3 and isinstance(inside, list):
        inside.append(dice.choice([inside[last], *ODD]))
    elif kind == 4 and isinstance(inside[last], int | float) and abs(inside[last]) < 2**64:
        inside[last] = inside[last] * dice.choice([-1, 0, 0.5, 2]) + dice.choice([-1, 0, 1])
    else:
        inside[last] = dice.choice(ODD)
    return spec


def fuzzed(dice):
    """A good spec, or one with up to three mutations."""
    spec = good(dice)
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
        spec = mutated(dice, spec)
    return spec


TEXTS = [file.read_bytes().replace(b"points: 256", b"points: 8") for file in sorted(SPECS.glob("*.yml"))]
BYTES = b"\0\n\t :,-[]{}'\"#&*!|>%@`?0123456789eE._~=<aeiotrns\x80\xc3\xff\xef\xbb\xbf"


def mangled(dice):
    """A shipped spec with a few bytes changed, gone, more, or elsewhere."""
    text = bytearray(dice.choice(TEXTS))
    for _ in range(dice.choice([0, 1, 1, 1, 2, 4, 16])):
        place, length = dice.randrange(len(text)), dice.choice([1, 1, 1, 2, 8, 40])
        kind = dice.randrange(5)
        if kind == 0:
            text[place] = dice.choice(BYTES)
        elif kind == 1:
            del text[place : place + length]
        elif kind == 2:
            text[place:place] = bytes(dice.choices(BYTES, k=length))
        elif kind == 3:
            text[place:place] = text[dice.randrange(len(text)) :][:length]
        else:
            text[place] = dice.randrange(256)
        text = text or bytearray(b"x")
    return bytes(text)


def dice_of(seed):
    """Of one fuzzed spec."""
    return random.Random(seed)
