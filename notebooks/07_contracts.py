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
# # 7. Contracts: write one, test it, deploy it
#
# A contract is a promise that executes itself: whoever deals with it knows beforehand what it will do, because it can do
# nothing else. In the lessons before we used contracts that others wrote. Here you write your own.
#
# In this lesson you
#
# 1. write a **contract** in thirty lines: neighbours pay for a garden together, or get their money back;
# 2. let a **state machine** attack it with random calls, and see it catch a mistake that reads well;
# 3. **deploy** it in a scenario of its own, and find out why the obvious contract leaves the garden unbuilt, and what a small
#    bonus changes;
# 4. look at a contract that millions use, a market maker, and **sandwich** a trade in it; then ask what that costs its victim,
#    and how to pay less.
#
# It takes about half an hour to read; all cells together run in about a minute once the rules are compiled.

# %%
from math import comb
from types import SimpleNamespace
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test
from hypothesis.stateful import rule as operation

from chain.accounts import can_pay, lock, release
from chain.block import admit, close_block, has_room, note, open_block, write_receipt
from chain.contracts.constant_product import CREDITS, MONEY, amount_out
from chain.deployments import exchange
from chain.genesis import found
from chain.invariants import violations
from chain.layout import ACCOUNT, HEAD, IDENTITY, NOBODY, RECEIPT, SIGNED, TRANSACTION, Kind, Records, record, records
from chain.ledger import Ledger
from chain.mempool import next_tick, reserve
from chain.ordering import line_up
from chain.rule import rule, world
from chain.sorting import scratch_for
from chain.status import Status
from sim.scenario import Column, Parameters, Role, Scenario, layout, number
from sim.world import World

# %% [markdown]
# ## 1. A contract in thirty lines
#
# The deal, in prose first, as every contract of this library begins:
#
# 1. An owner wants to build a garden that costs `goal`. It has put up a deposit: `bonus` for every account there is.
# 2. Until the block of the `deadline`, anybody **pledges** money. It leaves the balance and is held by the ledger.
# 3. Then, once, the contract **closes**. If pledges reach the goal, the owner gets them, and its deposit back: the garden is
#    built. If not, everybody gets the pledge back *and the bonus*, and the owner the rest of its deposit.
#
# Step 3 without a bonus is what crowdfunding sites do; the bonus is an idea of Alexander Tabarrok's ("The private provision of
# public goods via dominant assurance contracts", Public Choice 96, 1998), and it will matter.
#
# Storage comes next. A contract's state is a table of 64-bit integers with named columns: one record with what the deal is and
# where it stands, and one record for each account. Then the entry point. Conditions come first, and each has its reason to
# refuse; then come effects, and once they begin nothing can fail. That order is why no contract of this library ever has to
# undo anything.

# %%
PLEDGE = 200  # the number by which a transaction calls it

DEAL = record("owner", "goal", "deadline", "bonus", "raised", "pledgers", "closed")
PLEDGED = record("amount")


