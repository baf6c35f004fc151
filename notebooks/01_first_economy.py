# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. A first economy
#
# Two strangers want to trade. One needs a service, the other can provide it, and neither trusts the other. Who should go
# first? If the client pays first, the provider may do nothing. If the provider works first, the client may not pay.
#
# A ledger can hold the money in between. In this lesson you
#
# 1. follow one job through that escrow, transaction by transaction, and see who holds which money after each step;
# 2. see a transaction refused, and a bad job disputed;
# 3. meet the two roles of a whole market, and write a policy of your own in ten lines;
# 4. compare it with two others on the same random worlds, with intervals that say how sure you can be.
#
# It takes about a quarter of an hour. The first cell that seals a block compiles the ledger's rules, which takes up to a
# minute, once.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import sim
from chain.contracts.service_market import Outcome
from chain.layout import Kind
from chain.ledger import Ledger
from sim.scenarios import find

COIN = 1_000_000  # amounts on the ledger are whole numbers of millionths of a coin

# %% [markdown]
# ## One ledger, three accounts
#
# Ada wants a translation. Ben translates. Pia builds the blocks. Everybody starts with money, and the market's contract
# starts with its *terms*: a provider stakes at least 20 coins behind each job, has two blocks to deliver, and then the client
# has two blocks to accept or to dispute. To keep the example free of luck, a job done with full effort always turns out good,
# and the arbiter always finds the truth.

# %%
ADA, BEN, PIA = 0, 1, 2
ledger = Ledger(
    balances=[200 * COIN, 200 * COIN, 0],
    proposer=PIA,
    base_fee=1_000,  # per unit of gas, burned
    terms={
        "services": 1,
        "min_stake": 20 * COIN,
        "delivery_window": 2,
        "dispute_window": 2,
        "unbonding_window": 5,
        "reliability_bps": 10_000,  # basis points: 10,000 is all of it
        "arbiter_bps": 10_000,
        "slash_bps": 10_000,
        "compensation_bps": 5_000,
    },
)


# %% [markdown]
# Two small functions for looking: one seals a block and shows what became of each transaction, the other shows where the
# money is. Money is never created or lost. Every coin is in an account's free balance, in a stake, in escrow, or burned, so
# the last column is the same after every step.


# %%
def seal():
    """Execute one block and show its receipts."""
    receipts = [r._replace(kind=r.kind.name, status=r.status.name) for r in ledger.seal()]
    return pd.DataFrame(receipts, columns=["kind", "sender", "nonce", "status", "fee", "height", "subject"])


def money():
    """Where the money is, in coins."""
    head, stakes = ledger.book.head[0], ledger.book.stakes
    staked = int(stakes["bonded"].sum() + stakes["unbonding"].sum())
    places = {
        "Ada": ledger.balance(ADA),
        "Ben": ledger.balance(BEN),
        "Pia": ledger.balance(PIA),
        "Ben's stake": staked,
        "escrow": int(head.locked) - staked,
        "burned": int(head.burned),
    }
    return {"height": ledger.height} | {k: v / COIN for k, v in places.items()} | {"all": sum(places.values()) / COIN}


steps = {"genesis": money()}
pd.DataFrame(steps).T

# %% [markdown]
# ## A job that goes well
#
# **First block.** Ben bonds a stake of 60 coins and posts an offer: service 0, for 50 coins, with 20 coins of stake behind
# each job, and up to three jobs a block. Nothing happens when he *submits* the two transactions. They wait in the mempool
# until a block is *sealed*.

# %%
ledger.submit(Kind.BOND, BEN, amount=60 * COIN)
ledger.submit(Kind.POST, BEN, subject=0, amount=50 * COIN, stake=20 * COIN, count=3)
seal()

# %%
steps["Ben bonds and posts"] = money()
pd.DataFrame(steps).T

# %% [markdown]
# A receipt has one status. Both are `OK`, and both cost a fee: gas times the base fee, which is burned. Ben's stake left his
# balance but is still his.
#
# **Second block.** Ada hires Ben, for at most 50 coins. She adds a tip of 100 per unit of gas, which is for the proposer: Pia
# earns it.

# %%
ledger.submit(Kind.HIRE, ADA, to=BEN, subject=0, amount=50 * COIN, tip=100)
seal()

