"""What the tests of faults share."""

import pytest

from tests.sim.experiments.faults.nursery import Nursery


@pytest.fixture(scope="module")
def nursery():
    """Where drivers come from."""
    with Nursery() as opened:
        yield opened
