"""Begin where somebody else is: fit a learner's policy to what another policy does, before it learns by itself."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

BATCH = 512


def imitate(model: Any, seen: NDArray[np.float32], answers: NDArray[np.float32], epochs: int = 60, seed: int = 0) -> float:
    """Fit the mean action of PPO with a box to given answers, by least squares; nothing else of the learner changes.

    Args:
        model: a PPO of Stable-Baselines3 whose actions are a box.
        seen: what was seen, shape (rows, features).
        answers: what was answered then, in [-1, 1], shape (rows, fields).
        epochs: passes over all rows.
        seed: of the order of the rows.

    Returns:
        The root mean square of what is left unexplained.

    Source: behavioural cloning, Pomerleau, "ALVINN: an autonomous land vehicle in a neural network", NIPS 1988.
    """
    policy = model.policy
    actor = [*policy.mlp_extractor.policy_net.parameters(), *policy.action_net.parameters()]
    optimiser = torch.optim.Adam(actor, lr=1e-3)
    inputs, targets = torch.as_tensor(seen), torch.as_tensor(answers)

    def error(rows: Any) -> Any:
        latent = policy.mlp_extractor.forward_actor(policy.extract_features(inputs[rows], policy.pi_features_extractor))
        return ((policy.action_net(latent) - targets[rows]) ** 2).mean()

    order = np.random.Generator(np.random.Philox(seed))
    for _ in range(epochs):
        for rows in np.array_split(order.permutation(len(seen)), -(-len(seen) // BATCH)):
            optimiser.zero_grad()
            error(rows).backward()
            optimiser.step()
    with torch.no_grad():
        return float(error(slice(None)).sqrt())
