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
# # 6. The ledger: a history that can be proved
#
# In the lessons before, the ledger was the place where a market happens. Here we look under its floor. Why would anybody
# believe what a ledger says? Because every block vouches for all that came before it, because anybody can execute the whole
# history again, and because both can be done by somebody who trusts nobody.
#
# In this lesson you
#
# 1. follow **one transaction** from the moment it is signed to the block that holds it;
# 2. check a **proof by hand**, with nothing but a header and SHA-256;
# 3. **tamper** with a recorded ledger, once clumsily and once cleverly, and see both found;
# 4. build a block yourself, as a **builder** who puts her own transaction first;
# 5. watch the **fee market** find its level, and lose it;
# 6. pay somebody twice with the same coin: a **double spend**, beside its odds.
#
# It takes about half an hour to read; all cells together run in about a minute once the rules are compiled.

# %%
import hashlib
import tempfile
from pathlib import Path

import numpy as np
from IPython.display import Image, display

import sim
from chain.deployments import token
from chain.errors import TamperedError
from chain.history import chunks_of
from chain.layout import NO_LIMIT, Kind
from chain.ledger import Ledger
from chain.merkle import tree_hash
from chain.proof import verify
from chain.replay import audit

place = tempfile.TemporaryDirectory()
here = Path(place.name)  # what this lesson writes goes here, and the last cell removes it

# %% [markdown]
# ## 1. A transaction's life
#
# Four accounts with a thousand coins each, and nothing but money: the smallest deployment. Account 0 is the **proposer**,
# whoever builds the blocks and earns the tips. The base fee is 10 per gas, and a block has room for 84 gas: four transfers of
# 21.

# %%
ANN, BOB, EVE = 1, 2, 3
ledger = Ledger(balances=[0, 1_000_000, 1_000_000, 1_000_000], deployment=token, base_fee=10, fee_quotient=8, gas_limit=84)
ledger.submit(Kind.TRANSFER, ANN, to=BOB, amount=500, tip=2)
ledger.submit(Kind.TRANSFER, BOB, to=EVE, amount=300, tip=5)
ledger.submit(Kind.TRANSFER, EVE, to=ANN, amount=100, tip=3, max_fee=9)
for tx in ledger.waiting:
    limit = "any" if tx.max_fee == NO_LIMIT else tx.max_fee
    print(f"sender {tx.sender}  nonce {tx.nonce}  to {tx.to}  amount {tx.amount}  tip {tx.tip}  max_fee {limit}")

# %% [markdown]
# They wait in the **mempool**. What each will pay per gas is the base fee, which is burned, and a tip, which the proposer
# earns. Eve set a limit of 9 on both together: as long as the base fee is 10, nobody may include her transaction, however high
# her tip.
#
# Somebody who waits may change her mind: a transaction with the same nonce and at least a tenth more of everything takes the
# place of the old one. Ann raises her tip.

# %%
ledger.submit(Kind.TRANSFER, ANN, to=BOB, amount=500, tip=9, nonce=0)
for receipt in ledger.seal():
    print(f"sender {receipt.sender}  nonce {receipt.nonce}  {receipt.status.name:<9} fee {receipt.fee}")
print("waiting:", ledger.waiting.size, "  base fee of the next block:", ledger.view("head")[0].base_fee)

# %% [markdown]
# Ann's first transaction got a receipt too: `REPLACED`, and it cost nothing. Then her second came first, because it tips most.
# Bob followed. The block was exactly half full, so the base fee stays. Eve waits. After an empty block it is low enough for
# her:

# %%
while ledger.waiting.size:
    receipts = ledger.seal()
    print("height", ledger.height, " base fee", ledger.history.head.base_fee, [r.status.name for r in receipts])

# %% [markdown]
# ## 2. A proof, checked by hand
#
# Every block has a **header**. It names the block before by its hash, and holds three *roots*: of the transactions, of the
# receipts, and of the whole state after the block.

# %%
header = ledger.history.block(1).header
for name, value in header._asdict().items():
    print(f"{name:<18}", value.hex() if isinstance(value, bytes) else value)
print("hash              ", header.hash.hex())

# %% [markdown]
# Suppose you hold this header and nothing else; it is 184 bytes. Ann claims that she paid Bob 500 in this block. She sends a
# **proof**: the chunk of up to 32 transactions that holds hers, and the hashes beside the way from there to the root. Here
# there is only one chunk, so the way is empty, and the check is one line: hash a zero byte and the chunk. (The zero says *this
# is a leaf*; a pair of hashes is hashed behind a one. So nobody can sell a pair as a leaf. The tree is that of RFC 6962,
# Certificate Transparency.)

