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
# # 3. Algorithmic collusion
#
# Two shops sell almost the same good. Each lets a program set its price. The programs do not talk to each other, know nothing
# of the market, and were never told to cooperate: each only tries prices, sees what it earns, and does more of what paid. In
# 2020 Calvano, Calzolari, Denicolò and Pastorello showed in the *American Economic Review* that such programs learn to charge
# far more than competitors would, and that they learn *how* to keep it so: whoever undercuts is punished.
#
# In this lesson you
#
# 1. work out what competitors and what a monopolist would charge;
# 2. let two learners set prices on a ledger, every period a block, and see where they end;
# 3. force one of them to cheat for one period, and watch the other;
# 4. make the learners short-sighted, and see the high prices go.
#
# It takes about a quarter of an hour to read. All cells together run in about half a minute once the rules are compiled, which
# takes up to a minute the first time. To be that quick, most of it uses learners that explore ten times less than those of the
# paper, and so collude a little less; one cell near the end plays the paper's own.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sim import collusion
from sim.plots.collusion import impulse_response, profit_gains
from sim.scenarios import find
from sim.scenarios.posted_price.sessions import Session

COIN = 1_000_000  # amounts on the ledger are whole numbers of millionths of a coin

# %% [markdown]
# ## The market
#
# The scenario `posted_price`: a unit costs a shop 1 coin to make. Consumers look at both prices $p_1, p_2$ and buy from shop
# $i$ with probability
#
# $$q_i = \frac{e^{(2 - p_i)/\mu}}{e^{(2 - p_1)/\mu} + e^{(2 - p_2)/\mu} + 1},$$
#
# with $\mu = 0.25$: most take the cheaper one, but not all, because tastes differ. A shop's profit in a period is
# $(p_i - 1)\, q_i$. On the ledger, consumers really pay and the cost of production is really used up, in every block.
#
# Two prices tell us how to judge what we will see. At the **Nash** price neither shop gains by moving alone: this is
# competition. The **monopoly** price is what one owner of both shops would charge.

# %%
market = find("posted_price")
settings = collusion.plan(sessions=16, beta=4e-5, stable=20_000)
pd.DataFrame(settings.benchmarks, index=["price", "profit of a shop in a period"]).T.round(4)

# %% [markdown]
# A shop chooses among 15 prices, from a little below Nash to a little above monopoly. What does it earn? Here is the table,
# as the ledger pays it: the profit of shop 1, by its own level (down) and the level of the other (across), in coins.

# %%
session = Session(settings.parameters, settings.learning, stable=settings.stable, seed=7)
grid = session.room.shop.grid / COIN
pays = pd.DataFrame(session.profits[0] / COIN, index=grid.round(3), columns=grid.round(3))
pays.iloc[::2, ::2].round(3)

# %% [markdown]
# **Check yourself.** Follow a column down: whatever the other charges, the best answer lies below its price, unless that is
# already low. So if both start high, each is tempted to undercut. This is the prisoner's dilemma with more than two choices.
#
# ## The learner
#
# Each shop keeps a table $Q(s, a)$: what it expects to earn, from now on, if last period's prices were $s$ and it now charges
# $a$. Later money counts less, by a factor $\delta = 0.95$ per period. After every period it moves the entry it has just used
# a step towards what happened:
#
# $$Q(s, a) \leftarrow (1 - \alpha)\, Q(s, a) + \alpha \left(\text{profit} + \delta \max_{a'} Q(s', a')\right)$$
#
# with $\alpha = 0.15$. Mostly it charges what its table says is best. With probability $e^{-\beta t}$ it tries any price
# instead, at first always and later hardly ever. That is all: no model of demand, no model of the rival, no message.
#
# One session: we let both learn until neither policy has changed for a while, and look in every 10,000 periods at what they
# would charge now if nobody explored. (We look in a *fork* of the ledger, and go back: looking must not change anything.)

# %%
looks = []
while not session.converged:
    session.learn(10_000)
    kept = session.keep()
    played = session.play(50)
    session.restore(kept)
    looks.append((session.ticks, *(grid[played["level"]].mean(axis=0))))
path = pd.DataFrame(looks, columns=["period", "shop 1", "shop 2"]).set_index("period")

figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
path.plot(ax=axes, color=["#0072B2", "#D55E00"])
for name, (price, _) in settings.benchmarks.items():
    axes.axhline(price, color="#555555", linestyle="--", linewidth=1)
    axes.annotate(name, (1, price), (-4, 3), xycoords=("axes fraction", "data"), textcoords="offset points", ha="right")
axes.margins(y=0.12)
axes.set_title("One session: what both would charge without exploring")
axes.set_ylabel("mean price, coins")
plt.show()

# %% [markdown]
# At first the tables know nothing and prices jump about. As exploration fades, they settle far above the Nash price. Nothing
# but blocks happened on the way; the ledger can vouch for every one of them:

# %%
print(f"{session.ticks:,} blocks, state {session.digest()[:16]}...")
gained = session.economy.gains()["seller"] / COIN
nonces = session.economy.book.accounts["nonce"][0, :2]
pd.DataFrame({"gained, coins": gained.round(1), "nonce": nonces}, index=["shop 1", "shop 2"])

