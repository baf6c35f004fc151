"""Workers import the fake work by its name, so they must find the tests."""

from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def _findable(monkeypatch):
    monkeypatch.syspath_prepend(str(HOUSE))
