"""A spec: read from a file, a mapping or an object, changed from the command line, and what it says when something is wrong."""

import pytest
import yaml

from chain.errors import InputError
from sim.experiments.catalogue import TAKEN
from sim.experiments.cells import plan_sweep
from sim.experiments.spec import SPECS, Sample, Spec, checked, find_spec, read_spec
from sim.scenarios import SCENARIOS

FIELDS = {
    "name": "full",
    "question": "What of it?",
    "scenario": "service_market",
    "preset": "minimal",
    "fixed": {"spare": 3},
    "grid": {"min_stake": [0, 1_000_000]},
    "sets": [{"need_bps": 1_000, "providers": 2}, {"need_bps": 2_000}],
    "sample": {"method": "halton", "points": 3, "seed": 5, "ranges": {"reliability_bps": [5_000, 10_000]}},
    "policies": {"client": ["random", "thompson"]},
    "attacks": {"shirker": [0.5, 1.0]},
    "arms": {"open": {}, "judged": {"defences": ["dispute"], "fixed": {"spare": 4}, "policies": {"provider": "low_effort"}}},
    "seeds": [4, 2],
    "horizon": 6,
    "metrics": ["efficiency", "gini"],
    "record": ["series"],
}
"""Every field but `defences`, which are not beside arms."""
SHIPPED = sorted(SPECS.glob("*.yml"))


def minimal(**fields):
    return checked({"name": "x", "scenario": "service_market", **fields})


def refused(says, **fields):
    with pytest.raises(InputError) as error:
        minimal(**fields)
    assert says in str(error.value)


def test_a_file_a_mapping_and_an_object_agree(tmp_path):
    (tmp_path / "full.yml").write_text(yaml.safe_dump(FIELDS))
    spec, folder = read_spec(tmp_path / "full.yml")
    assert folder == tmp_path
    assert spec == read_spec(str(tmp_path / "full.yml"))[0] == read_spec(FIELDS)[0] == read_spec(spec)[0] == Spec(**FIELDS)


def test_what_is_dumped_is_read_again_the_same():
    spec = checked(FIELDS)
    assert checked(spec.dumped()) == spec
    assert spec.dumped() == FIELDS
    assert minimal().dumped() == {"name": "x", "scenario": "service_market"}


def test_what_is_not_given_has_its_default():
    spec = minimal()
    assert (spec.preset, spec.seeds, spec.metrics, spec.horizon, spec.question) == ("standard", 20, None, None, "")
    assert not any((spec.fixed, spec.grid, spec.sets, spec.policies, spec.attacks, spec.arms, spec.record))
    assert Sample(points=3, ranges={"a": [0, 1]}).method == "sobol"


def test_a_whole_number_may_be_written_with_an_exponent():
    assert minimal(grid={"min_stake": [2e7]}).grid == {"min_stake": [20_000_000]}
    refused("grid.min_stake.0: 2.5 given", grid={"min_stake": [2.5]})
    refused("fixed.spare: True given", fixed={"spare": True})


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_spec_that_comes_with_ledgerlab_has_its_name_a_question_and_a_plan(file):
    spec, folder = find_spec(file.stem)
    assert spec.name == file.stem
    assert spec.question.endswith("?")
    assert plan_sweep(spec, folder).cells > 1


def test_a_spec_is_found_by_name_or_by_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yml").write_text("{name: mine, scenario: service_market}")
    assert find_spec("mine.yml")[0].name == "mine"
    assert find_spec("stake")[0].name == "stake"
    with pytest.raises(InputError, match=r"'stak' given, there is no such file; allowed are a YAML file, .* mean stake\?"):
        find_spec("stak")


def test_the_name_of_a_shipped_spec_is_not_a_file_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stake").write_text("{name: other, scenario: service_market}")
    assert find_spec("stake")[0].name == "stake"
    assert find_spec("./stake")[0].name == "other"


def test_fields_are_replaced_from_the_command_line():
    spec, _ = find_spec("stake", ["seeds=3", "grid.min_stake=[5]", "fixed.clients=9", "attacks.shirker=0.5", "sets=[{spare: 2}]"])
    assert (spec.seeds, spec.grid, spec.fixed, spec.attacks) == (3, {"min_stake": [5]}, {"clients": 9}, {"shirker": 0.5})
    assert spec.sets == [{"spare": 2}]
    assert spec.metrics == find_spec("stake")[0].metrics
    assert find_spec("defences", ["arms.none.fixed.clients=9"])[0].arms["none"].fixed == {"clients": 9}
    assert find_spec("stake", ["seeds=3", "seeds=4"])[0].seeds == 4, "the last counts"


@pytest.mark.parametrize("change", ["seeds", "=5", "grid.=5", "seeds.a=5", "a.b.c.d.e=5"])
def test_a_change_that_is_none_is_refused(change):
    with pytest.raises(InputError, match="allowed is FIELD=VALUE"):
        find_spec("stake", [change])


