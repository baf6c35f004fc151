# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Attack and defend
#
# In the first lesson a provider delivered rubbish, and the arbiter found out. What if there is no arbiter? What if a quarter
# of all providers are cheats? Which rules stop them, and what do those rules cost everybody else?
#
# In this lesson you
#
# 1. let a cheat into a market, and read on the ledger what it does;
# 2. measure what honest agents lose as the cheats' share grows;
# 3. switch on two defences, and see what they save and what they cost where nobody cheats;
# 4. let an attacker learn, and find out from which stake on it prefers honest work.
#
# It takes about twenty minutes to read. All cells together run in about a minute once the rules are compiled, which takes up
# to a minute the first time. To be that quick the market is small, the random worlds are few, and the training is short. The
# last section says what that means for what you may conclude.

# %%
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.ticker import PercentFormatter

import sim
from agents.attacks.registry import ATTACKS
from chain.contracts.service_market import Outcome
from chain.layout import Kind
from chain.status import Status
from sim.attack.attackers import attackers_of
from sim.attack.defences import DEFENCES
from sim.metrics.statistics import mean_interval, paired_difference
from sim.scenarios import find
from sim.world import World

COIN = 1_000_000  # amounts on the ledger are whole numbers of millionths of a coin

# %% [markdown]
# ## What an attack is
#
# An attacker is nobody special. It controls some accounts, is shown what everybody is shown, and sends ordinary transactions.
# It can not break the ledger's rules; it uses them. What makes it an attacker is only what it wants. Five attacks come with
# LedgerLab:

# %%
pd.DataFrame(
    [(one.name, one.about, dict(one.capability.accounts), one.capability.identities) for one in ATTACKS.values()],
    columns=["attack", "what its agents do", "accounts of one attacker", "new names"],
).set_index("attack")

# %% [markdown]
# We take the simplest, `shirker`. It asks a little less than its cheapest rival, and delivers without any effort. Nobody can
# see effort before the work is done, so from outside it is just a cheap provider.
#
# Our market has 8 providers and 16 clients, who look at public ratings and prices (the policy `best_rated`). To begin with
# there are no rules against bad work: the arbiter never finds anything, and nobody has to put down a stake.

# %%
LAWLESS = {"clients": 16, "providers": 8, "services": 1, "horizon": 20, "arbiter_bps": 0, "min_stake": 0}
market = find("service_market")
settings = market.settings("minimal", LAWLESS)

# %% [markdown]
# ## One cheat among eight
#
# The last provider becomes a shirker. We play one world, block by block, and keep the receipts of what it signed.

# %%
one = attackers_of(market, settings, ATTACKS["shirker"], share=1 / 8)
world = World(market, settings, seeds=[0], attackers=one)
book = world.economy.book
(cheat,) = world.economy.names["provider"][world.controlled("provider")]

signed = []
while not world.done:
    world.step()
    receipts = book.receipts[0, : book.head["receipts"].item()]
    signed.append(pd.DataFrame(receipts[receipts["sender"] == cheat]))
deeds = pd.concat(signed)
deeds["kind"], deeds["status"] = [Kind(k).name for k in deeds.kind], [Status(s).name for s in deeds.status]
deeds.groupby(["kind", "status"]).size().to_frame("transactions")

# %% [markdown]
# It posted offers and delivered jobs, as all providers do, and every transaction was accepted. No rule was broken. Now look
# at the jobs, which stand on the ledger with the effort that nobody saw:

# %%
jobs = pd.DataFrame(book.jobs[0, : book.terms["opened"].item()])
own = jobs[jobs.provider == cheat]
pd.DataFrame(
    {
        "client": own.client,
        "hired in block": own.height,
        "paid in block": own.paid,
        "price, coins": (own.price / COIN).round(2),
        "effort, %": own.effort_bps / 100,
        "quality, %": own.quality_bps / 100,
        "outcome": [Outcome(outcome).name for outcome in own.outcome],
    }
)