# %%
steps["Ada hires"] = money()
pd.DataFrame(steps).T

# %% [markdown]
# Ada's 50 coins are in escrow now. They are neither hers nor Ben's. The receipt's `subject` is the number of the job.
#
# **Third and fourth block.** Ben delivers with full effort, Ada accepts and rates him.

# %%
ledger.submit(Kind.DELIVER, BEN, subject=0, bps=10_000)
delivered = seal()
steps["Ben delivers"] = money()
ledger.submit(Kind.ACCEPT, ADA, subject=0, bps=10_000)
accepted = seal()
steps["Ada accepts"] = money()
pd.concat([delivered, accepted])

# %%
pd.DataFrame(steps).T

# %% [markdown]
# The escrow is empty and Ben has his 50 coins. Nobody had to trust anybody.
#
# ## A transaction that is refused
#
# Ben raises his price to 70 coins. Ada has not noticed and offers 50.

# %%
ledger.submit(Kind.POST, BEN, subject=0, amount=70 * COIN, stake=20 * COIN, count=3)
posted = seal()
ledger.submit(Kind.HIRE, ADA, to=BEN, subject=0, amount=50 * COIN)
refused = seal()
steps["Ada is refused"] = money()
assert refused.status.tolist() == ["PRICE_TOO_HIGH"]
refused

# %% [markdown]
# The receipt says why: `PRICE_TOO_HIGH`. A refusal is an ordinary result, not an error. It changes nothing but the sender's
# nonce and the fee, which Ada pays, because the block had to check her transaction all the same.
#
# ## A job that goes badly
#
# Effort is hidden: no transaction shows how hard a provider works. Ada pays 70 coins this time, and Ben delivers something he
# did not work on at all. Ada sees that it is worthless, and disputes.

# %%
ledger.submit(Kind.HIRE, ADA, to=BEN, subject=0, amount=70 * COIN)
seal()
ledger.submit(Kind.DELIVER, BEN, subject=1, bps=0)
seal()
steps["Ben delivers rubbish"] = money()
ledger.submit(Kind.DISPUTE, ADA, subject=1, bps=0)
disputed = seal()
steps["Ada's dispute is upheld"] = money()
disputed

# %%
pd.DataFrame(steps).T

# %%
assert Outcome(ledger.job(1)["outcome"]) == Outcome.UPHELD
ledger.check()  # raises if any invariant is broken

# %% [markdown]
# The arbiter verified the bad work. Ada has her 70 coins back and half of the 20 coins that Ben had staked. The other half is
# burned, so that a client and a provider who conspire can not get it all back.
#
# **Check yourself.** By how much did Ben's shirking pay? He saved the effort, and lost 20 coins of stake and the fees. Had
# Ada not looked, he would have been paid 70 coins. Whether shirking pays depends on how often it is caught, which is what you
# can study here.
#
# ## A whole market
#
# The scenario `service_market` puts many such agents on a ledger. Each tick, everybody sees the same state, everybody
# decides, and one block is executed. There are two roles.

# %%
market = find("service_market")
pd.DataFrame([(role.name, role.about, role.policy) for role in market.roles], columns=["role", "who", "default policy"])

# %% [markdown]
# An agent is shown a *view* and answers with an *action*. This is what a client sees and what it may do. Nobody sees the
# private values and costs of others, or how hard a provider works.

# %%
client = market.role("client")
pd.DataFrame(
    [("view", c.name, c.unit, c.about) for c in client.view] + [("action", c.name, c.unit, c.about) for c in client.action],
    columns=["", "name", "unit", "meaning"],
)

# %% [markdown]
# ## A policy in ten lines
#
# A policy is a function from a batch of views to a batch of actions: one row for every agent in every world, and one array
# per column. This client reads the public ratings. It hires the cheapest provider whose name is not bad, and takes a chance
# on those whom nobody has rated yet.


# %%
def careful(view, memory, dice):
    """Hires the cheapest of the offers that are not badly rated."""
    offers = view["offers"]
    there = offers["address"] >= 0
    decent = (offers["ratings"] == 0) | (offers["rating_bps"] >= 7_000)
    price = np.where(there & decent, offers["price"], 2**62)
    affordable = price.min(axis=1) <= view["value"]
    return {"hire": np.where(affordable, price.argmin(axis=1), -1)}  # -1: nobody