# %%
proof = ledger.prove("transactions", 0, height=1)
chunk = bytes.fromhex(proof.chunk)
print("hashed by hand:", hashlib.sha256(b"\0" + chunk).hexdigest())
print("in the header: ", header.transactions_root.hex())
sender, nonce, amount = np.frombuffer(chunk, "<i8").reshape(-1, 12)[0][[1, 2, 8]]
print("so account", sender, "with nonce", nonce, "paid", amount)

# %% [markdown]
# With a thousand accounts the state has sixteen chunks of 64 records, and the way has four steps, then two more from the table
# of accounts to the root over all tables. `verify` walks it. Ann proves her balance to somebody who holds the last header:

# %%
crowd = Ledger(balances=[1_000_000] * 1_000, deployment=token)
crowd.submit(Kind.TRANSFER, 700, to=701, amount=12_345)
crowd.seal()
proof = crowd.prove("accounts", 701)
print(len(proof.chunk) // 2, "bytes of records,", len(proof.path), "+", len(proof.way), "hashes")
print(verify(proof, crowd.history.head))
richer = proof._replace(
    chunk=proof.chunk.replace((1_012_345).to_bytes(8, "little").hex(), (9_999_999).to_bytes(8, "little").hex())
)
print(verify(richer, crowd.history.head))

# %% [markdown]
# The last line is the answer to a forged proof: it proves nothing. Whoever could find another chunk with the same hash could
# forge; nobody knows how.
#
# ## 3. A tampered ledger, caught
#
# `export` writes the whole history into a file: the state at the beginning, then block after block. An **audit** executes it
# again and compares everything. On a terminal that is `ledgerlab audit FILE`.

# %%
file = ledger.export(here / "first.ledger")
replayed = audit(file)
print(f"{file.stat().st_size:,} bytes, {replayed.transactions} transactions executed again; the last header is the same:")
print(replayed.history.head.hash == ledger.history.head.hash)

# %% [markdown]
# Now somebody changes one byte: the amount that Ann paid becomes a little more. Where is it? We look for the number 500.

# %%
content = bytearray(file.read_bytes())
content[content.index((500).to_bytes(8, "little"))] += 1
(here / "clumsy.ledger").write_bytes(content)
try:
    audit(here / "clumsy.ledger")
except TamperedError as error:
    print(error)

# %% [markdown]
# Found, and located: block, transaction and field. That was easy, since the file has a check for every row and column. A
# cleverer forger mends those checks, and all hashes after it: it is her file, she can write any header she likes. Here she
# makes a consistent history in which Bob paid no fee. All its hashes fit.


# %%
def forge(history, number, change):
    """Change the receipts of a block, and make every header from there on fit."""
    blocks = [block._replace(receipts=block.receipts.copy()) for block in history.blocks]
    change(blocks[number].receipts)
    for k in range(number, len(blocks)):
        root, parent = tree_hash(chunks_of(blocks[k].receipts)), blocks[k - 1].header.hash
        blocks[k] = blocks[k]._replace(header=blocks[k].header._replace(receipts_root=root, parent=parent))
    history.blocks = blocks


def no_fee_for_bob(receipts):
    receipts["fee"][1] = 0


copy = ledger.fork()
forge(copy.history, 1, no_fee_for_bob)
copy.export(here / "clever.ledger")
try:
    audit(here / "clever.ledger")
except TamperedError as error:
    print(error)

# %% [markdown]
# The hashes could not tell, but executing the block again did: with these rules Bob pays his fee. Only one thing remains to
# her: to write a history that *is* valid, with transactions that she signs herself. For that she would need the others' keys,
# or, as we see at the end, more computing power than all others. And whoever kept only the last header's hash would notice even
# then:

# %%
print("kept:  ", ledger.history.head.hash.hex())
print("forged:", copy.history.head.hash.hex())

# %% [markdown]
# ## 4. Whoever builds the block
#
# Normally the higher tip goes first. But whoever builds a block may order it as she likes, and leave out what she likes. A
# **builder** is a function: it sees what waits, and says what comes first, second and so on. The only rule that binds it is
# that a sender's own transactions keep their order.
#
# Ann and Bob both pay Eve, and there is room for one. Bob tips more. Eve builds the block, and does not like Bob.

# %%
small = Ledger(balances=[0, 1_000_000, 1_000_000, 1_000_000], deployment=token, base_fee=10, gas_limit=21)


def without_bob(waiting):
    return [place for place, tx in enumerate(waiting) if tx.sender != BOB]


for _ in range(3):
    small.submit(Kind.TRANSFER, ANN, to=EVE, amount=1, tip=1)
small.submit(Kind.TRANSFER, BOB, to=EVE, amount=1, tip=50)
for builder in (without_bob, without_bob, None):
    print([f"sender {r.sender}, nonce {r.nonce}: {r.status.name}" for r in small.seal(builder=builder)])

# %% [markdown]
# For two blocks Bob was **censored**. His transaction waited, and the first block that somebody else built took it. That costs
# a builder something, namely Bob's tip of 50 against Ann's of 1. Leaving out and putting oneself first (**front-running**) are
# things that rules allow; a later lesson asks what they are worth.
#
# ## 5. The fee market finds its level
#
# After every block the base fee moves by at most an eighth: up if more than half of the gas was used, down if less. Suppose
# that in every block 1,200 users want a transfer, each worth a different amount to its sender, uniform between 0 and V per
# gas. Each signs with `max_fee` at that value. So at a fee b the share 1 - b/V of them can pay, and the fee rests where these
# fill half a block. With N gas of demand and a target of T that is at **V (1 - T/N)**.
#
# Does it get there? Close to its level the fee behaves like a ball that is pushed back, by (N/T - 1)/8 of how far it is off.
# Pushed by less than twice that distance, it comes to rest; by more, it overshoots further each time. So it should settle while
# N/T is below 17, and swing for ever above. `ledgerlab reproduce fee_market` plays that with accounts on the ledger.

# %%
folder = sim.reproduce("fee_market", out=here / "fees", demand_ratios=[4, 12, 16, 20], blocks=300, users=1_200, worlds=4)
display(Image(folder / "fees.png"))

# %% [markdown]
# At 4 it glides to its level, at 12 and 16 it swings less and less (noise keeps it moving a little), and at 20 full and nearly
# empty blocks take turns for ever: everybody pays too much or waits. The larger study is in `results/fee_market`.
#
# ## 6. A double spend
#
# What remains is the forger with computing power. **Nodes** hold a ledger each and send each other blocks. Who seals the next
# block is drawn, by computing power; and if two branches compete, every node follows the longer one. A node that goes over to
# another branch undoes its own blocks: their transactions return to the mempool, and those that contradict the new branch are
# refused.
#
# Bob sells a car. Ann pays him on the public ledger, and at the same time prepares, in secret, a branch in which she pays Eve
# with the same nonce instead.

# %%
public = Ledger(balances=[0, 1_000, 0, 0], deployment=token, finality=100)
secret = public.fork()
public.submit(Kind.TRANSFER, ANN, to=BOB, amount=1_000)
secret.submit(Kind.TRANSFER, ANN, to=EVE, amount=1_000)
public.seal()
secret.seal()
print("Bob sees", public.balance(BOB), "and hands over the car.")
secret.seal()  # by luck, Ann's branch is longer now
for block in secret.history.blocks[1:]:
    print(public.receive(block).name)
print("Bob has", public.balance(BOB), "and Eve", public.balance(EVE), "; in the mempool again:", public.waiting.size)
print([receipt.status.name for receipt in public.seal()])

# %% [markdown]
# Ann's payment to Bob came back into the mempool, and the next block refused it: its nonce is used up. The only protection is
# to wait until some blocks lie on top of the payment, so that Ann has to catch up with more. How much does that help? For an
# attacker with a share q of all computing power and n confirmations the answer was worked out in 2014 by Meni Rosenfeld. We
# play it out, a few hundred races of each kind, and read from Bob's balance who won.

# %%
folder = sim.reproduce("double_spend", out=here / "spend", shares=[0.1, 0.3], confirmations=[1, 2, 3, 4], trials=150)
display(Image(folder / "double_spend.png"))

# %% [markdown]
# The lines are the closed form, the points what happened, with 95 % intervals. At a tenth of the power three confirmations
# leave her less than two chances in a hundred; at 30 % many more are needed. (With half of the power she wins always, sooner or
# later: then the ledger is hers.) `results/double_spend` holds thousands of races.
#
# ## What to take with you
#
# - A header of 184 bytes vouches for everything before it; a proof is a chunk and a few hashes.
# - Hashes find what was changed; executing again finds what should never have been written. An audit does both.
# - Whoever builds a block decides the order, and that is a power that rules can only bound.
# - Fees are a feedback loop, and loops can swing. Finality is a matter of odds, and the odds have a formula.
#
# From here: `ledgerlab run service_market --ledgers` keeps the ledger of every world of a run; `ledgerlab inspect` shows what
# happened in it; `sim.ledger_frames` makes tables of it.

# %%
place.cleanup()
