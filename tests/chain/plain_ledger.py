"""A second ledger, slow and plain: dicts, lists and whole numbers of any size; no line of it is shared with `chain`.

Only the words are the ledger's: the names of kinds, statuses and orderings. It is what the fast ledger is compared with, block by
block. `go_over` gives up blocks for those of another branch, and what only these included waits again.
"""

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chain.layout import Kind, Ordering
from chain.status import Status
from tests.chain import plain_escrow
from tests.chain.plain_dice import arrival, tick_word
from tests.chain.plain_market import ENTRY_POINTS, LARGEST, MOST_MONEY, Row, State, Tx, settle

GAS = {"TRANSFER": 21, "REGISTER": 60, "BOND": 40, "UNBOND": 40, "WITHDRAW": 40, "POST": 50, "HIRE": 80, "DELIVER": 50}
GAS |= {"ACCEPT": 60, "DISPUTE": 90, "POST_PRICE": 50, "VOTE": 40}
GAS_OF = {int(Kind[name]): gas for name, gas in GAS.items()}
COUNTERS = ("minted", "burned", "locked", "fees_burned", "tips", "gas_used", "height")
PASSING = ("since", "arrival", "rank")
ABOUT_JOBS = (Kind.HIRE, Kind.DELIVER, Kind.ACCEPT, Kind.DISPUTE, Kind.VOTE)


class Receipt(NamedTuple):
    """What became of a transaction."""

    kind: int
    sender: int
    nonce: int
    status: int
    fee: int
    height: int
    subject: int


class Snapshot(NamedTuple):
    """What blocks had decided, and how many had been sealed in all."""

    state: State
    sealed: int


def transfer(state: State, tx: Tx) -> Status:
    """Move money between two accounts."""
    if not 0 <= tx["amount"] <= MOST_MONEY:
        return Status.BAD_AMOUNT
    if tx["to"] not in state.accounts:
        return Status.NO_SUCH_ACCOUNT
    if state.accounts[tx["sender"]]["balance"] < tx["amount"]:
        return Status.INSUFFICIENT_BALANCE
    state.accounts[tx["sender"]]["balance"] -= tx["amount"]
    state.accounts[tx["to"]]["balance"] += tx["amount"]
    return Status.OK


def register(state: State, tx: Tx) -> Status:
    """Open one more account of the same owner."""
    fee, sender = state.head["registration_fee"], state.accounts[tx["sender"]]
    if not 0 <= tx["amount"] <= MOST_MONEY - fee:
        return Status.BAD_AMOUNT
    if len(state.identities) == len(state.rows):
        return Status.NO_SPARE_ACCOUNT
    if sender["balance"] < fee + tx["amount"]:
        return Status.INSUFFICIENT_BALANCE
    state.burn(tx["sender"], fee)
    sender["balance"] -= tx["amount"]
    state.open_account(sender["owner"], tx["amount"])
    return Status.OK


MONEY = {Kind.TRANSFER: transfer, Kind.REGISTER: register}


def signature(tx: Tx) -> tuple[tuple[str, int], ...]:
    """What was signed."""
    return tuple(sorted((column, value) for column, value in tx.items() if column not in PASSING))


def is_sound(tx: Tx) -> bool:
    """Whether somebody could pay these fees."""
    return 0 <= tx["tip"] <= min(LARGEST, tx["max_fee"])