@rule
def pledge(book, tx):
    """Add `amount` to what the sender has pledged."""
    # Conditions
    deal = book.terms[0]
    if tx.amount <= 0:
        return Status.BAD_AMOUNT
    if deal.closed != 0:
        return Status.WRONG_PHASE
    if not can_pay(book.accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    lock(book.accounts, book.head[0], tx.sender, tx.amount)
    deal.raised += tx.amount
    if book.pledges[tx.sender].amount == 0:
        deal.pledgers += 1
    book.pledges[tx.sender].amount += tx.amount
    return Status.OK


@rule
def close(book):
    """At the end of the deadline's block: to the owner if the goal is reached, else back to everybody with a bonus."""
    head, deal = book.head[0], book.terms[0]
    if deal.closed != 0 or head.height < deal.deadline:
        return
    deal.closed = 1
    back = deal.bonus * book.accounts.size
    if deal.raised >= deal.goal:
        release(book.accounts, head, deal.owner, deal.raised + back)
        return
    release(book.accounts, head, deal.owner, back - deal.bonus * deal.pledgers)
    for address in range(book.accounts.size):
        if book.pledges[address].amount > 0:
            release(book.accounts, head, address, book.pledges[address].amount + deal.bonus)
            book.pledges[address].amount = 0


# %% [markdown]
# How to read it: `book` is the whole state of the ledger, one table per field; `tx` is the transaction, with its sender and its
# arguments. `lock` moves money from a balance into the ledger's keeping and `release` pays it out again; those two, with
# `transfer`, `burn` and `mint`, are the only ways in which money moves at all, so none can be lost by a slip of arithmetic in a
# contract. `close` belongs to nobody: the ledger calls it at the end of every block, since a deadline needs no one to ask.
#
# `@rule` compiles a function to machine code. The same source also runs interpreted, line by line, if you set
# `NUMBA_DISABLE_JIT=1` before Python starts; both give the same bytes, which is what the library's own tests make sure of.
#
# A contract needs a ledger to live on. That is a **deployment**: it names the tables (the *book*), says which entry point a
# transaction calls, and what a block does. Everything in `seal` but two lines is the same in every deployment: transactions
# are put in order, admitted (signature, nonce, fee), executed, and get their receipt.


# %%
class Book(NamedTuple):
    head: Records
    accounts: Records
    identities: Records
    pool: Records
    receipts: Records
    block: Records
    terms: Records
    pledges: Records


def blank(worlds, accounts, pool, *, recorded=False):
    core = (HEAD, 1), (ACCOUNT, accounts), (IDENTITY, accounts), (TRANSACTION, pool), (RECEIPT, pool), (SIGNED, 0)
    return Book(*(records(table, worlds, rows) for table, rows in (*core, (DEAL, 1), (PLEDGED, accounts))))


def deploy(pledge):
    """A deployment that runs this entry point."""

    @rule
    def seal(book, scratch):
        open_block(book.head)
        count = line_up(book.head, book.accounts, book.pool, book.receipts, scratch)
        for place in range(count):
            tx = book.pool[scratch.places[place]]
            if not has_room(book.head, tx):
                break
            note(book.head, book.block, tx)
            status = admit(book.head, book.accounts, tx)
            if status == Status.OK:
                status = pledge(book, tx) if tx.kind == PLEDGE else Status.UNKNOWN_KIND
            write_receipt(book.head, book.accounts, book.receipts, tx, status, NOBODY)
        close(book)
        close_block(book.head, book.pool)

    @rule
    def seal_worlds(book, scratch, first, stop):
        for w in range(first, stop):
            view = world(book, w)
            seal(view, scratch)
            next_tick(view.head[0])

    limits = {"owner": 2**31, "goal": 2**40, "deadline": 2**31, "bonus": 2**40}
    return SimpleNamespace(blank=blank, seal_worlds=seal_worlds, TERM_LIMITS=limits)


garden = deploy(pledge)
OWNER, ANN, BOB = 0, 1, 2


def planned(bonus=10, deployment=garden):
    """A ledger with the contract on it, and the owner's deposit in the ledger's keeping."""
    terms = {"owner": OWNER, "goal": 500, "deadline": 4, "bonus": bonus}
    ledger = Ledger(balances=[1_000, 1_000, 1_000], deployment=deployment, terms=terms, record=False)
    lock(ledger.book.accounts, ledger.book.head[0], OWNER, bonus * 3)
    return ledger


ledger = planned()
for sender, amount in ((ANN, 200), (BOB, 1_001), (BOB, 250), (ANN, -5)):
    ledger.submit(PLEDGE, sender, amount=amount)
    (receipt,) = ledger.seal()
    print(f"block {receipt.height}: {amount:5} pledged: {receipt.status.name:20} balances", [ledger.balance(a) for a in range(3)])

# %% [markdown]
# Bob could not pledge what he does not have, nobody pledges less than nothing, and each refusal left the balances as they
# were. Block 4 was the deadline: 450 of 500 had been pledged, so Ann and Bob got their pledges back, and 10 each for their
# trouble, out of the owner's deposit.
#
# ## 2. A state machine looks for mistakes
#
# We tried four transactions. What about the others? A **state machine** test makes up whole histories: it calls operations in
# random order with random arguments, checks after each what must always hold, and if that fails, it looks for the shortest
# history that fails. Hypothesis does it for us. What must hold here?
#
# - **Conservation:** no money is made or lost (`violations` checks that and more, for any book).
# - **Solvency:** while the deal is open, the ledger keeps exactly what was pledged and the deposit; afterwards, nothing.
# - **Refused is unchanged:** a refused transaction changes no balance.
# - **Deadlines release:** once the deadline has passed, the deal is closed, whoever did what.


# %%
class Garden(RuleBasedStateMachine):
    deployment, bonus = garden, 10

    def __init__(self):
        super().__init__()
        self.ledger = planned(self.bonus, self.deployment)

    @operation(sender=st.sampled_from([ANN, BOB]), amount=st.integers(-10, 1_100))
    def pledge(self, sender, amount):
        before = [self.ledger.balance(a) for a in range(3)]
        self.ledger.submit(PLEDGE, sender, amount=amount)
        (receipt,) = self.ledger.seal()
        if receipt.status != Status.OK and self.ledger.book.head[0].height != 4:
            assert [self.ledger.balance(a) for a in range(3)] == before

    @operation()
    def wait(self):
        self.ledger.seal()

    @invariant()
    def conservation(self):
        assert violations(self.ledger.batch) == []

    @invariant()
    def solvency(self):
        head, deal = self.ledger.book.head[0], self.ledger.book.terms[0]
        owed = self.ledger.book.pledges["amount"].sum() + 3 * self.bonus
        assert head.locked == (0 if deal.closed else owed)

    @invariant()
    def deadlines_release(self):
        assert self.ledger.book.terms[0].closed == (self.ledger.book.head[0].height >= 4)


often = settings(max_examples=100, stateful_step_count=8, deadline=None, database=None, derandomize=True)
run_state_machine_as_test(Garden, settings=often)
print("100 histories, and everything held after every step.")

# %% [markdown]
# Can such a test fail at all? Let us make a mistake that reads well: the number of pledgers goes up with *every* pledge, not
# only with an account's first. If everybody pledges once, nobody ever notices.


# %%
@rule
def careless(book, tx):
    """Add `amount` to what the sender has pledged."""
    # Conditions
    deal = book.terms[0]
    if tx.amount <= 0:
        return Status.BAD_AMOUNT
    if deal.closed != 0:
        return Status.WRONG_PHASE
    if not can_pay(book.accounts, tx.sender, tx.amount):
        return Status.INSUFFICIENT_BALANCE
    # Effects
    lock(book.accounts, book.head[0], tx.sender, tx.amount)
    deal.raised += tx.amount
    deal.pledgers += 1
    book.pledges[tx.sender].amount += tx.amount
    return Status.OK


Garden.deployment = deploy(careless)
try:
    run_state_machine_as_test(Garden, settings=often)
except AssertionError as error:
    print("\n".join(error.__notes__))

# %% [markdown]
# It found that one who pledges twice makes the owner lose a bonus that nobody gets: it stays in the ledger's keeping for ever,
# and *solvency* says so. And it threw away everything that does not matter: what is printed is the shortest history that fails.
# Every contract of the library has such a machine, and besides it a test that breaks each of its conditions and effects, one
# at a time, to see whether some test notices (`make mutants`).
#
# ## 3. Deployed in a scenario
#
# Now neighbours who decide. There are 20; each would gladly have the garden, for a value between 0 and 150 coins that only it
# knows. The goal is 500 coins, and a pledge is 50. All values together are 1,500 on average: three times the cost. Surely it
# will be built?
#
# A **scenario** says who takes part, what each sees and may do, and what happens in a tick. Ours has one role and one tick.
# What a neighbour sees and may do are declared columns with ranges and units: from these the library makes checks, spaces for
# learners and the text of `ledgerlab explain`. The **economy** behind it is a batch of worlds in one book. It has to do four
# things: `begin` an episode, `advance` one tick given everybody's actions, tell what each has gained so far, and tell the
# outcome. Agents never touch the ledger; their actions become transactions here, signed by their own accounts, and the block
# decides.

# %%
NEIGHBOURS, SHARE, GOAL, MOST = 20, 50, 500, 150


class GardenParameters(Parameters):
    bonus: int = number(0, 0, 1_000, "coins", "to whoever pledged, if the goal is missed")


NEIGHBOUR = Role(
    name="neighbour",
    about="pledges its share, or does not",
    policy="",
    view=(Column("value", 0, MOST, "coins", "of the garden to this neighbour; private"),),
    action=(Column("pledge", 0, 1, "1", "1: pledge the share"),),
)


class GardenEconomy:
    """Batches of gardens: account 0 is the owner, the neighbours follow."""

    ticks = 1

    def __init__(self, parameters, *, seeds, threads=1, **engine):
        self.parameters, self.seeds = parameters, np.atleast_1d(seeds)
        self.book = blank(self.seeds.size, NEIGHBOURS + 1, NEIGHBOURS)
        self.scratch = scratch_for(NEIGHBOURS, NEIGHBOURS + 1)
        self.names = {"neighbour": np.tile(np.arange(NEIGHBOURS), self.seeds.size)}
        self.views = {"neighbour": records(layout(NEIGHBOUR.view), self.seeds.size * NEIGHBOURS)}
        self.begin(0)

    def begin(self, episode, seeds=None):
        found(self.book, seeds=self.seeds, balances=[10**6] * (NEIGHBOURS + 1), episode=episode)
        bonus, terms = self.parameters.bonus, self.book.terms
        terms["goal"], terms["deadline"], terms["bonus"] = GOAL, 1, bonus
        for w, seed in enumerate(self.seeds):
            view = world(self.book, w)
            lock(view.accounts, view.head[0], OWNER, bonus * (NEIGHBOURS + 1))
            values = np.random.default_rng([int(seed), episode]).integers(0, MOST + 1, NEIGHBOURS)
            self.views["neighbour"]["value"].reshape(-1, NEIGHBOURS)[w] = values

    def advance(self, actions):
        for row in np.flatnonzero(actions["neighbour"]["pledge"]):
            w, neighbour = divmod(int(row), NEIGHBOURS)
            view = world(self.book, w)
            slot = reserve(view.head, view.accounts, view.pool, PLEDGE, 1 + neighbour, 0)
            view.pool[slot].amount = SHARE
        garden.seal_worlds(self.book, self.scratch, 0, self.seeds.size)

    def gains(self):
        money = self.book.accounts["balance"][:, 1:].reshape(-1) - 10**6
        return {"neighbour": money + self.views["neighbour"]["value"] * np.repeat(self.outcome(), NEIGHBOURS)}

    def outcome(self):
        """In which worlds the garden is built."""
        return self.book.terms["raised"][:, 0] >= GOAL


GARDENS = Scenario(
    name="garden", about="neighbours pay for a garden together", roles=(NEIGHBOUR,), parameters=GardenParameters,
    presets={"standard": {}}, build=GardenEconomy, metrics=(), tables=lambda outcome: {}, figures=(),
)  # fmt: skip

# %% [markdown]
# And a policy. A neighbour cannot know what the 19 others will do, but it can believe that each pledges with some probability
# $q$. Then the number of others who pledge is binomial, and there are three cases in which its own pledge matters:
#
# - exactly 9 others pledge: without it there is no garden; the pledge wins its **value**;
# - 9 others or more: the garden is built, and the pledge costs its **share**;
# - 8 or fewer: it gets the pledge back, and the **bonus**.
#
# It pledges if that is a gain. Neighbours begin with a belief, see how many pledged, and believe the average of all that they
# have seen (economists call it *fictitious play*). We play forty rounds of fifty gardens, each time with new values.


# %%
def chance(most, q):
    """Of at most so many of the 19 others to pledge."""
    return sum(comb(19, k) * q**k * (1 - q) ** (19 - k) for k in range(most + 1))


def gain_of_pledging(value, q, bonus):
    return value * (chance(9, q) - chance(8, q)) - SHARE * (1 - chance(8, q)) + bonus * chance(8, q)


def play(bonus, rounds=40, worlds=50, belief=0.5):
    """The share that pledged and the share of gardens that were built, round after round."""
    seen, pledged, built = [belief], [], []

    def neighbour(view, memory, dice):
        return {"pledge": gain_of_pledging(view["value"], np.mean(seen), bonus) > 0}

    gardens = World(GARDENS, GARDENS.settings("standard", {"bonus": bonus}), {"neighbour": neighbour}, seeds=np.arange(worlds))
    for episode in range(rounds):
        gardens.begin(episode)
        built.append(gardens.play().mean())
        pledged.append(gardens.economy.book.terms["raised"].mean() / (SHARE * NEIGHBOURS))
        seen.append(pledged[-1])
    return np.array(pledged), np.array(built)


def equilibrium(bonus):
    """The belief that comes true: found by halving, since who believes less pledges more."""
    low, high = 0.01, 0.99
    for _ in range(50):
        q = (low + high) / 2
        threshold = (SHARE * (1 - chance(8, q)) - bonus * chance(8, q)) / (chance(9, q) - chance(8, q))
        low, high = (q, high) if 1 - threshold / MOST > q else (low, q)
    return q


bonuses = [0, 10, 20, 40, 60, 100]
rounds = {bonus: play(bonus) for bonus in bonuses}

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), constrained_layout=True)
for colour, bonus in zip(("C3", "C0", "C2"), (0, 20, 100), strict=True):
    left.plot(np.arange(1, 41), rounds[bonus][0], color=colour, lw=1.5, label=f"bonus {bonus} coins")
    left.axhline(equilibrium(bonus), color=colour, ls="--", lw=1)