# %% [markdown]
# The clients saw that what they got was worthless, and disputed it. But this arbiter never finds anything, so the cheat was
# paid. What the clients could do was to rate it, and within a few blocks nobody hired it again. Reputation works, but only
# after the damage is done: every one of these clients had to lose its money first.
#
# Did it pay? To say so we need something to compare it with: its **twin**. In the same world, with the same needs and the
# same costs, the same account plays an honest policy instead (`cost_plus`: full effort, and a fair price).


# %%
def gain_of_the_last_provider(side):
    """Money gained minus the cost of its work, in coins; the attacker's account, playing the attack or its honest twin."""
    played = World(market, settings, seeds=[0], attackers=attackers_of(market, settings, ATTACKS["shirker"], 1 / 8, side))
    played.play()
    return played.economy.gains()["provider"][-1] / COIN


pd.Series({side: gain_of_the_last_provider(side) for side in ("honest", "attacked")}).round(1).to_frame("gain, coins")

# %% [markdown]
# In this world the cheat would have done better with honest work. But one world may be luck, good or bad. From here on we
# play many.
#
# ## The resilience curve
#
# `sim.run` with an `attack` plays every world three times. The agents that the attackers control are
#
# - **honest**: they play their twin;
# - **attacked**: they play the attack;
# - **absent**: they do nothing, so the market is just smaller.
#
# We look at **honest welfare**: what the agents that no attacker controls gained together, in money and in the value of the
# services that they received. It is counted over the same agents on all three sides, so the difference between *honest* and
# *attacked* is what the attack took from them.

# %%
SHARES = [1 / 8, 2 / 8, 3 / 8, 4 / 8]
WORLDS = 30
small = {"preset": "minimal", "seeds": WORLDS, **LAWLESS}
lawless = pd.concat([sim.run("service_market", attack={"shirker": share}, **small) for share in SHARES])
lawless.groupby(["share", "side"], sort=False)[["honest_welfare", "attacker_profit", "loss_to_scam"]].mean().round(2)

# %% [markdown]
# `loss_to_scam` is the part of the clients' money that went to attackers for worthless work.


# %%
def draw(axes, rows, side, label, **look):
    """Honest welfare over the attackers' share, with 95 % intervals over worlds."""
    mine = rows[rows.side == side]
    mean, low, high, _ = mean_interval([mine[mine.share == share].honest_welfare for share in SHARES])
    axes.plot(SHARES, mean, "o-", label=label, **look)
    axes.fill_between(SHARES, low, high, alpha=0.15, linewidth=0, color=look["color"])


def dress(axes):
    """Names, units and a grid."""
    axes.axhline(0, color="black", linewidth=0.8)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xticks(SHARES)
    axes.set_xlabel("attackers' share of providers")
    axes.set_ylabel("honest welfare, coins")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(color="#E6E6E6")
    axes.legend(frameon=False)


figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
draw(axes, lawless, "honest", "attackers honest (twin)", color="#0072B2")
draw(axes, lawless, "attacked", "attacked", color="#D55E00")
dress(axes)
axes.set_title(f"A market without rules: means and 95 % intervals, {WORLDS} worlds")
plt.show()

# %% [markdown]
# Why does the blue line fall too, though everybody is honest there? Because more and more agents count as the attackers', and
# what they earn is no longer counted. That is why the red line must be compared with the blue one above it, and not with
# where the red line began.
#
# The bands are wide because worlds differ: some have many needs, some have cheap providers. But both sides were played in the
# *same* worlds. What the attack took is a difference world by world, and that is known much better:


# %%
def taken(rows):
    """What the attack takes from the honest agents in each world, coins."""
    honest, attacked = (rows[rows.side == side].sort_values("seed").honest_welfare.to_numpy() for side in ("honest", "attacked"))
    return honest - attacked


losses = [mean_interval(taken(lawless[lawless.share == share])) for share in SHARES]
pd.DataFrame(losses, index=pd.Index(SHARES, name="share"))[["mean", "low", "high"]].astype(float).round(0)