# %% [markdown]
# The nonce counts the prices that each shop has posted: it signs a transaction only when its price changes.
#
# ## Many sessions
#
# One session may be luck. The measure is the **profit gain**: 0 if the shops earn what competitors would, 1 if they earn what
# a monopolist would. We play 16 sessions, each on a ledger of its own with its own random first prices and exploration.

# %%
results = list(collusion.play(settings))
runs = collusion.columns([one.row for one in results])
pd.DataFrame(runs)[["seed", "profit_gain", "price", "periods", "cycle"]].round(3).head(8)

# %%
figure = profit_gains(runs)
figure

# %% [markdown]
# All sessions end far from competition. But are high prices *collusion*? Perhaps the programs are just bad at competing. What
# makes it collusion is the answer to one question: what happens if somebody cheats?
#
# ## Somebody cheats
#
# We take each session where it has ended, and force one shop, for one period only, to charge what is best against the other's
# price. Then both are free again and do what they have learned. Every shop is made the cheater in turn, in a fork of its
# ledger.

# %%
impulse = {name: np.concatenate([one.impulse[name] for one in results]) for name in results[0].impulse}
figure = impulse_response(impulse, {name: price for name, (price, _) in settings.benchmarks.items()})
figure

# %% [markdown]
# In period 0 the cheater sells more at a lower price. In period 1 the rival, who has seen it, mostly cuts its price too. Then
# both climb back, step by step, to where they were. Nobody told them to do that. It is a punishment that hurts, ends, and is
# known from old cartels.
#
# Did cheating pay? Compare what the cheater earned from period 0 on, later money counting less, with what it would have
# earned had it not cheated.

# %%
answers = pd.DataFrame(runs)[["deviation_gain", "unprofitable", "punished", "returned"]]
answers.mean().rename(
    {
        "deviation_gain": "gain from cheating, share of not cheating",
        "unprofitable": "share of cheaters who lose",
        "punished": "share whose rival cuts its price at once",
        "returned": "share after which old prices are back in 15 periods",
    }
).round(3).to_frame("mean over sessions")

# %% [markdown]
# ## Short-sighted shops
#
# If high prices are held up by the fear of punishment, they must fall when nobody fears the future. Set $\delta = 0$: only
# the profit of this period counts. Everything else stays.

# %%
short_sighted = collusion.plan(sessions=16, beta=4e-5, stable=20_000, delta=0.0)
myopic = collusion.columns([one.row for one in collusion.play(short_sighted)])
pd.DataFrame(
    {"patient (0.95)": runs["profit_gain"], "short-sighted (0)": myopic["profit_gain"]},
).describe().loc[["mean", "std", "min", "max"]].round(3)

# %%
assert runs["profit_gain"].mean() > myopic["profit_gain"].mean() + 0.2

# %% [markdown]
# More than half of the gain is gone. What is left is no collusion: nobody is afraid of anything. It is clumsiness, for a shop
# that tries each price only now and then does not find the last cent.
#
# ## The paper's own learners
#
# The baseline of the paper explores ten times longer, $\beta = 4 \cdot 10^{-6}$, and asks for 100,000 quiet periods. Eight
# sessions of about 1.8 million blocks each:

# %%
baseline = collusion.plan(sessions=8, threads=2)
gains = [one.row["profit_gain"] for one in collusion.play(baseline)]
print(f"mean profit gain of {len(gains)} sessions: {np.mean(gains):.2f}")

# %% [markdown]
# The paper reports 0.85 over a thousand sessions. The command `ledgerlab reproduce calvano` plays a thousand and writes rows,
# a table and both figures; the result that comes with LedgerLab lies in `results/calvano`.
#
# **What you may conclude.** In this market, learners of this kind end well above competition, they punish who deviates, and
# they stop doing so when the future does not count. What you may *not* conclude: that every pricing program colludes. It took
# hundreds of thousands of periods, both programs were of the same kind, nobody else entered, and demand never changed.
#
# ## A learned policy is a policy
#
# What the two have learned can be played in the scenario like any other policy.

# %%
from sim.world import World

for label, policy in (("what they learned", session.policy()), ("nash", "nash"), ("tit_for_tat", "tit_for_tat")):
    world = World(market, market.settings("standard", {}), {"seller": policy}, seeds=[7])
    outcome = world.play()
    print(f"both shops play {label:18} mean price {outcome.sales['price'][0, 50:].mean() / COIN:.3f}")

# %% [markdown]
# ## Try it
#
# - Give the shops different costs: `collusion.plan(sessions=8, cost_high=1_200_000)`. Is it harder to agree?
# - Three shops: `collusion.plan(sessions=4, sellers=3, levels=8, beta=4e-5, stable=20_000)`. What happens to the gain?
# - Let $\delta$ go from 0 to 0.95 in steps, and plot the profit gain. Is there a threshold?
# - A regulator may forbid to change a price in every period. How would you build that into the scenario?
# - Look at the table of one shop: `session.tables.greedy[0].reshape(15, 15)`. Which last prices make it charge low ones? Can
#   you find the punishment in it?
