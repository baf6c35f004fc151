"""Learned policies as they play: the same in a batch of any size, masks kept, draws from the dice alone."""

import numpy as np
import pytest

from agents.learned.policy import LearnedPolicy
from chain.errors import InputError
from tests.agents.learned.networks import EVERY_FORM, encoding, network, policy, views
from tests.agents.views import dice
from tests.sim.worlds import MARKET, world

ROWS = 513
BOTH_WAYS = [(*one, deterministic) for one in EVERY_FORM for deterministic in (True, False) if deterministic or one[2] != "q"]


def asked(learned, view, names):
    """The fields that a policy sets, one row of numbers each."""
    answer = learned.act(view, np.zeros(view.size, []), dice(names))
    return np.column_stack([answer[field.name] for field in learned.encoding.fields])


@pytest.mark.parametrize(("role", "form", "kind", "deterministic"), BOTH_WAYS)
@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_of_any_size_do_the_same(role, form, kind, deterministic, size):
    learned, view, names = policy(role, form, kind, deterministic=deterministic, size=3), views(role, ROWS), np.arange(ROWS)
    whole = asked(learned, view, names)
    assert len(np.unique(whole, axis=0)) > 5, "rows differ"
    parts = [slice(first, first + size) for first in range(0, ROWS, size)]
    assert (np.concatenate([asked(learned, view[part], names[part]) for part in parts]) == whole).all()


@pytest.mark.parametrize(("role", "form", "kind"), EVERY_FORM)
def test_what_is_done_is_allowed_by_the_role(role, form, kind):
    learned = policy(role, form, kind, size=30)
    view = views(role, ROWS, seed=4)
    MARKET.role(role).read(learned.act(view, np.zeros(ROWS, []), dice(np.arange(ROWS))), ROWS)


@pytest.mark.parametrize("form", ["multidiscrete", "discrete"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_who_was_trained_with_masks_never_takes_an_invalid_level(form, deterministic):
    view, names = views("client", ROWS), np.arange(ROWS)
    places = np.arange(ROWS)
    for masked in (False, True):
        learned = policy("client", form, masked=masked, deterministic=deterministic, size=3)
        hire = asked(learned, view, names)[:, 0]
        invalid = (hire >= 0) & (view["offers"]["address"][places, hire] < 0)
        assert invalid.any() == (not masked), "who was trained without them may try, and hires nobody"


def test_a_gaussian_policy_plays_its_mean_and_draws_around_it():
    """38.3 % of normal draws are within half a standard deviation: of 513 × 200 draws, to five standard errors."""
    made, view = encoding(), views("provider", ROWS)
    net, high = network(made, size=0.1, seed=2), made.fields[0].high

    def numbers(learned, first):
        return asked(learned, view, np.arange(first, first + ROWS))[:, 0] / high * 2 - 1

    means, half = numbers(LearnedPolicy(made, net), 0), np.exp(net.weights["log_std"][0]) / 2
    assert (np.abs(means) + half < 1).all(), "so near the mean nothing is clipped"
    drawn = np.array([numbers(LearnedPolicy(made, net, False), first) for first in range(0, 200_000, 1_000)])
    assert np.abs(drawn).max() == 1, "further out it is"
    near, share = np.abs(drawn - means) < half, 0.38292
    assert abs(near.mean() - share) < 5 * (share * (1 - share) / near.size) ** 0.5


def test_draws_belong_to_the_agent_and_the_tick():
    learned, view = policy(deterministic=False), views("provider", 20)
    assert (asked(learned, view, np.arange(20)) == asked(learned, view, np.arange(20))).all()
    assert (asked(learned, view, np.arange(20)) != asked(learned, view, np.arange(20, 40))).any()
    swapped = asked(learned, view[::-1].copy(), np.arange(20)[::-1])
    assert (swapped[::-1] == asked(learned, view, np.arange(20))).all()


LEARNED = [
    {"provider": policy(size=2)},
    {"provider": policy(deterministic=False), "client": policy("client", deterministic=False, masked=True)},
    {"provider": policy("provider", "discrete", "q"), "client": policy("client", "multidiscrete", size=3)},
]


@pytest.mark.parametrize("policies", LEARNED)
def test_batches_of_worlds_and_threads_give_the_same_ledgers(policies):
    def ledgers(batch, threads=1):
        parts = [world(policies, seeds=np.arange(k, k + batch), threads=threads) for k in range(0, 48, batch)]
        for part in parts:
            part.play()
        return [part.digest(w) for part in parts for w in range(batch)]

    alone = ledgers(1)
    assert len(set(alone)) == 48
    assert ledgers(3) == ledgers(16) == ledgers(16, threads=2) == alone
    assert alone[0] != world(seeds=0).digest()


def test_a_policy_that_saw_nothing_but_a_view_of_another_width_is_refused():
    with pytest.raises(InputError, match=r"view: one of .* words given, the provider of service_market has"):
        policy().act(views("client", 2), None, dice([0, 1]))


@pytest.mark.parametrize(
    ("role", "form", "kind", "other", "message"),
    [
        ("provider", "box", "q", {}, "network: q given for the form box, allowed is gaussian"),
        ("provider", "discrete", "gaussian", {}, "network: gaussian given for the form discrete, allowed is categorical or q"),
        ("provider", "discrete", "q", {"deterministic": False}, "deterministic: False given, allowed for a q network is True"),
    ],
)
def test_a_network_of_another_kind_than_its_form_is_refused(role, form, kind, other, message):
    with pytest.raises(InputError, match=message):
        policy(role, form, kind, **other)


def test_a_network_of_other_inputs_or_outputs_is_refused():
    provider, client = encoding("provider"), encoding("client")
    with pytest.raises(InputError, match="65 inputs and 2 outputs given, the client of service_market has"):
        LearnedPolicy(encoding("client", "box"), network(provider))
    with pytest.raises(InputError, match="network: gaussian given for the form multidiscrete"):
        LearnedPolicy(client, network(provider))
