"""Policy bundles: a learned policy as a directory of two inert files.

``policy.safetensors`` holds the weights of a network, or a table (`agents.learned.table_policy`). ``policy.json`` holds the
rest: how the role is seen and acts (the scales in it are the only normaliser), the description of the network or the table, and
the card, which says what was trained, how, with which versions, and how well it did. Loading checks both against a strict schema
and rebuilds the policy with our own code; nothing from the files is run. The SHA-256 of the weights in ``policy.json`` detects
damage, not malice: whoever can write the one file can write the other.

Raw zips of Stable-Baselines3 are another matter: see `agents.learned.from_sb3`.
"""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from agents.encoding import Encoding
from agents.files import read_plain
from agents.learned.network import MOST_LAYERS, Network
from agents.learned.policy import MOST_TICKS, LearnedPolicy
from agents.learned.table_policy import Cells, TabularPolicy, tables_from
from chain.errors import InputError
from chain.files import durably

FORMAT, VERSION = "ledgerlab policy", 1
DESCRIPTION, WEIGHTS = "policy.json", "policy.safetensors"
MOST_DESCRIPTION_BYTES = 2**20
MOST_WEIGHTS_BYTES = 2**26
KINDS = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
"""Types of numbers: 32-bit floats of networks, 64-bit floats and integers of tables."""
M = TypeVar("M", bound=BaseModel)
Text = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
"""One line."""
Whole = Annotated[int, Field(ge=-(2**62), le=2**62)]
Count = Annotated[int, Field(ge=0, le=2**62)]
Level = Annotated[int, Field(ge=0, le=2**16)]


