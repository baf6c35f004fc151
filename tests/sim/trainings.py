"""A training that takes a second."""

import sim
from sim.training.plan import Learn

QUICK = {"n_envs": 4, "n_steps": 5, "batch_size": 60, "n_epochs": 1, "policy_kwargs.net_arch": [8]}
TABLE = {"n_envs": 4, "features": ["cost", "hired"], "cells": 3}
SETTINGS = {"ppo": QUICK, "q": TABLE}
FEW = {"preset": "minimal", "steps": 60, "held_out_worlds": 3, "evaluations": 2}


def learn(learners=None, **more):
    return sim.train("service_market", learners or {"provider": Learn("ppo", QUICK)}, **{**FEW, **more})