# %% [markdown]
# **Check yourself.** Compare that with `attacker_profit` in the table above, of the attackers and of their twins. The attack
# takes far more from the honest than it brings to the attackers. Where does the rest go? (Nobody has it. A job that is not
# done is a value that does not come into being, and a client who has learned that a cheap provider is a cheat hires a dearer
# one.)
#
# ## Two defences
#
# A **defence** is a rule of the contract for everybody. Nobody in the market knows who is an attacker, and no rule asks.
#
# - `dispute`: an arbiter finds out bad work in nine disputes of ten, and the client gets its money back.
# - `stake`: a provider pledges 60 coins behind each job, and loses them if a dispute is upheld. Half goes to the client, half
#   is burned.
#
# Each defence costs something. Even honest work fails once in twenty jobs, and then an honest provider loses its stake like a
# cheat. So there are two numbers: what a defence **saves** when a quarter of the providers attack, and its **price** where
# nobody does. With `defence=...`, `sim.run` plays every world with it and without.

# %%
CHOICES = [["stake"], ["dispute"], ["stake", "dispute"]]


def apart_from(names):
    """The small market without the parameters that these defences set."""
    theirs = {parameter for name in names for parameter in DEFENCES["service_market"][name].on}
    return {parameter: value for parameter, value in small.items() if parameter not in theirs}


def part(rows, side, *, defended):
    """Honest welfare in each world, with the defences or without."""
    mine = rows[(rows.side == side) & ((rows.defence != "none") == defended)]
    return mine.sort_values("seed").honest_welfare.to_numpy()


found = {}
for names in CHOICES:
    attacked = sim.run("service_market", attack={"shirker": 0.25}, defence=names, **apart_from(names))
    nobody = sim.run("service_market", attack={"shirker": 0}, defence=names, **apart_from(names))
    without, with_it = (part(attacked, "honest", defended=d) - part(attacked, "attacked", defended=d) for d in (False, True))
    found[" and ".join(names)] = {
        "taken without": mean_interval(without),
        "taken with it": mean_interval(with_it),
        "saved": paired_difference(without, with_it),
        "price": paired_difference(part(nobody, "honest", defended=False), part(nobody, "honest", defended=True)),
    }
numbers = {row: {k: f"{x.mean:,.0f} ± {(x.high - x.low) / 2:,.0f}" for k, x in cells.items()} for row, cells in found.items()}
pd.DataFrame(numbers).T

# %% [markdown]
# All numbers are coins, with 95 % intervals over worlds. Read it row by row:
#
# - A stake alone saves nothing that can be told from chance: nobody takes it away, because no dispute is ever upheld. It
#   costs the fees of pledging it.
# - Disputes alone take a good part of the harm away. They give most clients their money back, and what is paid back is only
#   moved from one agent to another, so an honest market as a whole pays nothing for it.
# - Both together save most. They also have a price, paid in every market where nobody cheats: stakes burned for bad luck.

# %%
both = ["stake", "dispute"]
guarded = pd.concat([sim.run("service_market", attack={"shirker": share}, defence=both, **apart_from(both)) for share in SHARES])
guarded = guarded[guarded.defence != "none"]

figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
draw(axes, lawless, "honest", "attackers honest, no defence", color="#0072B2")
draw(axes, lawless, "attacked", "attacked, no defence", color="#D55E00")
draw(axes, guarded, "attacked", "attacked, stake and dispute", color="#009E73")
dress(axes)
axes.set_title(f"The same attack with two defences, {WORLDS} worlds")
plt.show()

# %%
guarded[guarded.side != "absent"].groupby(["side", "share"])[["attacker_profit"]].mean().unstack("share").round(0)

