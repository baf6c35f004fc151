"""Builders of blocks with swaps that wait: one that lets them come as they came, and one that puts its own around them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.policy import Action, Dice
from agents.scripted.arbitrage import CREDIT
from chain.contracts.constant_product import amount_out
from chain.rule import rule


@rule
def fill_bundles(fronts: Any, swaps: Any, out: Any) -> None:
    """``out[k]`` = what the victim of swap k gets if ``fronts[k]`` is paid in before it, and what the builder gains if what
    came out is paid in after it. Rows of `swaps`: what the victim pays in, the reserves in and out, the fee."""
    for k in range(fronts.size):
        front, paid, reserve_in, reserve_out, fee_bps = fronts[k], swaps[k, 0], swaps[k, 1], swaps[k, 2], swaps[k, 3]
        given, kept, got = front, reserve_in, 0
        for turn in range(3):
            moved = amount_out(given, reserve_in, reserve_out, fee_bps) if given > 0 else 0
            reserve_in, reserve_out = reserve_in + given, reserve_out - moved
            if turn == 0:
                given, kept = paid, moved
            elif turn == 1:
                given, got = kept, moved
                reserve_in, reserve_out = reserve_out, reserve_in
            else:
                out[k, 0], out[k, 1] = got, moved - front


def bundles(fronts: NDArray[np.int64], swaps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same: what victims get, and what the builder gains."""
    out = np.empty((fronts.size, 2), np.int64)
    fill_bundles(fronts, swaps, out)
    return out[:, 0], out[:, 1]


def largest_fronts(most: NDArray[np.int64], least: NDArray[np.int64], swaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest amounts, up to `most`, that can be paid in before victims who must get so much at least; -1: none, not even
    0."""
    low, high = np.full(most.size, -1), most
    while (low < high).any():
        middle = high - (high - low) // 2
        succeeds = (bundles(np.maximum(middle, 0), swaps)[0] >= least) & (low < high)
        low, high = np.where(succeeds, middle, low), np.where(succeeds | (low >= high), high, middle - 1)
    return low


def best_fronts(most: NDArray[np.int64], swaps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The amounts up to `most` that gain most. Gains rise and then fall: they are compared at the thirds of what is left."""
    low, high = np.zeros_like(most), most
    while (high - low > 2).any():
        third = (high - low) // 3
        falls = bundles(low + third, swaps)[1] > bundles(high - third, swaps)[1]
        low, high = np.where(falls, low, low + third), np.where(falls, high - third, high)
    return np.where(bundles(most, swaps)[1] >= bundles(high, swaps)[1], most, high)


@dataclass(frozen=True)
class Fair:
    """Lets swaps come as they came, and adds none of its own.

    Source: the model of an honest miner in Daian and others, "Flash boys 2.0", IEEE Symposium on Security and Privacy 2020.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """No victim."""
        return {"victim": np.full(view.size, -1)}


@dataclass(frozen=True)
class Sandwich:
    """Puts its own swaps around the one that waits by which it gains most.

    It tries every one: it pays in before it what gains most, at most so much that the victim's swap still succeeds, and pays in
    after it what came out. Gains in credits count at the price outside. Where none gains, it plays none.

    Source: the sandwich attack of Zhou, Qin, Torres, Le and Gervais, "High-frequency trading on decentralized on-chain
    exchanges", IEEE Symposium on Security and Privacy 2021.
    """

    def act(self, view: Any, memory: Any, dice: Dice) -> Action:
        """Search, in whole units of the ledger."""
        waiting, victims, fronts = view["waiting"], np.full(view.size, -1), np.zeros(view.size, np.int64)
        row, place = np.nonzero(waiting["pay"] > 0)
        swap, seen = waiting[row, place], view[row]
        sells = swap["pays_credits"] == 1
        reserves = (
            np.where(sells, seen["pool_credits"], seen["pool_money"]),
            np.where(sells, seen["pool_money"], seen["pool_credits"]),
        )
        swaps = np.stack([swap["pay"], *reserves, seen["fee_bps"]], axis=1)
        most = largest_fronts(np.where(sells, seen["credits"], seen["money"]), swap["least"], swaps)
        front = best_fronts(np.maximum(most, 0), swaps)
        gain = bundles(front, swaps)[1] * np.where(sells, seen["price"] / CREDIT, 1.0) * (most > 0)
        order = np.lexsort((-place, gain))
        order = order[gain[order] > 0]
        victims[row[order]], fronts[row[order]] = place[order], front[order]
        return {"victim": victims, "front": fronts}
