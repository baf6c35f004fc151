"""A driver's memory does not grow with the number of cells."""

import pytest

MOST_KB = 10_000
"""That may lie between a hundred cells and thirty times as many: some thousand are in memory at once when their table is written, and
of the others a hundred bytes."""


def crossed(left, right):
    """A cheap sweep of so many times so many cells."""
    grid = {"arbiter_bps": list(range(left)), "delivery_window": list(range(1, right + 1))}
    return {"grid": grid, "policies": {}, "metrics": ["fill_rate"], "horizon": 1, "seeds": 1}


@pytest.mark.slow
def test_thirty_times_the_cells_take_no_more_memory(nursery, tmp_path):
    peaks = {}
    for left, right in ((10, 10), (60, 50)):
        code, said = nursery.wait(nursery.start(tmp_path / str(left), crossed(left, right), unsynced=True))
        assert code == 0, said
        peaks[left * right] = int(said)
    assert peaks[3_000] - peaks[100] < MOST_KB