# %% [markdown]
# Between green and blue a gap is left: a small part of it is the price of the defences, the larger what the attack still
# takes. Is that a failure of the defences? Not quite. Look at the attackers' profit: the scripted shirker loses money now,
# and does not know it. It goes on cheating at a loss, and the work that was not done is gone, whoever gets the stake. A cheat
# who could *think* would stop. Or would it find a way round?
#
# ## An attacker that learns
#
# A script asks: does *this* attack still work? A learner asks what an attacker would ask: what is the best that I can do
# under these rules? We ask it in the smallest market in which the answer is known.
#
# There is one provider, and its price is $G = 40$ coins. Full effort costs it $e = 20$. Clients hire it in every tick and
# dispute everything, but the arbiter finds bad work only once in five times, $p = 0.2$. Behind each job lies a stake of $S$
# coins.
#
# - Whoever works honestly earns $G - e = 20$ coins a job, whatever the stake.
# - Whoever shirks earns $(1 - p)\, G - p\, S = 32 - 0.2\, S$.
#
# The two are equal at $S = e / p - G = 60$ coins. So below a stake of 60 coins shirking pays, and above honest work does. The
# learner knows none of this. It chooses an effort from 0 to 100 %, and gets its profit as a reward.

# %%
FOUND_OUT, EFFORT_COST = 0.2, 20
BUYERS, TICKS = 50, 5
TOUCHSTONE = {
    "clients": BUYERS,
    "providers": 1,
    "services": 1,
    "horizon": TICKS,
    "need_bps": 10_000,  # everybody needs something in every tick
    "cost_low": 0,
    "cost_high": 0,
    "effort_cost": EFFORT_COST * COIN,
    "skill_low_bps": 10_000,
    "capacity_low": BUYERS,
    "capacity_high": BUYERS,
    "reliability_bps": 10_000,  # no bad luck: full effort is always good work
    "provider_balance": 10**6 * COIN,
    "arbiter_bps": round(FOUND_OUT * 10_000),
    "slash_bps": 10_000,
    "base_fee": 0,
    "fee_quotient": 0,
    "gas_limit": 2**30,
}


def disputing(view, memory, dice):
    """Hires whoever is there, and disputes every delivery."""
    return {"hire": 0, "answer": 2}


# %% [markdown]
# A `Hunt` says what is searched for: the best that the agents of an attack can do, here with their effort alone
# (`fields=("effort_bps",)`). Everything else stays as the script `shirker` has it; its price is 40 coins, because it has no
# rival. PPO first learns to do what the script does, for that earns more than the script's twin, who sells at 24 coins. Then
# it looks for something better. It trains in some worlds and is measured in others.
#
# An episode is so short that later money need not count less, so there is no discounting. We train one learner for each of
# four stakes. This takes half a minute.

# %%
from sim.attack.trained import Hunt, outcome_of, train_attacker

SHORT_EPISODES = {
    "gamma": 1.0,
    "gae_lambda": 1.0,
    "n_steps": 12,  # ticks of an episode
    "batch_size": 768,
    "learning_rate": "lin_3e-3",
    "policy_kwargs": {"log_std_init": 0.0},  # it begins at one end of the range, and has to try far away from it
}
STAKES = [15, 45, 75, 105]


def learn(stake, steps=48_000, seed=1_000):
    """Train one attacker behind a stake, in coins; its curve of profits per job, and the effort at its end."""
    hunt = Hunt(
        scenario=market,
        preset="minimal",
        given=TOUCHSTONE | {"min_stake": stake * COIN},
        policies={"client": disputing},
        attack="shirker",
        share=1.0,
        steps=steps,
        held_out=tuple(range(20)),
        fields=("effort_bps",),
    )
    found = train_attacker(hunt, seed, **SHORT_EPISODES)
    work = outcome_of(hunt, policy=found.policy).providers
    effort = work["cost"].sum() / work["jobs"].sum() / (EFFORT_COST * COIN)
    return found.steps, found.profits.mean(axis=1) / (BUYERS * TICKS), effort


learned = {stake: learn(stake) for stake in STAKES}
pd.DataFrame(
    {
        "stake, coins": STAKES,
        "shirking earns": [32 - FOUND_OUT * stake for stake in STAKES],
        "honest work earns": 20,
        "learner earns": [profits[-1] for _, profits, _ in learned.values()],
        "its effort, %": [100 * effort for _, _, effort in learned.values()],
    }
).round(1).set_index("stake, coins")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
for (stake, (steps, profits, _)), colour in zip(learned.items(), ("#0072B2", "#56B4E9", "#E69F00", "#D55E00"), strict=True):
    left.plot(steps, profits, "o-", markersize=3.5, color=colour, label=f"stake {stake}")
