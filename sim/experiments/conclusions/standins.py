"""To be replaced at the merge."""

import numpy as np
from scipy.stats import rankdata

from sim.metrics.statistics import Interval


def effect_size(a, b):
    d = np.asarray(a) - np.asarray(b)
    n = (~np.isnan(d)).sum(-1)
    mean = np.divide(np.nansum(d, -1), n, out=np.full(n.shape, np.nan), where=n > 0)
    var = np.divide(np.nansum((d - mean[..., None]) ** 2, -1), n - 1, out=np.full(n.shape, np.nan), where=n > 1)
    return np.divide(mean, np.sqrt(var), out=np.full(n.shape, np.nan), where=var > 0)


def iqm(x):
    x = np.sort(np.ravel(x))
    cut = x.size // 4
    return float(x[cut : x.size - cut].mean())


def iqm_interval(scores, *, seed, resamples=2000):
    out = []
    rng = np.random.Generator(np.random.Philox(0))
    for x in np.asarray(scores):
        tasks, runs = x.shape
        found = np.sort([iqm(x[np.arange(tasks)[:, None], rng.integers(0, runs, (tasks, runs))]) for _ in range(resamples)])
        out.append((iqm(x), np.quantile(found, 0.025), np.quantile(found, 0.975), x.size))
    return Interval(*map(np.array, zip(*out)))


def probability_of_improvement(x, y):
    n = len(x)
    ranks = rankdata(np.concatenate([x, y]), axis=0)[:n].sum(0)
    return float(((ranks - n * (n + 1) / 2) / (n * len(y))).mean())