@pytest.mark.parametrize("one", ["fixed", "grid", "sets", "sample", "horizon"])
@pytest.mark.parametrize("other", ["fixed", "grid", "sets", "sample", "horizon"])
def test_a_parameter_is_given_in_one_place(one, other):
    ways = {
        "fixed": {"horizon": 6},
        "grid": {"horizon": [5, 6]},
        "sets": [{"horizon": 6}],
        "sample": {"points": 2, "ranges": {"horizon": [5, 6]}},
        "horizon": 6,
    }
    fields = {place: ways[place] for place in (one, other)}
    if one == other:
        assert minimal(**fields)
    else:
        refused("horizon: given in", **fields)


def test_an_arm_may_set_what_is_fixed_but_not_what_is_varied():
    assert minimal(fixed={"spare": 1}, arms={"a": {"fixed": {"spare": 2}}})
    refused("arms.a.fixed.spare: given in grid too", grid={"spare": [1]}, arms={"a": {"fixed": {"spare": 2}}})
    refused("arms.a.fixed.horizon: given in horizon too", horizon=5, arms={"a": {"fixed": {"horizon": 2}}})


def test_no_point_is_given_twice():
    refused("grid.spare: a value given twice", grid={"spare": [1, 2, 1]})
    refused("sets: one given twice", sets=[{"spare": 1, "clients": 2}, {"clients": 2, "spare": 1}])


def test_defences_go_with_attacks_and_not_with_arms():
    assert minimal(attacks={"shirker": 0.5}, defences=["stake"])
    refused("defences: given without attacks", defences=["stake"])
    refused("defences: given beside arms", attacks={"shirker": 0.5}, defences=["stake"], arms={"a": {}})


def test_the_ends_of_a_sample_are_the_right_way_round_and_it_is_not_too_large():
    def sampled(points, **ranges):
        return {"points": points, "ranges": ranges}

    assert minimal(sample=sampled(2, spare=[3, 3]))
    refused("sample.ranges.spare: [3, 2] given, allowed is the lowest", sample=sampled(2, spare=[3, 2]))
    assert minimal(sample=sampled(2, spare=[0, 2**53 - 1]))
    refused("allowed is a range of at most", sample=sampled(2, spare=[0, 2**53]))
    ten = {f"p{k}": [0, 1] for k in range(10)}
    assert minimal(sample=sampled(100_000, **ten))
    refused("sample.points: 100000 given for 11 ranges", sample=sampled(100_000, **ten, p=[0, 1]))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"sedes": 3}, "sedes is no such field; allowed are name, question"),
        ({"sedes": 3}, "did you mean seeds?"),
        ({"sample": {"point": 3, "points": 3, "ranges": {"spare": [0, 1]}}}, "sample.point is no such field; allowed are method"),
        (
            {"arms": {"a": {"polices": {}}}},
            "arms.a.polices is no such field; allowed are policies, fixed, defences; did you",
        ),
        ({"arms": {"a[b]": {"policies": {"client": 5}}}}, "arms.a[b].policies.client: 5 given, allowed is a valid string or"),
        ({"attacks": {"shirker": [0.1, 2]}}, "attacks.shirker.1: 2 given, allowed is less than or equal to 1"),
        ({"seeds": [1, "x"]}, "seeds.1: 'x' given, allowed is a valid integer"),
        ({"seeds": "x"}, "seeds: 'x' given, allowed is a valid integer or a valid list"),
        ({"grid": {"B": [1]}}, "grid.B: 'B' given, allowed is up to 60 of a-z"),
        ({"arms": {"a,b": {}}}, "arms.a,b: 'a,b' given, allowed is printable characters on one line, and none of , = | < >"),
        ({"question": "x" * 600}, "..."),
        ({"fixed": {"int": "x"}}, "fixed.int: 'x' given"),
    ],
)
def test_an_error_says_where_what_was_given_and_what_is_allowed(fields, says):
    refused(says, **fields)


def test_a_long_value_is_not_repeated_whole():
    with pytest.raises(InputError) as error:
        minimal(preset="x" * 10**6)
    assert len(str(error.value)) < 200


def test_a_question_may_have_several_lines():
    assert minimal(question="One?\nTwo?\n").question == "One?\nTwo?\n"


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_no_parameter_or_role_has_the_name_of_a_column_of_the_catalogue(scenario):
    roles = [role.name for role in scenario.roles]
    assert TAKEN & {*scenario.parameters.model_fields, *roles} == set()
    assert {*scenario.parameters.model_fields} & {*roles} == set()


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_every_parameter_has_a_range_that_its_values_are_held_to_one_by_one(scenario):
    for name, field in scenario.parameters.model_fields.items():
        scenario.check(name, [field.default])
        with pytest.raises(InputError, match=f"^{name}: {10**18} given, allowed is "):
            scenario.check(name, [field.default, 10**18])
        with pytest.raises(InputError, match=f"^{name}: -1 given, allowed is "):
            scenario.check(name, [-1])
    with pytest.raises(InputError, match="no such parameter"):
        scenario.check("nonsense", [])
