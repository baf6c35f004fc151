"""A controller moves the terms of a market within bounds, step by step, and nobody else does."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chain.deployments.service_market import CONTROL_LIMITS, GOVERNED
from chain.errors import InputError
from chain.layout import Kind
from chain.ledger import Ledger
from chain.status import Status
from tests.chain.markets import CLIENT, OTHER, PRICE, PROVIDER, STAKE, TERMS, balances, call, done, market, same, wait

WHOLE = {name: {"controller": OTHER, "step": 2**40} for name in GOVERNED}


def terms_of(ledger):
    return {name: int(ledger.book.terms[0][name]) for name in ledger.book.terms.dtype.names}


@pytest.mark.parametrize("name", GOVERNED)
def test_each_governed_parameter_can_be_set_to_both_ends_and_no_other_moves(name):
    ledger = market(controls=WHOLE)
    before = terms_of(ledger)
    for value in (CONTROL_LIMITS[name], 0, 7):
        done(ledger, Kind.CHANGE_PARAMETER, OTHER, subject=GOVERNED.index(name), amount=value)
        assert terms_of(ledger) == before | {name: value}


def disputed(ledger):
    """Dispute a job on which nobody worked; what the client has gained then, fees aside."""
    done(ledger, Kind.BOND, PROVIDER, amount=STAKE)
    done(ledger, Kind.POST, PROVIDER, subject=1, amount=PRICE, stake=STAKE, count=1)
    done(ledger, Kind.HIRE, CLIENT, to=PROVIDER, subject=1, amount=PRICE)
    done(ledger, Kind.DELIVER, PROVIDER, subject=0, bps=0)
    before, fees = balances(ledger, CLIENT)[0], ledger.book.head[0].fees_burned
    done(ledger, Kind.DISPUTE, CLIENT, subject=0)
    return balances(ledger, CLIENT)[0] - before + ledger.book.head[0].fees_burned - fees


def test_a_change_holds_from_then_on():
    slashed, compensation = TERMS["slash_bps"], TERMS["compensation_bps"]
    assert disputed(market()) == PRICE + STAKE * slashed // 10_000 * compensation // 10_000
    ledger = market(controls=WHOLE)
    done(ledger, Kind.CHANGE_PARAMETER, OTHER, subject=GOVERNED.index("slash_bps"), amount=10_000)
    done(ledger, Kind.CHANGE_PARAMETER, OTHER, subject=GOVERNED.index("compensation_bps"), amount=10_000)
    assert disputed(ledger) == PRICE + STAKE


def test_a_controller_goes_no_faster_than_a_step_in_its_time():
    control = {"controller": OTHER, "step": 100, "low": 2_000, "high": 5_250, "wait": 4}
    ledger, seen = market(controls={"slash_bps": control}), []
    for _ in range(40):
        present = terms_of(ledger)["slash_bps"]
        call(ledger, Kind.CHANGE_PARAMETER, OTHER, subject=2, amount=min(present + 100, 5_250))
        seen.append(terms_of(ledger)["slash_bps"])
    assert seen[:16] == [5_000] * 3 + [5_100] * 4 + [5_200] * 4 + [5_250] * 5
    assert set(seen[16:]) == {5_250}


def test_without_a_controller_nothing_changes():
    ledger = market()
    for subject in range(-1, len(GOVERNED) + 1):
        receipt = call(ledger, Kind.CHANGE_PARAMETER, 0 if subject == 0 else OTHER, subject=subject, amount=0)
        assert receipt.status in (Status.NO_SUCH_PARAMETER, Status.CANNOT_PAY_FEE)
    assert {name: value for name, value in terms_of(ledger).items() if name in TERMS} == TERMS


@pytest.mark.parametrize("subject", [-1, len(GOVERNED), -(2**63), 2**63 - 1])
def test_there_is_no_parameter_before_the_first_and_none_after_the_last(subject):
    receipt = call(market(controls=WHOLE), Kind.CHANGE_PARAMETER, OTHER, subject=subject, amount=0)
    assert receipt.status == Status.NO_SUCH_PARAMETER


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        ({"slash": {"controller": 1, "step": 1}}, "controls: 'slash' given, allowed are min_stake"),
        ({"slash_bps": {"step": 1}}, "controls: slash_bps has step, allowed are controller, step, low, high, wait"),
        ({"slash_bps": {"controller": 1, "step": 1, "lo": 3}}, "controls: slash_bps has controller, step, lo, allowed are"),
        ({"slash_bps": {"controller": 99, "step": 1}}, "controls: controller of slash_bps: 99 given"),
        ({"slash_bps": {"controller": 1, "step": 0}}, "controls: step of slash_bps: 0 given"),
        ({"slash_bps": {"controller": 1, "step": 1, "high": 10_001}}, "controls: high of slash_bps: 10001 given"),
        ({"slash_bps": {"controller": 1, "step": 1, "low": 9, "high": 8}}, "controls: low of slash_bps: 9 given"),
    ],
)
def test_controls_that_can_not_be_are_refused_by_name(controls, message):
    with pytest.raises(InputError, match=message):
        market(controls=controls)


def test_a_deployment_without_governance_has_no_controls():
    from chain.deployments import token

    with pytest.raises(InputError, match="controls: 'fee' given, allowed are none"):
        Ledger(balances=[1], deployment=token, controls={"fee": {"controller": 0, "step": 1}})


def test_a_record_of_changes_is_executed_again(tmp_path):
    ledger = market(controls=WHOLE)
    wait(ledger, 2)
    done(ledger, Kind.CHANGE_PARAMETER, OTHER, subject=1, amount=1)
    ledger.export(tmp_path / "changes.ledger")
    loaded = Ledger.load(tmp_path / "changes.ledger")
    assert terms_of(loaded) == terms_of(ledger)
    assert same(loaded.book.controls, ledger.book.controls)
    assert int(loaded.book.controls[1]["changed"]) == 3


CONTROLS = {
    "min_stake": {"controller": CLIENT, "step": 3, "low": 5, "high": 20, "wait": 2},
    "slash_bps": {"controller": OTHER, "step": 500, "low": 0, "high": 10_000, "wait": 1},
    "rating_decay_bps": {"controller": OTHER, "step": 10_000, "low": 100, "high": 200, "wait": 5},
}


class Governed(RuleBasedStateMachine):
    """Changes at random beside what the rundown says, in plain Python."""

    def __init__(self):
        super().__init__()
        self.ledger = market(controls=CONTROLS)
        self.values = {name: terms_of(self.ledger)[name] for name in GOVERNED}
        self.changed = dict.fromkeys(GOVERNED, 0)

    @rule(sender=st.sampled_from([CLIENT, OTHER]), subject=st.integers(-1, 7), by=st.integers(-600, 600))
    def change(self, sender, subject, by):
        name = GOVERNED[subject] if 0 <= subject < len(GOVERNED) else ""
        amount, height = self.values.get(name, 0) + by, self.ledger.height + 1
        control = CONTROLS.get(name, {})
        allowed = (
            control.get("controller") == sender
            and control["low"] <= amount <= control["high"]
            and abs(by) <= control["step"]
            and height - self.changed[name] >= control["wait"]
        )
        receipt = call(self.ledger, Kind.CHANGE_PARAMETER, sender, subject=subject, amount=amount)
        assert (receipt.status == Status.OK) == allowed
        if allowed:
            self.values[name], self.changed[name] = amount, height

    @precondition(lambda self: self.ledger.height < 500)
    @rule(blocks=st.integers(1, 4))
    def pass_time(self, blocks):
        wait(self.ledger, blocks)

    @invariant()
    def terms_are_those_that_were_set(self):
        found = terms_of(self.ledger)
        assert {name: found[name] for name in GOVERNED} == self.values
        assert np.all(self.ledger.book.controls["changed"] == list(self.changed.values()))


TestGoverned = Governed.TestCase
TestGoverned.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