def outbids(new: Tx, old: Tx) -> bool:
    """Whether a later transaction with the same nonce takes the place: a tenth more of both, where no limit has no more."""
    if not (is_sound(new) and is_sound(old)):
        return is_sound(new)
    return all(new[c] >= min(old[c] + max(-(-old[c] // 10), 1), 2**62) for c in ("tip", "max_fee"))


class Sealed(NamedTuple):
    """A block that another node sealed."""

    tick: int
    proposer: int
    gas_limit: int
    transactions: Sequence[Row]


class PlainLedger:
    """One world: submit transactions, seal blocks."""

    def __init__(
        self,
        *,
        balances: Sequence[int],
        rows: Sequence[int],
        places: int,
        capacity: int,
        jobs: int = 0,
        terms: Row | None = None,
        escrow: Row | None = None,
        ordering: int = Ordering.TIP,
        proposer: int = 0,
        **head: int,
    ) -> None:
        """Found a ledger: `rows` are the addresses of all names, `head` the settings and the coordinates of its draws; `escrow`
        are the terms of the escrow with milestones, if that is to be deployed."""
        settings = {"seed": 0, "world": 0, "episode": 0, "base_fee": 0, "fee_quotient": 0, "gas_limit": 2**30}
        settings |= {"registration_fee": 0} | head | dict.fromkeys(COUNTERS, 0)
        self.state = State(settings, dict(terms or {}), list(rows), places=jobs, escrow=dict(escrow or {}))
        market = plain_escrow.ENTRY_POINTS if escrow else ENTRY_POINTS
        self.entry_points = MONEY | (market if jobs else {})
        for balance in balances:
            self.state.open_account(-1, balance)
        settings["minted"], settings["proposer"] = sum(balances), rows[proposer]
        self.places, self.capacity, self.ordering = places, capacity, ordering
        self.tick, self.key, self.dropped = 0, tick_word(settings, 0), 0
        self.pool: list[Tx] = []
        self.blocks: list[list[Tx]] = []
        self.receipts: list[Receipt] = []

    def submit(self, signed: Row) -> Status:
        """Put a transaction into the mempool."""
        if len(self.pool) == self.places:
            self.dropped += 1
            return Status.POOL_FULL
        if signed["sender"] not in self.state.accounts:
            return Status.NO_SUCH_SENDER
        name = self.state.accounts[signed["sender"]]["name"]
        self.pool.append(signed | {"since": self.tick, "arrival": arrival(self.key, name, signed["nonce"]), "rank": 0})
        return Status.OK

    def queues(self) -> dict[int, list[Tx]]:
        """What waits, by sender, in the order of nonces; senders in the order in which they were first heard."""
        out: dict[int, list[Tx]] = {}
        for tx in self.pool:
            out.setdefault(tx["sender"], []).append(tx)
        return {sender: sorted(queue, key=lambda tx: tx["nonce"]) for sender, queue in out.items()}

    def answer(self, tx: Tx, status: Status, fee: int = 0) -> None:
        """Give a receipt; the transaction waits no longer."""
        subject = tx["subject"] if status == Status.OK and tx["kind"] in ABOUT_JOBS else -1
        height = self.state.head["height"]
        self.receipts.append(Receipt(tx["kind"], tx["sender"], tx["nonce"], int(status), fee, height, subject))
        self.pool = [other for other in self.pool if other is not tx]

    def replace(self) -> None:
        """Of each sender's transactions with one nonce let one stay."""
        for queue in self.queues().values():
            stays = queue[0]
            for tx in queue[1:]:
                if tx["nonce"] != stays["nonce"]:
                    stays = tx
                elif outbids(tx, stays):
                    self.answer(stays, Status.REPLACED)
                    stays = tx
                else:
                    self.answer(tx, Status.UNDERPRICED)

    def account(self, sender: int) -> Row:
        """The account of a sender; an empty one if it was opened in a block that was given up."""
        return self.state.accounts.get(sender, {"nonce": 0, "balance": 0})

    def is_empty_promise(self, tx: Tx, turn: int, tip: int) -> bool:
        """Whether a transaction that would be its sender's so manyeth is one that nobody will be paid for."""
        sender, price = self.account(tx["sender"]), self.state.head["base_fee"] + max(tip, 0)
        return not is_sound(tx) or tx["nonce"] != sender["nonce"] + turn or GAS_OF.get(tx["kind"], 21) * price > sender["balance"]

    def line(self, queues: dict[int, list[Tx]], ordering: int, *, to_stay: bool = False) -> list[Tx]:
        """Who comes when: places by what the ordering compares, each sender's filled with its own in turn. Where places in the
        mempool are given, empty promises are worth less than anything."""
        places = []
        for sender, queue in queues.items():
            least: list[int] = []
            for turn, tx in enumerate(queue):
                least.append(min(tx["tip"], max(tx["max_fee"], -1) - self.state.head["base_fee"]))
                if to_stay and self.is_empty_promise(tx, turn, min(least)):
                    least = [-LARGEST - 1]
                first = {Ordering.TIP: -min(least), Ordering.BUILDER: tx["rank"]}.get(Ordering(ordering), 0)
                since = 0 if ordering == Ordering.RANDOM else tx["since"]
                places.append((first, since, tx["arrival"], sender))
        turns = {sender: iter(queue) for sender, queue in queues.items()}
        return [next(turns[sender]) for *_, sender in sorted(places)]

    def waits(self, tx: Tx) -> bool:
        """Whether a transaction is not for this block."""
        if self.ordering == Ordering.BUILDER and tx["rank"] < 0:
            return True
        used_up = tx["nonce"] < self.account(tx["sender"])["nonce"]
        return is_sound(tx) and tx["max_fee"] < self.state.head["base_fee"] and not used_up

    def line_up(self) -> list[Tx]:
        """Tidy the mempool; then the transactions for this block, in order of execution."""
        heard = list(self.queues())
        self.replace()
        queues = self.queues()
        last = self.line(queues, Ordering.TIP, to_stay=True)[self.capacity :]
        for tx in [tx for sender in heard for tx in queues[sender] if any(tx is other for other in last)]:
            self.answer(tx, Status.EVICTED)
            self.dropped += 1
        queues = {}
        for sender, queue in self.queues().items():
            stop = next((k for k, tx in enumerate(queue) if self.waits(tx)), len(queue))
            queues[sender] = queue[:stop]
            if self.ordering == Ordering.RANDOM:
                for tx in queues[sender]:
                    tx["arrival"] = arrival(self.key, self.state.rows.index(sender), tx["nonce"])
        return self.line(queues, self.ordering)

    def admit(self, tx: Tx, gas: int) -> tuple[Status, int]:
        """Take the fee and advance the nonce, or say why not; the fee."""
        head, sender = self.state.head, self.account(tx["sender"])
        tip = min(tx["tip"], tx["max_fee"] - head["base_fee"])
        fee = gas * (head["base_fee"] + tip)
        for status, refused in (
            (Status.NO_SUCH_SENDER, tx["sender"] not in self.state.accounts),
            (Status.BAD_NONCE, tx["nonce"] != sender["nonce"]),
            (Status.BAD_TIP, not 0 <= tx["tip"] <= LARGEST),
            (Status.BAD_MAX_FEE, tx["max_fee"] < max(tx["tip"], head["base_fee"])),
            (Status.TOO_MUCH_GAS, gas > head["gas_limit"]),
            (Status.CANNOT_PAY_FEE, sender["balance"] < fee),
        ):
            if refused:
                return status, 0
        sender["nonce"] += 1
        self.state.burn(tx["sender"], gas * head["base_fee"])
        sender["balance"] -= gas * tip
        self.state.accounts[head["proposer"]]["balance"] += gas * tip
        head["fees_burned"] += gas * head["base_fee"]
        head["tips"] += gas * tip
        head["gas_used"] += gas
        return (Status.EXPIRED if tx["deadline"] < head["height"] else Status.OK), fee

    def seal(self, rank: Callable[[Tx], int] = lambda tx: 0) -> list[Receipt]:
        """Execute one block, whose builder ranks what waits; then the clock goes on."""
        state, head = self.state, self.state.head
        head["height"] += 1
        head["gas_used"], self.receipts, block = 0, [], []
        for tx in self.pool:
            tx["rank"] = rank(tx)
        for tx in self.line_up():
            gas = GAS_OF.get(tx["kind"], 21)
            if head["gas_used"] + gas > head["gas_limit"] >= gas:
                break
            signed, (status, fee) = dict(tx), self.admit(tx, gas)
            if status == Status.OK or status >= Status.EXPIRED:
                block.append(signed)
            if status == Status.OK:
                state.tick = self.tick
                entry_point = self.entry_points.get(tx["kind"])
                status = entry_point(state, tx) if entry_point else Status.UNKNOWN_KIND
            self.answer(tx, status, fee)
        (plain_escrow.settle if state.escrow else settle)(state)
        self.blocks.append(block)
        head["base_fee"] = self.next_base_fee()
        self.tick += 1
        self.key = tick_word(head, self.tick)
        return self.receipts

    def next_base_fee(self) -> int:
        """EIP-1559, from the used gas of the block just executed."""
        head = self.state.head
        fee, target, quotient = head["base_fee"], head["gas_limit"] // 2, head["fee_quotient"]
        if not quotient or not target or head["gas_used"] == target:
            return fee
        if head["gas_used"] > target:
            return min(fee + max(fee * (head["gas_used"] - target) // target // quotient, 1), LARGEST)
        return fee - fee * (target - head["gas_used"]) // target // quotient

    def snapshot(self) -> Snapshot:
        """What blocks have decided so far. The mempool and the clock are no part of it."""
        return Snapshot(copy.deepcopy(self.state), len(self.blocks))

    def go_over(self, snapshot: Snapshot, branch: Sequence[Sealed]) -> None:
        """Give up the blocks since a snapshot and execute those of another branch in their place.

        What only the blocks given up included waits again, as if it were submitted now, before what waited already; what the
        other branch includes waits no longer. The clock goes on from the later of both.
        """
        orphaned = [tx for block in self.blocks[snapshot.sealed :] for tx in block]
        waiting, tick, dropped = self.pool, self.tick, self.dropped
        rules = self.ordering, self.capacity
        self.state = copy.deepcopy(snapshot.state)
        del self.blocks[snapshot.sealed :]
        for block in branch:
            self.tick, self.state.head["proposer"], self.state.head["gas_limit"] = block.tick, block.proposer, block.gas_limit
            self.pool = [signed | {"since": 0, "arrival": 0, "rank": 0} for signed in block.transactions]
            place = {signature(signed): k for k, signed in enumerate(block.transactions)}
            self.ordering, self.capacity = Ordering.BUILDER, len(self.pool)
            self.seal(lambda tx, place=place: place[signature(tx)])  # type: ignore[misc]
        self.ordering, self.capacity = rules
        self.tick = max(tick, branch[-1].tick + 1)
        self.key = tick_word(self.state.head, self.tick)
        included = {signature(tx) for block in branch for tx in block.transactions}
        names = {row: name for name, row in enumerate(self.state.rows)}
        for tx in orphaned:
            tx |= {"since": self.tick, "arrival": arrival(self.key, names[tx["sender"]], tx["nonce"]), "rank": 0}
        queue = [tx for tx in orphaned + waiting if signature(tx) not in included]
        self.pool, self.dropped = queue[: self.places], dropped + max(len(queue) - self.places, 0)
