"""What a sweep is asked to do: one readable YAML file, or the same as a typed object. Data only: reading one runs nothing.

A spec names a scenario and what varies. Its **parameter points** are every combination of `grid`, `sets` and `sample`; at each
point every **arm** is played: every combination of the `policies` given, or the arms named in `arms`; with `attacks`, each of
them on every side and once more without the `defences`. Every one of these cells meets the same random worlds, the `seeds`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from agents.files import read_plain
from agents.plain_yaml import MOST_BYTES, read_yaml
from agents.registry import nearest
from chain.errors import InputError

SPECS = Path(__file__).parent / "specs"
"""Those that come with LedgerLab: NAME.yml."""
MOST_CELLS = 1_000_000
MOST_ROWS = 1_000_000_000
MOST_SETS = 10_000
MOST_POINTS = 100_000
"""Of a space-filling sample."""
SHOWN = 60
"""Characters of a wrong value that a message repeats."""


def _whole(value: Any) -> Any:
    """1e6 is a whole number too."""
    return int(value) if isinstance(value, float) and math.isfinite(value) and value == int(value) else value


Whole = Annotated[int, BeforeValidator(_whole), Field(ge=-(2**63), lt=2**63)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f,=|<>]+$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Policies = dict[Name, Text | Annotated[list[Text], Field(min_length=1, max_length=100)]]
Settings = dict[Name, Whole]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sample(_Strict):
    """Points that fill a space of parameters evenly (SciPy's quasi-Monte Carlo)."""

    method: Literal["sobol", "halton", "latin_hypercube"] = "sobol"
    points: Annotated[int, Field(ge=1, le=MOST_POINTS)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of the scrambling: other seeds give other points."""
    ranges: Annotated[dict[Name, Annotated[list[Whole], Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=100)]
    """Parameter -> its lowest and highest value."""


class ArmSpec(_Strict):
    """What an arm has of its own."""

    policies: Policies = {}
    fixed: Settings = {}
    """Parameters that this arm sets."""
    defences: Annotated[list[Name], Field(max_length=100)] = []
    """Switched on; those of other arms are off."""


class Spec(_Strict):
    """A sweep."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
    """Of its directory."""
    question: Annotated[str, Field(max_length=500)] = ""
    """What it is to answer: the first line of its report."""
    scenario: Text
    preset: Text = "standard"
    fixed: Settings = {}
    """Parameters that are the same in every cell, in the place of the preset's."""
    grid: dict[Name, Annotated[list[Whole], Field(min_length=1, max_length=MOST_CELLS)]] = {}
    """Parameter -> values: every combination."""
    sets: Annotated[list[Settings], Field(max_length=MOST_SETS)] = []
    """Explicit settings, each combined with everything else."""
    sample: Sample | None = None
    policies: Policies = {}
    """Role -> policies, as `sim.run` takes them by name: several are an arm each."""
    attacks: dict[Name, Share | Annotated[list[Share], Field(min_length=1, max_length=100)]] = {}
    """Attack -> one share of the agents of its first role, or several."""
    defences: Annotated[list[Name], Field(max_length=100)] = []
    """Switched on, and off once more to compare, under every attack."""
    arms: Annotated[dict[Label, ArmSpec], Field(max_length=1_000)] = {}
    """Named arms, each with policies, parameters and defences of its own."""
    seeds: Whole | Annotated[list[Whole], Field(min_length=1, max_length=100_000)] = 20
    """A number n for seeds 0 to n - 1, or the seeds."""
    horizon: Whole | None = None
    """Ticks of an episode: the parameter of this name."""
    metrics: Annotated[list[Name], Field(min_length=1, max_length=1_000)] | None = None
    """All that the scenario has, if not given; the first is the one that matters most."""
    record: list[Literal["series", "ledgers"]] = []
    """What is kept beside the metrics: the scenario's own tables per tick, and the final ledgers."""

    @model_validator(mode="after")
    def _once(self) -> "Spec":
        """Every parameter is set in one place."""
        places: dict[str, str] = {}
        listed: dict[str, Mapping[str, Any]] = {
            "fixed": self.fixed,
            "grid": self.grid,
            "sample": self.sample.ranges if self.sample else {},
        }
        listed |= {"horizon": {"horizon": 0} if self.horizon is not None else {}}
        listed |= {"sets": {name: 0 for one in self.sets for name in one}}
        for place, names in listed.items():
            for name in names:
                if name in places:
                    raise ValueError(f"{name}: given in {places[name]} and in {place}, allowed is one of them")
                places[name] = place
        for label, arm in self.arms.items():
            for name in arm.fixed:
                if name in places and places[name] != "fixed":
                    raise ValueError(f"arms.{label}.fixed.{name}: given in {places[name]} too, allowed is one of them")
        if self.defences and self.arms:
            raise ValueError("defences: given beside arms, allowed are defences of each arm")
        if self.defences and not self.attacks:
            raise ValueError("defences: given without attacks, allowed are attacks beside them, or arms with defences")
        return self

    def dumped(self) -> dict[str, Any]:
        """JSON-ready, without what is not given."""
        return self.model_dump(exclude_defaults=True)


def read_spec(given: "str | Path | Mapping[str, Any] | Spec") -> tuple[Spec, Path]:
    """A spec, and the folder that paths in it start from.

    Args:
        given: a YAML file, a mapping with the same names, or a `Spec`.

    Raises:
        InputError: it can not be read, or something in it is wrong; one line names the field, what was given and what is allowed.

    >>> spec, _ = read_spec({"name": "stake", "scenario": "service_market", "grid": {"min_stake": [0, 2e7]}})
    >>> spec.grid, spec.seeds
    ({'min_stake': [0, 20000000]}, 20)
    """
    if isinstance(given, Spec):
        return given, Path()
    if isinstance(given, str | Path):
        fields, base = _read_file(Path(given))
        return checked(fields), base
    return checked(given), Path()


def find_spec(given: str, changes: Sequence[str] = ()) -> tuple[Spec, Path]:
    """A spec by the path of its file, or by name if it comes with LedgerLab, with some of its fields replaced.

    Args:
        given: path or name.
        changes: texts such as ``seeds=50`` or ``grid.min_stake=[0, 1]``: a field, with dots, and its value in YAML.

    Raises:
        InputError: as `read_spec`.
    """
    shipped = {file.stem: file for file in sorted(SPECS.glob("*.yml"))}
    if given not in shipped and not os.path.lexists(given):
        raise InputError(
            f"spec: {_shown(given)} given, there is no such file; {nearest(given[:SHOWN], list(shipped))}, or a file"
        )
    file = shipped.get(given, Path(given))
    fields, base = _read_file(file)
    for text in changes:
        where, equals, value = text.partition("=")
        *path, last = where.split(".")
        place = fields
        for name in path:
            place = place.setdefault(name, {}) if isinstance(place, dict) else None
        if not equals or not last or not isinstance(place, dict):
            raise InputError(f"--set: {_shown(text)} given, allowed is FIELD=VALUE with a field of the spec, such as seeds=50")
        place[last] = read_yaml(value, f"--set {where}")
    return checked(fields), base


def _read_file(file: Path) -> tuple[Any, Path]:
    """What a YAML file says, and its folder."""
    try:
        text = read_plain(file.resolve() if file.is_symlink() else file, MOST_BYTES).decode()
    except (UnicodeDecodeError, ValueError, OSError, RuntimeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise InputError(
            f"spec: {_shown(str(file))} given, {reason}; allowed is a YAML file of at most {MOST_BYTES:_} bytes"
        ) from None
    return read_yaml(text, f"spec {file.name}"), file.parent


def checked(given: Any) -> Spec:
    """The spec that a mapping describes.

    Raises:
        InputError: something in it is wrong.
    """
    if not isinstance(given, Mapping):
        raise InputError(f"spec: {_shown(given)} given, allowed is a mapping with name, scenario and what varies")
    try:
        return Spec.model_validate(dict(given))
    except ValidationError as error:
        raise InputError(_explained(error)) from None
    except RecursionError:
        raise InputError("spec: nested too deeply, allowed are plain lists and mappings") from None


def _shown(value: Any) -> str:
    """A wrong value, not longer than a line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."


def _explained(error: ValidationError) -> str:
    """One line for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    if first["type"] == "value_error":
        return f"spec: {first['ctx']['error']!s}"
    names = [str(place) for place in first["loc"] if not _is_kind(place)]
    where = ".".join(name if len(name) <= SHOWN else name[:SHOWN] + "..." for name in names)
    if first["type"] == "extra_forbidden":
        inner: dict[str, type[BaseModel]] = {"sample": Sample, "arms": ArmSpec}
        model = inner.get(names[0], Spec) if len(names) > 1 else Spec
        return f"spec: {where} is no such field; {nearest(names[-1][:SHOWN], list(model.model_fields))}"
    if first["type"] == "missing":
        return f"spec: {where} is missing, allowed is a spec that says it"
    reason = str(first["msg"]).replace("Input should", "it should").replace("String should", "it should")
    return f"spec: {where}: {_shown(first['input'])} given; {reason[0].lower()}{reason[1:]}"


def _is_kind(place: Any) -> bool:
    """Whether a place in a pydantic error names a branch of a union and not a field."""
    return isinstance(place, str) and ("[" in place or place.removeprefix("constrained-") in ("str", "int", "float"))
