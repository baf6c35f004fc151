"""Parameter governance: a controller changes the terms of a contract, a little at a time.

1. A genesis may appoint, parameter by parameter, a controller: with bounds, the most that the value may move at once, and how
   many blocks must pass before the next change (after the genesis: the first). What has no controller never changes.
2. The controller sets a value within the bounds, at most one step from the present one, when it is time.
3. It holds at once, for whatever happens from then on: open deals keep what they fixed (price, stake, deadline), and are judged
   by the terms of the day on which they are judged.

Source: the bounded, rate-limited setters of deployed protocols, as the delay and limits of OpenZeppelin's `TimelockController`
and of Maker's `DssAutoLine`.
"""

from collections.abc import Mapping
from typing import Any

from chain.errors import InputError, whole
from chain.layout import MAX_SUPPLY, Kind, Record, Records, record
from chain.rule import rule
from chain.status import Status

CONTROL = record("controller", "low", "high", "step", "wait", "changed")
"""By parameter: address of its controller, bounds of its value, the most that it moves at once (0: nobody may change it), blocks
between two changes, and the height of the last one."""


@rule
def change(head: Records, controls: Records, present: int, tx: Record) -> Status:
    """Let parameter `subject`, which is `present` now, become `amount`: whoever holds the terms writes it."""
    # Conditions
    if not 0 <= tx.subject < controls.size or controls[tx.subject].step == 0:
        return Status.NO_SUCH_PARAMETER
    control = controls[tx.subject]
    if control.controller != tx.sender:
        return Status.NOT_THE_CONTROLLER
    if not control.low <= tx.amount <= control.high:
        return Status.OUT_OF_BOUNDS
    if abs(tx.amount - present) > control.step:
        return Status.STEP_TOO_LARGE
    if head[0].height < control.changed + control.wait:
        return Status.TOO_SOON
    # Effects
    control.changed = head[0].height
    return Status.OK


def appoint(book: Any, limits: Mapping[str, int], given: Mapping[str, Mapping[str, int]]) -> None:
    """Appoint controllers in every world of a book at its genesis.

    Args:
        book: with the arrays `controls` and `terms`.
        limits: by governed parameter, in the order of `controls`: the highest value of it.
        given: by parameter: `controller` (address), `step`, and if wanted `low`, `high` and `wait`.

    Raises:
        InputError: no such parameter or setting, or a value outside its range.
    """
    names, accounts = list(limits), book.accounts.shape[1]
    for name, settings in given.items():
        if name not in limits:
            raise InputError(f"controls: {name!r} given, allowed are {', '.join(names) or 'none'}")
        most = limits[name]
        allowed = {
            "controller": (0, accounts - 1),
            "step": (1, MAX_SUPPLY),
            "low": (0, most),
            "high": (0, most),
            "wait": (0, 2**31),
        }
        chosen = {"low": 0, "high": most, "wait": 1} | dict(settings)
        for setting in {**allowed, **chosen}:
            if setting not in allowed or setting not in chosen:
                raise InputError(f"controls: {name} has {', '.join(settings) or 'nothing'}, allowed are {', '.join(allowed)}")
            value = whole(f"controls: {setting} of {name}", chosen[setting], *allowed[setting])
            book.controls[setting][:, names.index(name)] = value
        if chosen["low"] > chosen["high"]:
            raise InputError(f"controls: low of {name}: {chosen['low']} given, allowed is at most high, {chosen['high']}")


ENTRY_POINTS = {
    Kind.CHANGE_PARAMETER: (
        change,
        (
            Status.NO_SUCH_PARAMETER,
            Status.NOT_THE_CONTROLLER,
            Status.OUT_OF_BOUNDS,
            Status.STEP_TOO_LARGE,
            Status.TOO_SOON,
        ),
    ),
}
"""Each entry point with its refusals, in order of precedence."""
