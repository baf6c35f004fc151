"""Small sweeps that tests run."""

from sim.experiments.sweep import sweep

TINY = {
    "name": "tiny",
    "scenario": "service_market",
    "preset": "minimal",
    "grid": {"arbiter_bps": [0, 9000], "delivery_window": [1, 2]},
    "policies": {"client": ["cheapest", "thompson"]},
    "metrics": ["efficiency", "fill_rate"],
    "seeds": 3,
}
"""Eight cells of three seeds, a few milliseconds each."""


def swept(folder, spec=None, **given):
    """A sweep that was run in this process, into a directory."""
    return sweep({**TINY, **(spec or {})}, out=folder, **{"engine": "inline", **given})


def parts_of(folder):
    """The bytes of every part by name, and the rows that are to be equal whoever ran them."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.glob("parts/*/*.parquet"))}