class _Strict(BaseModel):
    """Base of what a bundle consists of: nothing unknown, nothing converted, no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Card(_Strict):
    """What a policy was trained on, how, and how well it did; its scenario and role are in its encoding."""

    about: Text
    """One line for lists."""
    preset: Text
    parameters: dict[Text, Whole]
    """All of them, as they were in training."""
    algo: Text
    hyperparameters: dict[Text, JsonValue]
    steps: Count
    """Agent-steps of training."""
    seeds: tuple[Count, ...]
    """Run seeds of training."""
    versions: dict[Text, Text]
    """Packages that its weights depend on, with their versions."""
    score: dict[Text, float]
    """What was measured, on seeds that were not trained on."""


class _Feature(_Strict):
    name: Text
    word: Level
    scale: Count


class _Field(_Strict):
    name: Text
    low: Whole
    high: Whole
    levels: Level
    words: tuple[Level, ...]


class _Encoding(_Strict):
    scenario: Text
    role: Text
    form: Text
    features: tuple[_Feature, ...]
    fields: tuple[_Field, ...]
    width: Level
    layout: Text


class _Network(_Strict):
    kind: Text
    activation: Text
    sizes: Annotated[tuple[Level, ...], Field(min_length=2, max_length=MOST_LAYERS + 1)]
    masked: bool


class _Cells(_Strict):
    feature: Level
    cuts: tuple[float, ...]


class _Table(_Strict):
    kind: Literal["table"]
    cells: Annotated[tuple[_Cells, ...], Field(max_length=64)]


class _Description(_Strict):
    format: Literal["ledgerlab policy"]
    version: int
    encoding: _Encoding
    network: _Network
    deterministic: bool
    hold: Annotated[int, Field(ge=1, le=MOST_TICKS)] = 1
    card: Card
    weights_sha256: Text


class _TableDescription(_Description):
    network: _Table  # type: ignore[assignment]
    deterministic: Literal[True]
    hold: Literal[1] = 1


class _Kind(BaseModel):
    kind: str = ""


class _Head(BaseModel):
    """Enough to see whether this version reads a file at all, and whether it describes a network or a table."""

    model_config = ConfigDict(strict=True)

    format: Literal["ledgerlab policy"]
    version: int
    network: _Kind = _Kind()


def save_bundle(folder: str | Path, policy: LearnedPolicy | TabularPolicy, card: Card) -> Path:
    """Write a policy and its card to a directory, and return it.

    Args:
        folder: a new or an empty directory, or one with a bundle, which is replaced. Each file is whole or not there; if the
            machine stops between the two, the pair does not match and is refused as damaged.
        policy: the policy.
        card: what it was trained on, how, and how well it did.

    Raises:
        InputError: there is something else in the directory, it can not be written, or the policy or its card can not.
    """
    folder = Path(folder)
    network = policy if isinstance(policy, TabularPolicy) else policy.network
    weights = save({name: np.array(array) for name, array in network.weights.items()})
    if len(weights) > MOST_WEIGHTS_BYTES:
        raise InputError(f"bundle {folder}: weights of {len(weights):_} bytes given, allowed are {MOST_WEIGHTS_BYTES:_}")
    description = {
        "format": FORMAT,
        "version": VERSION,
        "encoding": policy.encoding.as_json(),
        "network": network.as_json(),
        "deterministic": policy.deterministic,
        "hold": policy.hold,
        "card": card.model_dump(),
        "weights_sha256": sha256(weights).hexdigest(),
    }
    try:
        text = json.dumps(description, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except ValueError:
        raise InputError(f"bundle {folder}: the card holds a number that is not finite, allowed are finite ones") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / DESCRIPTION).is_file():
            raise InputError(
                f"bundle {folder}: there is something else in it, allowed is a new or an empty directory, or a bundle"
            )
        durably(folder, WEIGHTS, lambda file: file.write(weights))
        durably(folder, DESCRIPTION, lambda file: file.write(text))
    except OSError as error:
        raise InputError(f"bundle {folder}: can not be written ({error.strerror}), allowed is a writable directory") from None
    return folder


def load_bundle(folder: str | Path) -> LearnedPolicy | TabularPolicy:
    """The policy of a bundle. Nothing from its files is run.

    Raises:
        InputError: it is no bundle, is damaged, was written by another version, or does not fit together.
    """
    folder = Path(folder)
    try:
        described = _description(folder)
        content = read_plain(folder / WEIGHTS, MOST_WEIGHTS_BYTES)
        if sha256(content).hexdigest() != described.weights_sha256:
            raise InputError(f"{WEIGHTS} is damaged, or not the one that belongs to {DESCRIPTION}")
        encoding = Encoding.from_json(described.encoding.model_dump())
        if isinstance(described, _TableDescription):
            cells = tuple(Cells(one.feature, one.cuts) for one in described.network.cells)
            return TabularPolicy(encoding, cells, tables_from(_weights(content, "a table", ("F64", "I64"))))
        net = described.network
        network = Network(net.kind, net.activation, net.sizes, _weights(content, "a network", ("F32",)), net.masked)
        return LearnedPolicy(encoding, network, described.deterministic, described.hold)
    except InputError as error:
        raise InputError(f"bundle {folder}: {error}") from None


def read_card(folder: str | Path) -> Card:
    """The card of a bundle, without its weights.

    Raises:
        InputError: as for `load_bundle`.
    """
    try:
        return _description(Path(folder)).card
    except InputError as error:
        raise InputError(f"bundle {folder}: {error}") from None


def _description(folder: Path) -> _Description:
    text = read_plain(folder / DESCRIPTION, MOST_DESCRIPTION_BYTES)
    head = _read(_Head, text)
    if head.version != VERSION:
        raise InputError(f"format version {head.version} given, allowed is {VERSION}")
    return _read(_TableDescription if head.network.kind == "table" else _Description, text)


def _read(model: type[M], text: bytes) -> M:
    """JSON that has this form."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(place) for place in first["loc"])
        raise InputError(f"{DESCRIPTION} is not that of a policy ({where[:80]!r}: {first['msg']:.120})") from None


def _weights(content: bytes, thing: str, kinds: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The arrays in a safetensors file, of these types; which they should be, the network or the table itself knows."""
    try:
        found: dict[str, Any] = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except (SafetensorError, ValueError, OverflowError) as error:
        raise InputError(f"{WEIGHTS} is not a safetensors file ({error!s:.120})") from None
    for name, array in found.items():
        if not re.fullmatch(r"[a-z0-9_.]{1,40}", name) or array["dtype"] not in kinds:
            given = f"{name[:80]!r} of {array['dtype']}"
            raise InputError(f"{WEIGHTS}: {given} given, allowed are weights of {thing}, {' and '.join(kinds)}")
    return {name: np.frombuffer(array["data"], KINDS[array["dtype"]]).reshape(array["shape"]) for name, array in found.items()}
