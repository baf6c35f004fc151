"""Hyperparameters: what each learner can be told, and the settings that ship, in `hyperparams/<algo>.yml` as in RL Zoo.

A file has one entry per environment, the first of these that is there counts: ``<scenario>-<preset>-<role>``,
``<scenario>-<role>``, ``default``. What it leaves out is as in ``default``.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from agents.encoding import FORMS
from agents.learned.network import MOST_LAYERS, WIDEST
from agents.plain_yaml import read_yaml
from agents.registry import nearest
from chain.errors import InputError

FOLDER = Path(__file__).parent / "hyperparams"
LINEAR = "lin_"
"""``lin_1e-3`` is a number that falls from 1e-3 to 0 over the training, in a straight line."""

Share = Annotated[float, Field(ge=0, le=1)]
Below1 = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, le=1e6)]
Scheduled = Positive | Annotated[str, StringConstraints(pattern=rf"^{LINEAR}[0-9.]+(e-?[0-9]+)?$")]
Count = Annotated[int, Field(ge=1, le=10**9)]
Name = Annotated[str, StringConstraints(max_length=80)]


class _Strict(BaseModel):
    """Base of what an entry consists of: nothing unknown, no NaN, and nothing converted but whole numbers to numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Net(_Strict):
    """The network."""

    net_arch: Annotated[list[Annotated[int, Field(ge=1, le=WIDEST)]], Field(max_length=MOST_LAYERS - 1)] = [64, 64]
    """Units of each hidden layer."""
    activation: Literal["tanh", "relu"] = "tanh"
    log_std_init: Annotated[float, Field(ge=-20, le=2)] = 0.0
    """Logarithm of the standard deviation of a box action at the start; 2 is the whole range of a field."""


class Environment(_Strict):
    """How the role is played while it learns."""

    frame_skip: Count | Literal["episode"] = 1
    """Ticks for which an answer is held; `episode`: all of them."""
    fields: list[Name] | None = None
    """What is learned; the role's own choice if null."""
    form: Literal["box", "multidiscrete", "discrete"] | None = None
    focal: bool = False
    """One learner per world among peers that play the role's policy, instead of all agents of the role."""


class Common(_Strict):
    """What every learner can be told."""

    n_envs: Count = 64
    """Worlds that are stepped at once, each with all agents of the role."""
    n_timesteps: Annotated[int, Field(ge=1, le=10**12)] = 1_000_000
    """Agent-steps of training."""
    gamma: Share = 0.99
    """Discount factor."""
    env_kwargs: Environment = Environment()


class OnPolicy(Common):
    """PPO and MaskablePPO, with the names and defaults of Stable-Baselines3."""

    policy: Literal["MlpPolicy"] = "MlpPolicy"
    learning_rate: Scheduled = 3e-4
    n_steps: Count = 64
    """Steps of each environment between updates."""
    batch_size: Count = 4_096
    """At most; the largest number that divides what is collected is taken."""
    n_epochs: Count = 10
    gae_lambda: Share = 0.95
    clip_range: Scheduled = 0.2
    ent_coef: Annotated[float, Field(ge=0, le=100)] = 0.0
    vf_coef: Annotated[float, Field(ge=0, le=100)] = 0.5
    max_grad_norm: Positive = 0.5
    policy_kwargs: Net = Net()


class DQN(Common):
    """DQN, with the names of Stable-Baselines3."""

    policy: Literal["MlpPolicy"] = "MlpPolicy"
    learning_rate: Scheduled = 1e-3
    buffer_size: Annotated[int, Field(ge=1, le=10**7)] = 200_000
    learning_starts: Annotated[int, Field(ge=0, le=10**9)] = 10_000
    batch_size: Count = 512
    train_freq: Count = 1
    """Steps of all environments between updates."""
    gradient_steps: Count = 4
    target_update_interval: Count = 10_000
    exploration_fraction: Annotated[float, Field(gt=0, le=1)] = 0.3
    exploration_initial_eps: Share = 1.0
    exploration_final_eps: Share = 0.05
    max_grad_norm: Positive = 10.0
    policy_kwargs: Net = Net()


class Tabular(Common):
    """Tabular Q-learning of `agents.learned.q_learning`."""

    gamma: Below1 = 0.95
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.15
    exploration_decay: Annotated[float, Field(ge=0, le=1e9)] = 4e-6
    """Exploration in step t of the environment is exp(-decay × t)."""
    tables: Annotated[int, Field(ge=1, le=2**20)] = 1
    """1 if all agents share one, the number of agents of the role in a world if each has its own."""
    features: list[Name] | None = None
    """Those that make the state, all if null."""
    cells: Annotated[int, Field(ge=1, le=2**20)] = 15
    """Most cells of a feature."""
    probe_steps: Annotated[int, Field(ge=1, le=10**6)] = 64
    """Steps of random play that show which values features take, before learning begins."""


