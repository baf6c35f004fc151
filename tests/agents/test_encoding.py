"""What learners see and do: vectors made of views, actions made of vectors."""

import json

import numpy as np
import pytest

from agents.encoding import HIGHEST, LOWEST, Encoding
from chain.errors import InputError
from sim.encodings import encoding_of
from sim.scenarios import SCENARIOS
from tests.agents.views import ask, market_views
from tests.sim.worlds import MARKET

SETTINGS = MARKET.settings("minimal", {})
EVERY_ROLE = [(scenario, role.name) for scenario in SCENARIOS.values() for role in scenario.roles]


def encoding(role, fields=None, form=None, **given):
    return encoding_of(MARKET, role, MARKET.settings("minimal", given), fields, form)


@pytest.mark.parametrize(("scenario", "role"), EVERY_ROLE, ids=lambda x: getattr(x, "name", x))
def test_every_role_has_features_and_fields_to_learn_in_every_form(scenario, role):
    for preset in scenario.presets:
        made = encoding_of(scenario, role, scenario.settings(preset, {}))
        assert made.features
        assert [field.name for field in made.fields] == list(scenario.role(role).learn)
        assert all(field.low <= field.high and field.levels >= 2 for field in made.fields)
        for form in ("box", "multidiscrete"):
            encoding_of(scenario, role, scenario.settings(preset, {}), form=form)


def test_a_feature_is_its_column_divided_by_its_scale():
    views = market_views("client")
    made = encoding("client")
    places = {feature.name: k for k, feature in enumerate(made.features)}
    for view in views:
        seen = made.observe(view)
        assert seen.dtype == np.float32
        np.testing.assert_allclose(seen[:, places["value"]], view["value"] / SETTINGS.value_high, rtol=1e-6)
        np.testing.assert_allclose(seen[:, places["need"]], view["need"] / SETTINGS.services, rtol=1e-6)
        shown = view["offers"]["price"][:, 3] / SETTINGS.value_high
        np.testing.assert_allclose(seen[:, places["offers.price.3"]], np.clip(shown, LOWEST, HIGHEST), rtol=1e-6)


def test_no_feature_shows_an_address_or_a_job_number():
    for role in ("client", "provider"):
        names = [feature.name for feature in encoding(role).features]
        assert not {"address", "job", "job_provider", "offers.address.0"} & set(names)


def test_features_are_clipped():
    view = np.zeros(2, market_views("client")[0].dtype)
    view["value"], view["offers"]["price"] = [[2**40, -(2**40)], 0][0], 0
    seen = encoding("client").observe(view)
    assert seen.max() == HIGHEST
    assert seen.min() == LOWEST


def test_a_box_action_spreads_over_the_span_and_is_rounded():
    made = encoding("provider", form="box", value_low=0, value_high=101)
    acted = made.act(np.array([[-1, -1], [0, 0], [1, 1], [0.5, -0.5]], np.float32), 4)
    assert acted["price"].tolist() == [0, 50, 101, 76]
    assert acted["effort_bps"].tolist() == [0, 5_000, 10_000, 2_500]


def test_levels_spread_evenly_over_the_span():
    made = encoding("provider", ["deliver", "effort_bps"], "multidiscrete")
    acted = made.act(np.array([[0, 0], [1, 10], [1, 3]]), 3)
    assert acted["deliver"].tolist() == [0, 1, 1]
    assert acted["effort_bps"].tolist() == [0, 10_000, 3_000]


def test_a_discrete_action_counts_all_combinations_in_order():
    many, one = encoding("client", form="multidiscrete"), encoding("client", form="discrete")
    pairs = np.stack(np.unravel_index(np.arange(one.choices), one.levels), axis=1)
    for name, values in one.act(np.arange(one.choices), one.choices).items():
        assert np.array_equal(values, many.act(pairs, one.choices)[name])


def test_offers_that_are_not_there_can_not_be_hired():
    for form in ("multidiscrete", "discrete"):
        made = encoding("client", ["answer", "hire"], form)
        for view in market_views("client"):
            masks = made.masks(view)
            there = view["offers"]["address"] >= 0
            if form == "discrete":
                masks = masks.reshape(view.size, 4, 17)
                assert (masks == masks[:, :1]).all()
                masks = np.concatenate([masks.any(axis=2), masks[:, 0]], axis=1)
            assert masks[:, :5].all(), "any answer, and hiring nobody, are always valid"
            assert np.array_equal(masks[:, 5:], there)
    with pytest.raises(InputError, match="the form box has none"):
        encoding("client", form="box").masks(market_views("client")[0])


def test_what_a_learner_does_is_an_action_of_its_role():
    """Any answer that the encoding takes is one that the role takes."""
    rng = np.random.default_rng(4)
    for scenario, role in EVERY_ROLE:
        settings = scenario.settings("minimal", {})
        fields = [column.name for column in scenario.role(role).action if column.span]
        for form, low, high in (("box", -1, 1), ("multidiscrete", 0, None)):
            made = encoding_of(scenario, role, settings, fields, form)
            if form == "box":
                answers = rng.uniform(low, high, (200, len(fields)))
            else:
                answers = rng.integers(0, made.levels, (200, len(fields)))
            scenario.role(role).read(made.act(answers, 200), 200)
    assert ask(lambda view, memory, dice: {}, market_views("provider")[0]).size == market_views("provider")[0].size


@pytest.mark.parametrize(
    ("answers", "match"),
    [
        ([[0.0, np.nan]], "effort_bps is nan, allowed is -1 to 1"),
        ([[1.5, 0.0]], "price is 1.5, allowed is -1 to 1"),
        ([[0.0]], r"shape \(1, 1\) of float64 given, allowed are numbers of shape \(1, 2\)"),
        ([["a", "b"]], "allowed are numbers"),
    ],
)
def test_wrong_numbers_are_refused_by_name(answers, match):
    with pytest.raises(InputError, match=match):
        encoding("provider").act(np.array(answers), 1)


def test_wrong_levels_and_forms_are_refused_by_name():
    with pytest.raises(InputError, match="hire is 17, allowed is 0 to 16"):
        encoding("client").act(np.array([[17, 0]]), 1)
    with pytest.raises(InputError, match="action is 68, allowed is 0 to 67"):
        encoding("client", form="discrete").act(np.array([68]), 1)
    with pytest.raises(InputError, match="whole numbers"):
        encoding("client").act(np.array([[0.0, 0.0]]), 1)
    with pytest.raises(InputError, match="form: 'cube' given, allowed are box, multidiscrete, discrete"):
        encoding("client", form="cube")
    with pytest.raises(InputError, match=r"discrete needs .* allowed are at most 4096"):
        encoding("provider", ["price", "capacity", "stake", "effort_bps"], "discrete")


def test_wrong_fields_are_refused_by_name():
    with pytest.raises(InputError, match=r"'prices' given; .* did you mean price"):
        encoding("provider", ["prices"])
    for fields in ([], ["price", "price"]):
        with pytest.raises(InputError, match="allowed are different ones of"):
            encoding("provider", fields)


def test_a_view_of_another_role_is_refused():
    with pytest.raises(InputError, match="words given, the client of service_market has"):
        encoding("client").observe(market_views("provider")[0])


def test_an_encoding_is_the_same_after_a_file():
    for role, form in (("client", "multidiscrete"), ("provider", "box")):
        made = encoding(role, form=form)
        assert Encoding.from_json(json.loads(json.dumps(made.as_json()))) == made