# %% [markdown]
# To make reputation matter, some providers must deserve a bad one. In this market half of the providers save effort: in every
# four neighbouring addresses two of them, so that either service has both sorts.


# %%
def half_shirk(view, memory, dice):
    """Asks its full cost and a fifth; two of four work with a third of the effort."""
    full_cost = view["cost"] + view["effort_cost"]
    shirks = view["address"] // 2 % 2 == 1
    return {"price": full_cost + full_cost // 5, "effort_bps": np.where(shirks, 3_000, 10_000)}


# %% [markdown]
# ## Comparing policies
#
# `sim.compare` plays each policy in the same twenty random worlds: the same needs, values and costs. The measure is
# **efficiency**: value to the clients minus cost to the providers, divided by the most that a planner who knows everything
# could reach.

# %%
table = sim.compare(
    "service_market",
    policies={"client": ["cheapest", "random", careful], "provider": half_shirk},
    metrics="efficiency",
    seeds=20,
    preset="minimal",
    providers=8,
    horizon=40,
)
table.round(3)

# %% [markdown]
# `low` and `high` are the ends of a 95 % interval for the mean. The columns `difference...` compare each arm with the first
# one, world by world: all arms met the same worlds, so the luck that they share cancels. `p` is the chance of a difference at
# least as large if there were none, adjusted for the number of comparisons.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
names = [arm.removeprefix("client=") for arm in table.arm]
for axes, rows, mean, low, high in (
    (left, table, "mean", "low", "high"),
    (right, table[1:], "difference", "difference_low", "difference_high"),
):
    places = [names.index(arm.removeprefix("client=")) for arm in rows.arm]
    reach = np.array([rows[mean] - rows[low], rows[high] - rows[mean]], float)
    axes.errorbar(rows[mean], places, xerr=reach, fmt="o", color="#0072B2", capsize=4)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", color="#E6E6E6")
right.axvline(0, color="#555555", linewidth=1)
left.set_title("Efficiency of three client policies")
left.set_xlabel("realised surplus, share of optimum")
right.set_title("Gain over the cheapest, same worlds")
right.set_xlabel("difference in efficiency, share of optimum")
figure.supxlabel("means and 95 % intervals, 20 worlds", fontsize=9, color="#555555")
plt.show()

# %% [markdown]
# **What you may conclude.** Where an interval on the right does not touch zero, the policy does better or worse than
# `cheapest` in markets like this one. Hiring at random is worst: it pays for dear providers as often as for cheap ones, and
# for shirkers as often as for the honest. Looking at prices helps with the first, and looking at ratings with the second.
# Note how wide the interval of `cheapest` is: all depends on whether the cheapest provider of a world happens to be an honest
# one.
#
# What you may *not* conclude: that `careful` is best in general. With honest providers there is nothing to be careful about,
# one unlucky job can cost an honest newcomer its trade, and a shirker who goes on under a new name has no ratings to fear.
#
# ## The same market, agent by agent
#
# If you come from Mesa, the same world is a `mesa.Model` with agents and a `DataCollector`. It writes the same ledger, byte
# for byte.

# %%
from sim.fronts.mesa_model import ServiceMarketModel

policies = {"client": careful, "provider": half_shirk}
model = ServiceMarketModel(preset="minimal", policies=policies, seed=0, providers=8, horizon=40)
while model.running:
    model.step()
model.datacollector.get_model_vars_dataframe().tail(3)

# %%
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
model.datacollector.get_model_vars_dataframe()["efficiency"].plot(ax=axes, color="#0072B2")
axes.set_title("Efficiency so far, one world")
axes.set_xlabel("tick")
axes.set_ylabel("share of optimum")
plt.show()

# %% [markdown]
# ## Try it
#
# - Let `careful` ignore providers without ratings. Why is that a bad idea at the start?
# - Let it forgive: demand a good rating only from those with at least three. Is that kinder, or just worse?
# - Set `min_stake=100 * COIN` in `sim.compare`. Does efficiency change? Whose surplus does (`metrics="provider_surplus"`)?
# - Replace `half_shirk` with `"cost_plus"`. Which policy wins now?
# - Put `careful` into a file and run it from the shell: `ledgerlab run service_market --policy client=mine.py:careful`.