left.set(xlabel="round", ylabel="share that pledges", title="Beliefs that come true (dashed: equilibrium)", ylim=(0, 1))
left.legend()
late = {bonus: built[10:] for bonus, (_, built) in rounds.items()}
error = [1.96 * np.sqrt(late[b].mean() * (1 - late[b].mean()) / (50 * late[b].size)) for b in bonuses]
right.errorbar(bonuses, [late[b].mean() for b in bonuses], error, fmt="o", capsize=3, label="played, 95 % interval")
grid = np.linspace(0, 100, 60)
odds = [1 - sum(comb(20, k) * q**k * (1 - q) ** (20 - k) for k in range(10)) for q in map(equilibrium, grid)]
right.plot(grid, odds, color="C7", label="in equilibrium")
right.set(xlabel="bonus, coins", ylabel="share of gardens that are built", title="A bonus that is paid for failing", ylim=(0, 1))
right.legend()
plt.show()

# %% [markdown]
# At first beliefs overshoot: if all believe the garden is safe nobody pledges, and the other way round. Then they come true.
#
# Without a bonus about one garden in seven is built, although everybody would be better off with it: each hopes that the
# others will do. The bonus works against that from the other side. It makes pledging worth something exactly when too few
# pledge, so more do, and then it is paid out less and less often. Nobody is forced, nobody is deceived; ten lines of a contract
# changed what is sensible to do. That is what contracts are for, and why it is worth measuring them.
#
# ## 4. A sandwich, and its price
#
# Not every contract has such an author. The **market maker** of `chain/contracts/constant_product.py` is a pool of two assets
# that trades with everybody, so that the product of its reserves never falls. It is Uniswap's, to the last unit: the tests run
# both at the same time. Whoever trades with it names the least it will accept, because the price may move before the block
# comes.
#
# That is an invitation. Whoever **builds** the block sees all trades beforehand, and decides the order. Here the pool holds
# 1,000 coins and 1,000 credits, without a fee. A victim buys credits for 10 coins and accepts 1 % less than it was quoted. The
# builder buys first, which makes credits dearer; lets the victim buy; and sells again, to a pool that the victim has filled up.

