"""Cells: which there are, in which order, and what each plays."""

import itertools
import shutil
from pathlib import Path

import pytest

from agents.registry import shipped
from chain.errors import InputError
from sim.attack.defences import DEFENCES
from sim.experiments.cells import cells_of, plan_sweep
from sim.experiments.checks import cells_in
from sim.experiments.spec import checked
from sim.scenarios import find

SMALL = {"name": "x", "scenario": "service_market", "preset": "minimal", "seeds": 3, "metrics": ["efficiency", "gini"]}
STAKE = DEFENCES["service_market"]["stake"]
DISPUTE = DEFENCES["service_market"]["dispute"]


def planned(folder=Path(), trust=False, **fields):
    return plan_sweep(checked({**SMALL, **fields}), folder, trust)


def cells(**fields):
    """All cells of a small sweep; there are as many as were counted."""
    sweep = planned(**fields)
    out = list(cells_of(sweep))
    assert [cell.row for cell in out] == list(range(sweep.cells))
    return out


def by_arm(**fields):
    return {cell.arm.label: cell for cell in cells(**fields)}


def refused(says, folder=Path(), **fields):
    with pytest.raises(InputError) as error:
        planned(folder, **fields)
    assert says in str(error.value)


def test_points_come_in_order_and_at_each_point_every_arm():
    found = cells(grid={"spare": [2, 1]}, policies={"client": ["random", "cheapest"], "provider": ["cost_plus", "low_effort"]})
    assert [(cell.point, cell.given["spare"], cell.arm.label) for cell in found] == [
        (point, spare, f"client={client}, provider={provider}")
        for (point, spare), client, provider in itertools.product(
            [(0, 2), (1, 1)], ["random", "cheapest"], ["cost_plus", "low_effort"]
        )
    ]


def test_a_role_left_out_plays_its_default_and_only_what_varies_is_in_the_label():
    (cell,) = cells()
    roles = find("service_market").roles
    assert cell.arm.label == ", ".join(f"{role.name}={role.policy}" for role in roles), "all roles, as there is one arm"
    assert set(by_arm(policies={"client": ["random", "thompson"]})) == {"client=random", "client=thompson"}


def test_an_arm_has_its_own_policies_and_parameters_beside_the_common_ones():
    found = by_arm(
        fixed={"spare": 1, "services": 1},
        policies={"client": "random", "provider": "cost_plus"},
        arms={"a": {}, "b": {"policies": {"client": "thompson"}, "fixed": {"spare": 3}}},
    )
    assert list(found) == ["a", "b"]
    plays = {label: [one.label for one in cell.arm.policies.values()] for label, cell in found.items()}
    assert plays == {"a": ["random", "cost_plus"], "b": ["thompson", "cost_plus"]}
    assert found["a"].given == {"spare": 1, "services": 1}
    assert found["b"].given == {"spare": 3, "services": 1}
    assert found["b"].description["parameters"]["spare"] == 3


def test_an_arm_of_several_policies_is_several_arms():
    assert set(by_arm(arms={"a": {"policies": {"client": ["random", "thompson"]}}, "b": {}})) == {
        "a, client=random",
        "a, client=thompson",
        "b",
    }


def test_a_defence_that_one_arm_names_is_off_in_the_others():
    found = by_arm(arms={"none": {}, "stake": {"defences": ["stake"]}, "both": {"defences": ["stake", "dispute"]}})
    assert found["none"].given == {**STAKE.off, **DISPUTE.off}
    assert found["stake"].given == {**STAKE.on, **DISPUTE.off}
    assert found["both"].given == {**STAKE.on, **DISPUTE.on}
    assert [cell.arm.defence for cell in found.values()] == ["none", "stake", "stake+dispute"]
    assert [cell.arm.defence for cell in cells(arms={"a": {}})] == [""]


def test_every_attack_is_played_with_every_share_on_every_side():
    found = cells(attacks={"shirker": [0.4, 1], "exit_scam": 0.4})
    cases = [("shirker", 0.4), ("shirker", 1.0), ("exit_scam", 0.4)]
    assert [(cell.point, cell.arm.attack, cell.arm.share, cell.arm.side) for cell in found] == [
        (point, attack, share, side) for point, (attack, share) in enumerate(cases) for side in ("honest", "attacked", "absent")
    ]
    assert [cell.arm.label for cell in found[:3]] == ["side=honest", "side=attacked", "side=absent"]
    assert dict(found[4].arm.attackers.counts) == {"provider": 3}


def test_with_defences_the_first_two_sides_are_played_again_without():
    found = cells(attacks={"shirker": 1}, defences=["stake", "dispute"])
    assert [(cell.arm.side, cell.arm.defence) for cell in found] == [
        ("honest", "stake+dispute"),
        ("attacked", "stake+dispute"),
        ("absent", "stake+dispute"),
        ("honest", "none"),
        ("attacked", "none"),
    ]
    assert [cell.arm.label for cell in found[3:]] == [f"side={side} without stake and dispute" for side in ("honest", "attacked")]
    assert all(cell.given == {**STAKE.on, **DISPUTE.on} for cell in found[:3])
    assert all(cell.given == {**STAKE.off, **DISPUTE.off} for cell in found[3:])


