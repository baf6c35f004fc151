"""Engines by name, and what they refuse."""

import sys

import pytest

from chain.errors import InputError
from sim.experiments.engines.choice import ENGINES, open_engine
from sim.experiments.engines.engine import Limits
from tests.sim.experiments.engines import fakes


def test_there_are_three():
    assert set(ENGINES) == {"inline", "workers", "ray"}


@pytest.mark.parametrize("name", ["inline", "workers"])
def test_an_engine_is_opened_by_its_name_and_executes(name, tmp_path):
    engine = open_engine(name, fakes.work)
    try:
        assert engine.name == name
        assert [done.error for done in engine.run(iter(fakes.tasks_of(tmp_path, "pass")))] == [""]
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("worker", {}, "engine: 'worker' given; allowed are inline, workers, ray; did you mean workers?"),
        ("workers", {"workers": 0}, "workers: 0 given, allowed is 1 to 1024"),
        ("workers", {"workers": 1025}, "workers: 1025 given, allowed is 1 to 1024"),
        ("workers", {"workers": True}, "workers: True given, allowed is 1 to 1024"),
        ("inline", {"workers": 2}, "workers: 2 given, but the engine inline is one process; allowed is 1"),
        ("inline", {"limits": Limits(seconds=5)}, "seconds: 5 given, but the engine inline can not stop a cell"),
        ("workers", {"limits": Limits(seconds=0)}, "seconds: 0 given, allowed is more than 0"),
        ("workers", {"limits": Limits(seconds=float("nan"))}, "seconds: nan given, allowed is more than 0"),
        ("workers", {"limits": Limits(seconds=float("inf"))}, "seconds: inf given, allowed is more than 0 and at most 1_000_000"),
        ("workers", {"limits": Limits(seconds=1e9)}, "seconds: 1000000000.0 given, allowed is more than 0 and at most"),
        ("workers", {"limits": Limits(memory_mb=10**15)}, "memory_mb: 1000000000000000 given, allowed is 1 to 1000000000"),
        ("workers", {"limits": Limits(memory_mb=0)}, "memory_mb: 0 given, allowed is 1 to"),
        ("workers", {"address": "here:1"}, "address: 'here:1' given, but the engine workers has none; allowed with ray"),
    ],
)
def test_what_is_not_to_be_had_is_refused(name, given, message):
    with pytest.raises(InputError) as error:
        open_engine(name, fakes.work, **given)
    assert message in str(error.value)


def test_without_ray_its_engine_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"engine: ray given, which is not installed; allowed is `pip install ledgerlab\[ray\]`"):
        open_engine("ray", fakes.work)