# %%
COIN, VICTIM, BUILDER = 10**9, 1, 2


def pool(fee_bps=0):
    ledger = Ledger(balances=[2_000 * COIN] * 3, deployment=exchange, terms={"minter": 0, "fee_bps": fee_bps}, record=False)
    ledger.submit(Kind.CREDIT_MINT, 0, to=0, amount=1_000 * COIN)
    ledger.submit(Kind.ADD_LIQUIDITY, 0, amount=1_000 * COIN, stake=1_000 * COIN)
    ledger.seal()
    return ledger


def quoted(fee_bps, paid):
    ledger = pool(fee_bps)
    return int(amount_out(paid, ledger.book.terms[0].money, ledger.book.terms[0].credits, fee_bps))


def sandwich(front, slippage_bps=100, fee_bps=0, paid=10 * COIN):
    """Play it out: what the builder earns, what the victim gets, and what it would have got; coins."""
    ledger, fair = pool(fee_bps), quoted(fee_bps, paid)
    got = quoted(fee_bps, front) if front else 0
    ledger.submit(Kind.SWAP, VICTIM, subject=MONEY, amount=paid, count=fair * (10_000 - slippage_bps) // 10_000)
    ledger.submit(Kind.SWAP, BUILDER, subject=MONEY, amount=front)
    ledger.submit(Kind.SWAP, BUILDER, subject=CREDITS, amount=got)
    receipts = ledger.seal(builder=lambda waiting: [1, 0, 2])
    victim = int(ledger.book.credits[VICTIM].balance)
    earned = ledger.balance(BUILDER) - 2_000 * COIN
    return earned / COIN, victim / COIN, fair / COIN, receipts[1].status if front else receipts[0].status


def largest_front(**trade):
    """The most that the builder can buy first without the victim's trade being refused: found by trying."""
    low, high = 1, 500 * COIN
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sandwich(middle, **trade)[3] == Status.OK else (low, middle - 1)
    return low


front = largest_front()
earned, victim, fair, status = sandwich(front)
print(f"The builder buys for {front / COIN:.5f} coins first and earns {earned:.6f}.")
print(f"The victim gets {victim:.5f} credits, where it was quoted {fair:.5f}: all of its 1 %.")

# %% [markdown]
# 5.06288 and 0.10099 coins: both are also what algebra gives, but nobody needed it. The builder tried, on a copy of the
# ledger, what still goes through; anybody who can copy a ledger can search it.
#
# So the tolerance is the price. What does a sandwich earn if the victim allows more or less, or trades more or less? And what
# does the pool's fee of 0.3 % change, which the builder pays on both of its trades?

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), constrained_layout=True)
tolerances, sizes = [10, 25, 50, 75, 100, 150, 200, 300], [1, 2, 3, 4, 6, 8, 10, 12]
for fee_bps, colour in ((0, "C3"), (30, "C0")):
    label = f"fee {fee_bps / 100:g} %"
    earned = [sandwich(largest_front(slippage_bps=t, fee_bps=fee_bps), t, fee_bps)[0] for t in tolerances]
    left.plot(np.array(tolerances) / 100, earned, "o-", color=colour, label=label)
    trades = [{"fee_bps": fee_bps, "paid": size * COIN} for size in sizes]
    right.plot(sizes, [sandwich(largest_front(**trade), **trade)[0] for trade in trades], "o-", color=colour, label=label)