KINDS: Mapping[str, type[Common]] = MappingProxyType({"ppo": OnPolicy, "maskable_ppo": OnPolicy, "dqn": DQN, "q": Tabular})
"""By name of the learner, which are also the names of the files."""
FITTING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"ppo": FORMS, "maskable_ppo": ("multidiscrete", "discrete"), "dqn": ("discrete",), "q": ("discrete",)}
)
"""The forms of an action that each can learn."""


def check_algo(algo: str) -> None:
    """Refuse a learner that there is not."""
    if algo not in KINDS:
        raise InputError(f"algo: {algo!r} given; {nearest(str(algo), list(KINDS))}")


def check_form(algo: str, form: str) -> None:
    """Refuse a form of action that the learner can not learn."""
    check_algo(algo)
    if form not in FITTING[algo]:
        able = [other for other in KINDS if form in FITTING[other]]
        raise InputError(
            f"algo: {algo} given for actions of the form {form}, allowed for it is {' or '.join(FITTING[algo])}; "
            f"{form} can be learned by {' and '.join(able)}"
        )


def shipped_entry(algo: str, scenario: str = "", preset: str = "", role: str = "") -> dict[str, Any]:
    """What `hyperparams/<algo>.yml` says about an environment, plain.

    Raises:
        InputError: there is no such learner, or its file is wrong.
    """
    check_algo(algo)
    file = FOLDER / f"{algo}.yml"
    entries = read_yaml(file.read_text(encoding="utf-8"), file.name)
    for name in (f"{scenario}-{preset}-{role}", f"{scenario}-{role}"):
        if name in entries:
            return merged(entries["default"], entries[name])
    return dict(entries["default"])


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping with the values of another in it, mappings inside them likewise."""
    out = dict(base)
    for name, value in over.items():
        both = isinstance(out.get(name), Mapping) and isinstance(value, Mapping)
        out[name] = merged(out[name], value) if both else value
    return out


def hyperparameters(algo: str, *given: Mapping[str, Any]) -> Any:
    """Checked hyperparameters of a learner; what is not given is at its default.

    Args:
        algo: name of the learner.
        given: what is set, the later before the earlier; mappings inside may be given with a dot, ``policy_kwargs.net_arch``.

    Raises:
        InputError: an unknown learner or name, or a value that is not allowed.

    >>> hyperparameters("ppo", {"gamma": 1, "policy_kwargs": {"net_arch": [8]}}, {"gamma": 0}).policy_kwargs.net_arch
    [8]
    """
    check_algo(algo)
    spread: dict[str, Any] = {}
    for name, value in (item for settings in given for item in settings.items()):
        outer, dot, inner = str(name).partition(".")
        spread = merged(spread, {outer: {inner: value}} if dot else {name: value})
    try:
        return KINDS[algo].model_validate(spread)
    except ValidationError as error:
        raise InputError(_explained(algo, error)) from None


def _explained(algo: str, error: ValidationError) -> str:
    """One line for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    names = [str(place) for place in first["loc"] if isinstance(place, str)]
    known: Any = KINDS[algo]
    path = []
    for name in names:
        if name not in known.model_fields:
            break
        path.append(name)
        kind = known.model_fields[name].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            break
        known = kind
    where = ".".join([*path, names[-1]]) if first["type"] == "extra_forbidden" else ".".join(path)
    if first["type"] == "extra_forbidden":
        inside = ".".join([*path, ""])
        near = nearest(names[-1], list(known.model_fields))
        return f"{where}: no such hyperparameter of {algo}{f' in {inside[:-1]}' if path else ''}; {near}"
    return f"{where}: {repr(first['input'])[:80]} given, {first['msg'][0].lower()}{first['msg'][1:]}"


def parse_overrides(given: list[str]) -> dict[str, Any]:
    """Name -> value, from ``NAME=VALUE`` with the value in YAML.

    Raises:
        InputError: no name, no value, or a name given twice.

    >>> parse_overrides(["learning_rate=1e-3", "policy_kwargs.net_arch=[32, 32]"])
    {'learning_rate': 0.001, 'policy_kwargs.net_arch': [32, 32]}
    """
    out: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise InputError(f"--hyperparam: {text!r} given, allowed is NAME=VALUE")
        if name in out:
            raise InputError(f"--hyperparam {name}: given twice, allowed is once")
        out[name] = read_yaml(value, f"--hyperparam {name}")
    return out