def test_arms_under_attack_are_named_after_both_and_share_a_point():
    found = cells(arms={"a": {}, "b": {"defences": ["stake"]}}, attacks={"shirker": 1}, grid={"spare": [1, 2]})
    assert [cell.point for cell in found] == [0] * 6 + [1] * 6
    assert [cell.arm.label for cell in found[:6]] == [
        f"{arm}, side={side}" for arm in ("a", "b") for side in ("honest", "attacked", "absent")
    ]
    assert [cell.arm.defence for cell in found[:6]] == ["none"] * 3 + ["stake"] * 3


def test_attackers_are_so_many_of_the_agents_that_an_arm_has():
    found = by_arm(arms={"few": {"fixed": {"providers": 2}}, "many": {"fixed": {"providers": 8}}}, attacks={"shirker": 0.5})
    assert found["few, side=attacked"].arm.attackers.counts == {"provider": 1}
    assert found["many, side=attacked"].arm.attackers.counts == {"provider": 4}


def test_metrics_of_attacks_are_measured_where_there_is_one():
    assert "attacker_profit" not in planned(metrics=None).metrics
    assert "attacker_profit" in planned(metrics=None, attacks={"shirker": 1}).metrics
    assert planned(metrics=["gini", "efficiency"]).metrics == ("gini", "efficiency"), "in the order given"


def test_the_number_of_cells_is_counted_as_they_are_made():
    asked = {
        "sets": [{"spare": 1}, {"spare": 2}],
        "grid": {"min_stake": [0, 1], "base_fee": [0, 1, 2]},
        "sample": {"points": 4, "ranges": {"need_bps": [0, 10_000]}},
        "attacks": {"shirker": [0.4, 1], "decoy": 1},
        "arms": {"a": {"policies": {"client": ["random", "cheapest"]}}, "b": {}},
    }
    assert len(cells(**asked)) == 2 * 6 * 4 * 3 * 3 * 3
    assert len({cell.name for cell in cells(**asked)}) == 2 * 6 * 4 * 3 * 3 * 3


def test_paths_start_where_the_spec_is_and_not_where_it_is_run(tmp_path, monkeypatch):
    """A bundle beside the spec is found from anywhere; one in the working directory is not taken for it."""
    (bundle,) = shipped("provider").values()
    (tmp_path / "spec").mkdir()
    (tmp_path / "work").mkdir()
    shutil.copytree(bundle, tmp_path / "spec" / "mine")
    shutil.copytree(bundle, tmp_path / "work" / "other")
    monkeypatch.chdir(tmp_path / "work")
    for text in ("mine", "./mine", str(tmp_path / "spec" / "mine")):
        (cell,) = cells_of(planned(tmp_path / "spec", policies={"provider": text}))
        assert cell.description["plays"]["provider"] == str(tmp_path / "spec" / "mine")
    refused("no such policy", tmp_path / "spec", policies={"provider": "other"})


def test_a_mixture_adds_up_at_every_point():
    assert len(cells(policies={"client": "random:4+cheapest:2"})) == 1
    refused("add up to the 7 of the role", policies={"client": "random:4+cheapest:2"}, grid={"clients": [6, 7]})


def test_what_names_the_directory_is_the_spec_without_its_words():
    assert planned(question="Why?", name="y").config == planned().config
    assert planned(grid={"spare": [1]}).config != planned().config


def test_the_labels_of_the_arms_are_those_of_every_point():
    assert planned(grid={"spare": [1, 2]}, arms={"a": {}, "b": {}}).arms == ("a", "b")
    assert planned(attacks={"shirker": [0.4, 1]}).arms == ("side=honest", "side=attacked", "side=absent")


def test_a_point_that_the_scenario_does_not_have_is_refused_wherever_it_is():
    refused("grid.arbiter_bps: 10001 given, allowed is 0 to 10000 bps", grid={"arbiter_bps": [1, 10_001]})
    refused("value_low: 9 given, allowed is at most value_high, 8", grid={"value_low": [0, 9], "value_high": [8, 10]})
    refused("nobody of 1", attacks={"shirker": 0.4}, grid={"providers": [3, 1]})
    refused("sets.1.spare: -1 given", sets=[{"spare": 1}, {"spare": -1}])


def test_a_parameter_that_a_defence_sets_is_not_given_too():
    under = {"attacks": {"shirker": 1}, "defences": ["stake"]}
    for given in ({"fixed": {"min_stake": 0}}, {"grid": {"min_stake": [0]}}, {"sets": [{"min_stake": 0}]}):
        refused("min_stake: given, but the defence stake sets it", **under, **given)
    refused(
        "arbiter_bps: given, but the defence dispute sets it", arms={"a": {"defences": ["dispute"], "fixed": {"arbiter_bps": 1}}}
    )


def test_a_million_cells_are_allowed_and_one_more_is_refused_before_any_is_made():
    asked = {"grid": {"min_stake": list(range(1_000)), "registration_fee": list(range(1_000))}}
    assert cells_in(checked({**SMALL, **asked}), 1_000) == 10**6
    with pytest.raises(InputError, match="1000000 cells of 1001 seeds asked for, allowed are at most 1_000_000_000 rows in all"):
        cells_in(checked({**SMALL, **asked}), 1_001)
    refused(
        "1_001 points x 1_000 arms = 1_001_000 cells",
        grid={"spare": list(range(1_001))},
        arms={f"a{k}": {} for k in range(1_000)},
    )
