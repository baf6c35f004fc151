"""The name of a cell covers all that decides its rows, and neither depends on what else the spec contains."""

import re
import shutil

import numpy as np
import pytest

from agents.registry import shipped
from chain.errors import InputError
from sim.experiments.cells import cells_of
from sim.experiments.work import tables_of
from tests.sim.experiments.test_cells import cells, planned

POLICY = "import numpy as np\n\n\ndef first(view, memory, dice):\n    return {'hire': np.zeros(view.size)}\n"


def rows(cell):
    return tables_of(cell.description)[""]


def key(cell):
    """What a cell is, in words, whatever else the spec has."""
    plays = tuple(one.label for one in cell.arm.policies.values())
    return (*sorted(cell.given.items()), plays, cell.arm.attack, cell.arm.share, cell.arm.side, cell.arm.defence)


BASE = {
    "grid": {"min_stake": [0, 10_000_000]},
    "policies": {"client": ["random", "cheapest"]},
    "attacks": {"shirker": 1},
    "arms": {"a": {}, "b": {"fixed": {"need_bps": 5_000}}},
}
MORE = {
    "another arm": {"arms": {**BASE["arms"], "c": {"fixed": {"need_bps": 1}}}},
    "an arm before": {"arms": {"c": {"policies": {"client": "thompson"}}, **BASE["arms"]}},
    "another name of an arm": {"arms": {"z": BASE["arms"]["b"], "y": BASE["arms"]["a"]}},
    "another attack": {"attacks": {"exit_scam": 1, "shirker": 1}},
    "another share": {"attacks": {"shirker": [0.4, 1]}},
    "another value": {"grid": {"min_stake": [5, 0, 10_000_000]}},
    "another policy": {"policies": {"client": ["thompson", "random", "cheapest"]}},
    "another policy of another role": {"policies": {**BASE["policies"], "provider": ["low_effort", "cost_plus"]}},
    "sets in the place of a grid": {"grid": {}, "sets": [{"min_stake": 10_000_000}, {"min_stake": 0}]},
    "another question": {"question": "Why?", "name": "y"},
}


@pytest.mark.parametrize("more", MORE)
def test_the_name_and_the_rows_of_a_cell_do_not_change_with_what_else_is_asked_for(more):
    before = {key(cell): cell for cell in cells(**BASE)}
    after = {key(cell): cell for cell in cells(**{**BASE, **MORE[more]})}
    assert len(before) == 24
    assert set(before) <= set(after)
    assert [before[one].name for one in before] == [after[one].name for one in before]
    for one in list(before)[::5]:
        same(rows(before[one]), rows(after[one]))


def same(one, other):
    """Assert that two tables are the same, cell names included."""
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], name)


def test_other_seeds_and_metrics_make_another_name_and_the_rows_they_share_are_the_same():
    (one,) = cells(seeds=3)
    (other,) = cells(seeds=[7, 2, 1, 300], metrics=["gini", "fill_rate", "efficiency"])
    assert one.name != other.name
    mine, theirs = rows(one), rows(other)
    here, there = mine["seed"].tolist(), theirs["seed"].tolist()
    assert (here, there) == ([0, 1, 2], [7, 2, 1, 300])
    for seed in (1, 2):
        for column in ("digest", "gini", "efficiency"):
            assert mine[column][here.index(seed)] == theirs[column][there.index(seed)]
    assert len(set(mine["digest"]) | set(theirs["digest"])) == 5, "or all worlds are the same"


def test_seeds_counted_or_listed_are_the_same_cell():
    assert cells(seeds=3)[0].name == cells(seeds=[0, 1, 2])[0].name != cells(seeds=[2, 1, 0])[0].name


def test_a_parameter_set_anywhere_or_by_its_default_is_the_same_cell():
    (plain,) = cells()
    assert cells(fixed={"clients": 6})[0].name == plain.name, "as in the preset"
    assert cells(grid={"clients": [6]})[0].name == plain.name
    assert cells(horizon=8)[0].name == plain.name
    assert cells(horizon=7)[0].name == cells(fixed={"horizon": 7})[0].name != plain.name
    assert cells(policies={"client": plain.arm.policies["client"].label})[0].name == plain.name


@pytest.mark.parametrize("attack", ["shirker", "exit_scam"])
def test_every_side_share_and_defence_is_a_cell_of_its_own(attack):
    found = cells(attacks={attack: [0.4, 1]}, defences=["stake"])
    assert len({cell.name for cell in found}) == len(found) == 10


def test_moving_a_policy_file_does_not_change_the_name_and_editing_it_does(tmp_path):
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "here" / "mine.py").write_text(POLICY)
    shutil.copy(tmp_path / "here" / "mine.py", tmp_path / "there" / "mine.py")

    def name(folder):
        sweep = planned(tmp_path / folder, True, policies={"client": "mine.py:first"})
        (cell,) = cells_of(sweep)
        assert cell.description["plays"]["client"] == str(tmp_path / folder / "mine.py:first")
        return cell.name

    assert name("here") == name("there")
    (tmp_path / "there" / "mine.py").write_text(POLICY + "\n")
    assert name("here") != name("there")


def test_a_policy_that_was_edited_since_is_not_played(tmp_path):
    (tmp_path / "mine.py").write_text(POLICY)
    (cell,) = cells_of(planned(tmp_path, True, policies={"client": "mine.py:first"}))
    (tmp_path / "mine.py").write_text(POLICY + "\n")
    with pytest.raises(InputError, match="its file was changed since the cell was planned"):
        tables_of(cell.description)


def test_a_bundle_by_name_and_its_copy_under_this_name_are_the_same_cell(tmp_path):
    ((name, bundle),) = shipped("provider").items()
    shutil.copytree(bundle, tmp_path / name)
    by_name, copied = (cells(policies={"provider": text})[0] for text in (name, str(tmp_path / name)))
    assert by_name.name == copied.name
    assert by_name.description["plays"]["provider"] == name


def test_a_name_is_sixteen_hex_digits_and_stands_in_the_rows():
    (cell,) = cells()
    assert re.fullmatch("[0-9a-f]{16}", cell.name)
    assert set(rows(cell)["cell"]) == {cell.name}
