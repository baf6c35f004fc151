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
from sim.experiments.wording import FILE, LABEL, NAME, PRINTED, PROSE, SHOWN, explained, line, plain, shown

SPECS = Path(__file__).parent / "specs"
"""Those that come with LedgerLab: NAME.yml."""
MOST_CELLS = 1_000_000
MOST_ROWS = 1_000_000_000
MOST_SETS = 10_000
MOST_POINTS = 100_000
"""Of a space-filling sample."""
WIDEST = 2**53
"""Of a range that is sampled: a double tells so many values apart."""
MOST_NUMBERS = 1_000_000
"""Of a space-filling sample: points times parameters."""
DEEPEST_CHANGE = 4
"""Names in the field of a change, as in arms.stake.fixed.min_stake."""


def _whole(value: Any) -> Any:
    """1e6 is a whole number too."""
    return int(value) if isinstance(value, float) and math.isfinite(value) and value == int(value) else value


Whole = Annotated[int, BeforeValidator(_whole), Field(ge=-(2**63), lt=2**63)]
Wholes = list[Whole]
Name = Annotated[str, Field(pattern=NAME)]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=PRINTED)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTED)]
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=LABEL)]
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
    ranges: Annotated[dict[Name, Annotated[Wholes, Field(min_length=2, max_length=2)]], Field(min_length=1, max_length=100)]
    """Parameter -> its lowest and highest value."""

    @model_validator(mode="after")
    def _fits(self) -> "Sample":
        """Not too many numbers, and the ends of every range the right way round."""
        if self.points * len(self.ranges) > MOST_NUMBERS:
            raise ValueError(
                f"sample.points: {self.points} given for {len(self.ranges)} ranges, allowed are at most {MOST_NUMBERS:_} numbers"
            )
        for name, (low, high) in self.ranges.items():
            if low > high:
                raise ValueError(f"sample.ranges.{name}: [{low}, {high}] given, allowed is the lowest value, then the highest")
            if high - low >= WIDEST:
                raise ValueError(f"sample.ranges.{name}: [{low}, {high}] given, allowed is a range of at most {WIDEST} values")
        return self


class ArmSpec(_Strict):
    """What an arm has of its own."""

    policies: Policies = {}
    fixed: Settings = {}
    """Parameters that this arm sets."""
    defences: Annotated[list[Name], Field(max_length=100)] = []
    """Switched on; those of other arms are off."""


class Spec(_Strict):
    """A sweep."""

    name: Annotated[str, Field(pattern=FILE)]
    """Of its directory."""
    question: Annotated[str, Field(max_length=500, pattern=PROSE)] = ""
    """What it is to answer: the first line of its report."""
    scenario: Word
    preset: Word = "standard"
    fixed: Settings = {}
    """Parameters that are the same in every cell, in the place of the preset's."""
    grid: dict[Name, Annotated[Wholes, Field(min_length=1, max_length=MOST_CELLS)]] = {}
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
    seeds: Whole | Annotated[Wholes, Field(min_length=1, max_length=100_000)] = 20
    """A number n for seeds 0 to n - 1, or the seeds."""
    horizon: Whole | None = None
    """Ticks of an episode: the parameter of this name."""
    metrics: Annotated[list[Name], Field(min_length=1, max_length=1_000)] | None = None
    """All that the scenario has, if not given; the first is the one that matters most."""
    record: Annotated[list[Literal["series", "ledgers"]], Field(max_length=2)] = []
    """What is kept beside the metrics: the scenario's own tables per tick, and the final ledgers."""

    @model_validator(mode="after")
    def _once(self) -> "Spec":
        """Every parameter is set in one place, and no point is there twice."""
        for name, values in self.grid.items():
            if len(set(values)) < len(values):
                raise ValueError(f"grid.{name}: a value given twice, allowed are different ones")
        if len({tuple(sorted(one.items())) for one in self.sets}) < len(self.sets):
            raise ValueError("sets: one given twice, allowed are different ones")
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
    known = {file.stem: file for file in sorted(SPECS.glob("*.yml"))}
    if given not in known and not os.path.lexists(given):
        raise InputError(f"spec: {shown(given)} given, there is no such file; {nearest(given[:SHOWN], ['a YAML file', *known])}")
    file = known.get(given, Path(given))
    fields, base = _read_file(file)
    for text in changes:
        where, equals, value = text.partition("=")
        *path, last = where.split(".")
        place = fields if len(path) < DEEPEST_CHANGE else None
        for name in path:
            place = place.setdefault(name, {}) if isinstance(place, dict) else None
        if not equals or not last or not isinstance(place, dict):
            raise InputError(f"--set: {shown(text)} given, allowed is FIELD=VALUE with a field of the spec, such as seeds=50")
        place[last] = read_yaml(value, f"--set {plain(where)}")
    return checked(fields), base


def _read_file(file: Path) -> tuple[Any, Path]:
    """What a YAML file says, and its folder."""
    try:
        text = read_plain(file.resolve() if file.is_symlink() else file, MOST_BYTES).decode()
    except (UnicodeDecodeError, ValueError, OSError, RuntimeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise InputError(
            f"spec: {shown(str(file))} given, {line(reason)}; allowed is a YAML file of at most {MOST_BYTES:_} bytes"
        ) from None
    return read_yaml(text, f"spec {plain(file.name)}"), file.parent


def checked(given: Any) -> Spec:
    """The spec that a mapping describes.

    Raises:
        InputError: something in it is wrong.
    """
    if not isinstance(given, Mapping):
        raise InputError(f"spec: {shown(given)} given, allowed is a mapping with name, scenario and what varies")
    try:
        return Spec.model_validate(dict(given))
    except ValidationError as error:
        raise InputError(explained(error, Spec, {"sample": Sample, "arms": ArmSpec})) from None
    except RecursionError:
        raise InputError("spec: nested too deeply, allowed are plain lists and mappings") from None