left.axhline(20, color="#555555", linestyle="--", linewidth=1, label="honest work")
left.set_title("What the learner earns, while it learns")
left.set_xlabel("agent-steps of training")
left.xaxis.set_major_formatter("{x:,.0f}")
left.set_ylabel("profit per job, coins")
left.legend(frameon=False, fontsize=8, ncols=2)
right.axvline(60, color="#555555", linestyle="--", linewidth=1)
right.annotate("closed form: 60", (60, 0.5), (5, 0), textcoords="offset points", color="#555555")
right.plot(STAKES, [effort for _, _, effort in learned.values()], "o", color="#0072B2", markersize=8)
right.yaxis.set_major_formatter(PercentFormatter(1))
right.set_ylim(-0.05, 1.05)
right.set_title("How hard it works in the end")
right.set_xlabel("stake behind each job, coins")
right.set_ylabel("effort")
for axes in (left, right):
    axes.grid(color="#E6E6E6")
plt.show()

# %%
assert learned[15][2] < 0.5 < learned[105][2]

# %% [markdown]
# Look at the stake of 45 coins. Somebody who tests it with the script alone sees the cheat's profit fall, from 32 coins
# without a stake to 23 with it, and may be content. But 23 is still more than the 20 of honest work, so whoever chooses will
# cheat. The rule takes some money from cheats and stops none. At 105 coins the same learner, who began as a cheat, becomes
# honest. Nobody told it to. Honest work is simply the best answer to that rule.
#
# The figures of the learners are means of 20 worlds, in which luck moves them by a few tenths of a coin. At 75 coins a job
# shirked earns 17 and an honest one 20. The difference is small beside the luck of being found out, so the learner climbs
# slowly. If its effort is not at 100 % in your run, it has not arrived yet; it is not a proof that something in between is
# best.
#
# ## What you may conclude
#
# - In this market, with these clients, shirkers take from honest agents what the intervals say, and stake and dispute
#   together take most of that harm away. With 30 worlds that is known to within the intervals and no better.
# - A defence must be judged by the best answer to it. Here the learner ended on the side that the closed form says, at each
#   of four stakes.
#
# What you may *not* conclude:
#
# - That these defences stop other attacks. Try `whitewasher`, who comes back under a new name.
# - That a learner which finds nothing proves that there is nothing. It tried 48,000 steps with one seed. What it gains is a
#   *lower bound* on what can be gained. Below the threshold ours even began at the best answer, so it had only to stay there.
#   (The tests of LedgerLab begin in the middle, try three settings, and measure on both sides of the threshold.)
# - That one training is a result. Another seed may be faster or slower; an interval over trainings needs several.
#
# `ledgerlab resilience service_market` does all of it at full size: every attack at every share, every defence alone and all
# together, attacks that stop, and attackers trained with several seeds, on one page with intervals and limitations.
#
# ## Try it
#
# - Which attack is worst here? Run the curve for `whitewasher` and `exit_scam`. Both need a longer `horizon`, and the first
#   needs `spare=16`: rows on the ledger for its new names. Which defence in `sim.attack.defences.DEFENCES` helps against
#   which?
# - Replace the clients: `policies={"client": "cheapest"}` trusts everybody, `"once_bitten"` never returns to who failed it,
#   `"thompson"` asks nobody's opinion. Who suffers least without any defence?
# - Make stakes hurt: give providers little money (`provider_balance=2_000 * COIN`). What is the price of the stake now, and
#   why?
# - Train at 75 coins with three other seeds: `learn(75, seed=1_001)`. How far apart do they end? Then give one of them
#   200,000 steps.
# - Let it search less widely: `"log_std_init": -1.5`. What does it find at 105 coins in as many steps? What would you have
#   concluded about that defence?
# - Set `"pay_caught": 1` in `TOUCHSTONE`: who is caught is paid all the same, and loses only the stake. Work out the new
#   threshold first ($e / p$), then look for it.
# - Write an attack of your own, as `agents/attacks/shirker.py` does it: one that is honest to most clients and cheats every
#   fifth. Do ratings find it?
