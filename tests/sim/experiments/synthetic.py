"""Sweeps made by hand: the results of a plan, with values that a test chooses."""

import itertools

import numpy as np

from sim.experiments.loading import Results

EFFICIENCY = {"name": "efficiency", "unit": "of optimum", "more_is_better": True}
DELAY = {"name": "delay", "unit": "blocks", "more_is_better": False}
WELFARE = {"name": "honest_welfare", "unit": "coins", "more_is_better": True}


def arm_cells(policies, attacks, defences):
    """The arms of a point: their columns. Under attack each is played on three sides, and on two without the defences."""
    plays = [dict(zip(policies, one, strict=True)) for one in itertools.product(*policies.values())]
    varying = [role for role in policies if len(policies[role]) > 1]
    out = []
    for one in plays:
        base = ", ".join(f"{role}={one[role]}" for role in varying)
        if not attacks:
            out.append({**one, "arm": base or ", ".join(f"{r}={p}" for r, p in one.items()), "side": "", "defence": ""})
            continue
        sides = [(side, "+".join(defences), "") for side in ("honest", "attacked", "absent")]
        if defences:
            sides += [(side, "none", f" without {' and '.join(defences)}") for side in ("honest", "attacked")]
        for side, defence, more in sides:
            arm = ", ".join(part for part in (base, f"side={side}{more}") if part)
            out.append({**one, "arm": arm, "side": side, "defence": defence})
    return out


def planned(varied, units, policies, attacks, defences, metrics):
    """What the plan of such a sweep says."""
    return {
        "name": "sample",
        "question": "Does it matter?",
        "scenario": "service_market",
        "preset": "minimal",
        "fixed": {"horizon": 50},
        "varied": {name: units.get(name, "") for name in varied},
        "metrics": list(metrics),
        "roles": list(policies),
        "policies": policies,
        "attacks": attacks,
        "defences": list(defences),
        "code": {"sha256": "ab" * 32},
        "versions": {"python": "3.11.7", "numpy": "2.0"},
        "checkout": {"commit": "c" * 40, "dirty": False},
        "machine": {"cores": 2},
        "started": "2026-01-01T00:00:00+00:00",
    }


def results(
    folder,
    value,
    *,
    points=({},),
    units=None,
    policies=None,
    attacks=None,
    defences=(),
    seeds=10,
    metrics=(EFFICIENCY,),
    failed=(),
    missing=(),
    notes=(),
    error="InputError: no such thing",
    **plan,
):
    """Results of a sweep.

    Args:
        folder: where its report goes.
        value: (metric name, cell) -> the values of all its seeds.
        points: parameter -> value of every point.
        units: parameter -> unit.
        policies: role -> labels.
        attacks: name -> shares.
        defences: names.
        seeds: a number, or a list.
        metrics: as in a plan.
        failed, missing: rows of cells without runs.
        notes: facts for the limitations.
        error: of the failed cells.
        plan: fields that replace those of the plan.
    """
    policies = policies or {"client": ["cheapest"]}
    attacks = attacks or {}
    seeds = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    cases = [(name, share) for name, shares in attacks.items() for share in shares] or [("", 0.0)]
    arms = arm_cells(policies, attacks, defences)
    cells = [
        {**point, **arm, "attack": attack, "share": share, "point": k}
        for k, (point, (attack, share)) in enumerate(itertools.product(points, cases))
        for arm in arms
    ]
    columns = {name: np.array([cell[name] for cell in cells], object) for name in ("arm", *policies, "attack", "side", "defence")}
    columns |= {name: np.array([cell[name] for cell in cells]) for name in ("point", "share", *points[0])}
    status = ["failed" if k in failed else "missing" if k in missing else "done" for k in range(len(cells))]
    columns |= {
        "cell": np.array([f"{k:016x}" for k in range(len(cells))], object),
        "status": np.array(status, object),
        "error": np.array([error if one == "failed" else "" for one in status], object),
    }
    done = [k for k, one in enumerate(status) if one == "done"]
    runs = {
        "row": np.repeat(np.array(done, np.int64), len(seeds)),
        "seed": np.tile(np.array(seeds, np.int64), len(done)),
        "digest": np.full(len(done) * len(seeds), "0", object),
    }
    for metric in metrics:
        given = [np.broadcast_to(np.asarray(value(metric["name"], cells[k]), float), len(seeds)) for k in done]
        runs[metric["name"]] = np.concatenate([np.empty(0), *given])
    whole = planned(points[0], units or {}, policies, attacks, defences, metrics) | {"seeds": seeds, "cells": len(cells)}
    whole |= {"arms": [arm["arm"] for arm in arms]}
    return Results(folder, whole | plan, columns, runs, list(notes))


def noise(seed, size=10, scale=0.05):
    """Normal noise that depends on nothing but its seed."""
    return scale * np.random.Generator(np.random.Philox(seed)).normal(size=size)


def grid(**values):
    """Every combination."""
    return tuple(dict(zip(values, one, strict=True)) for one in itertools.product(*values.values()))
