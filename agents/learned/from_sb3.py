"""Take a network out of a model of Stable-Baselines3 (PPO and DQN) or sb3-contrib (MaskablePPO).

Only what MlpPolicy makes is known, because only that is rebuilt exactly: linear layers with tanh or ReLU between them. The value
function and the optimiser stay behind.

This is also the one place where a raw zip of theirs is loaded. Such a zip holds pickled objects, and unpickling runs code from
the file; so it takes `trust`, and is for files that you made yourself.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.dqn.policies import DQNPolicy
from torch import nn

from agents.encoding import Encoding
from agents.learned.network import Network
from agents.learned.policy import LearnedPolicy
from chain.errors import InputError

FORMS = {"Box": "box", "MultiDiscrete": "multidiscrete", "Discrete": "discrete"}
POLICIES: dict[type, type] = {PPO: ActorCriticPolicy, MaskablePPO: MaskableActorCriticPolicy, DQN: DQNPolicy}
ACTIVATIONS = {nn.Tanh: "tanh", nn.ReLU: "relu"}
MOST_DATA_BYTES = 2**24


def form_of(model: Any) -> str:
    """The form of a model's action, one of `agents.encoding.FORMS`.

    Raises:
        InputError: it has none of them.
    """
    kind = type(model.action_space).__name__
    if kind not in FORMS:
        raise InputError(f"model: an action space {kind} given, allowed are {', '.join(FORMS)}")
    return FORMS[kind]


def from_sb3(model: Any, encoding: Encoding, deterministic: bool = True, hold: int = 1) -> LearnedPolicy:
    """The policy that a model has learned.

    Args:
        model: a PPO, MaskablePPO or DQN with MlpPolicy.
        encoding: how it saw and acted in training.
        deterministic: whether the policy plays its best action, as `model.predict(..., deterministic=True)` does, or draws one.
        hold: ticks for which an answer is held: the `frame_skip` of the environment that it was trained on.

    Raises:
        InputError: another algorithm, policy or space, or something that the network does not hold (a normaliser, state-dependent
            exploration).
    """
    _check_known(model)
    _check_spaces(model, encoding)
    policy = model.policy
    if isinstance(model, DQN):
        return LearnedPolicy(encoding, _network("q", [*policy.q_net.q_net]), deterministic, hold)
    kind = "gaussian" if encoding.form == "box" else "categorical"
    layers = [*policy.mlp_extractor.policy_net, policy.action_net]
    log_std = {"log_std": _array(policy.log_std)} if kind == "gaussian" else {}
    return LearnedPolicy(encoding, _network(kind, layers, log_std, isinstance(model, MaskablePPO)), deterministic, hold)


def _check_known(model: Any) -> None:
    """Refuse a model of another kind."""
    policy = getattr(model, "policy", None)
    algo, kind = type(model), type(policy)
    allowed = f"allowed are {', '.join(algo.__name__ for algo in POLICIES)} with MlpPolicy"
    if algo not in POLICIES:
        raise InputError(f"model: {algo.__name__} given, {allowed}")
    if kind is not POLICIES[algo]:
        raise InputError(f"model: {algo.__name__} with {kind.__name__} given, {allowed}")
    extractor = getattr(getattr(policy, "q_net", policy), "features_extractor", None)
    if type(extractor) is not FlattenExtractor:
        raise InputError(f"model: features by {type(extractor).__name__} given, allowed is FlattenExtractor")
    if getattr(model, "use_sde", False):
        raise InputError("model: use_sde=True given, allowed is False")
    if getattr(policy, "squash_output", False):
        raise InputError("model: squash_output=True given, allowed is False")
    if model.get_vec_normalize_env() is not None:
        raise InputError("model: trained in a VecNormalize, allowed is the environment itself: its encoding scales already")


def _check_spaces(model: Any, encoding: Encoding) -> None:
    """Refuse a model for other features or actions than the encoding has."""
    form, action = form_of(model), model.action_space
    if form != encoding.form:
        raise InputError(
            f"model: actions of the form {form} given, the {encoding.role} of {encoding.scenario} has {encoding.form}"
        )
    if form == "box" and not (np.all(action.low == -1) and np.all(action.high == 1)):
        raise InputError("model: an action space Box with other ends given, allowed are -1 and 1")
    allowed: tuple[int, ...]
    if form == "box":
        given, allowed = action.shape, (len(encoding.fields),)
    elif form == "multidiscrete":
        given, allowed = tuple(action.nvec.tolist()), encoding.levels
    else:
        given, allowed = (int(action.n),), (encoding.choices,)
    seen = (model.observation_space.shape, (len(encoding.features),))
    for what, (has, wanted) in {"features": seen, "actions": (given, allowed)}.items():
        if has != wanted:
            raise InputError(f"model: {what} {has} given, the {encoding.role} of {encoding.scenario} has {wanted}")


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(tensor.detach().cpu().numpy(), np.float32)


def _network(kind: str, layers: list[nn.Module], more: dict[str, Any] | None = None, masked: bool = False) -> Network:
    """The network of linear layers with one activation between them."""
    linear, between = layers[0::2], layers[1::2]
    activations = {type(module) for module in between} or {nn.Tanh}
    if not all(type(module) is nn.Linear for module in linear) or len(activations) > 1 or not activations <= ACTIVATIONS.keys():
        names = ", ".join(type(module).__name__ for module in layers)
        raise InputError(f"model: layers {names} given, allowed are Linear with Tanh or with ReLU between them")
    weights: dict[str, Any] = dict(more or {})
    for k, module in enumerate(linear):
        weights |= {f"layers.{k}.weight": _array(module.weight), f"layers.{k}.bias": _array(module.bias)}
    sizes = (linear[0].in_features, *(module.out_features for module in linear))
    return Network(kind, ACTIVATIONS[activations.pop()], sizes, weights, masked)  # type: ignore[arg-type]


def open_zip(path: str | Path, trust: bool = False) -> Any:
    """The model in a zip that `model.save` wrote. Loading it runs code from the file.

    Raises:
        InputError: it is not trusted, is no such zip, or holds another algorithm.
    """
    if not trust:
        raise InputError(
            f"{path}: loading a zip of Stable-Baselines3 runs code from the file; allowed with trust=True if it is yours"
        )
    try:
        with zipfile.ZipFile(path) as archive, archive.open("data") as data:
            module = json.loads(data.read(MOST_DATA_BYTES))["policy_class"]["__module__"]
    except (OSError, KeyError, TypeError, ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no zip of Stable-Baselines3 ({type(error).__name__}: {error})") from None
    homes = {policy.__module__: algo for algo, policy in POLICIES.items()}
    if module not in homes:
        raise InputError(f"{path}: a policy of {module} given, allowed are those of {', '.join(a.__name__ for a in POLICIES)}")
    try:
        return homes[module].load(path, device="cpu")  # type: ignore[attr-defined]
    except Exception as error:
        raise InputError(f"{path}: can not be loaded ({type(error).__name__}: {error})") from error


def load_zip(path: str | Path, encoding: Encoding, trust: bool = False) -> LearnedPolicy:
    """The policy of a raw zip of Stable-Baselines3, for `encoding`. Loading it runs code from the file.

    Raises:
        InputError: as for `open_zip` and `from_sb3`.
    """
    return from_sb3(open_zip(path, trust), encoding)