left.set(xlabel="what the victim tolerates, % less than quoted", ylabel="the builder earns, coins")
left.set_title("A victim that pays 10 coins: the price of tolerance")
right.set(xlabel="what the victim pays, coins (the pool holds 1,000)", ylabel="the builder earns, coins")
right.set_title("A victim that tolerates 1 %: small trades are safe")
for axis in (left, right):
    axis.axhline(0, color="black", lw=0.8)
    axis.legend()
plt.show()

# %% [markdown]
# Every tolerance is taken, to the last unit. The fee does not stop that, it takes 0.3 % of what the builder buys and sells,
# here about 0.03 of 0.10 coins. But it protects the small: a victim moves the price by twice its share of the pool, the builder
# pays the fee twice, so a trade of less than 0.3 % of the pool is not worth a sandwich. A victim who tolerates nothing cannot be
# sandwiched at all; but then any honest trade before it makes its own fail.
#
# ## What to take with you
#
# - A contract is conditions, then effects. In that order nothing has to be undone, and a refusal is an answer, not an accident.
# - Random histories find what examples do not, if you can say what must always hold. See each test fail once.
# - A contract is an incentive. What it does to people who think is a question that can be played out.
# - Whoever decides the order of a block can trade on it. A limit is the most that one can lose, and it will be lost.
#
# From here: README's table of contracts names for each its file, its truth and what it was compared with; `CONTRIBUTING.md`
# says how one becomes part of the library. `ledgerlab run exchange` runs a market on the pool, with traders, arbitrageurs and
# a builder who may play `sandwich`.
