"""The baseline of the ledger: transfers over dicts, as one writes them in plain Python for speed.

The rules are those of `chain.block.admit` and `chain.contracts.token.transfer`, and so are the statuses, receipts and fees. Its
mempool replaces, evicts and orders by tip as `chain.mempool` says; it keeps one queue per sender while a block is built.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from chain.fees import next_base_fee
from chain.layout import MAX_PRICE, MAX_SUPPLY, NO_LIMIT, NOBODY, Kind
from chain.status import Status

Transfer = tuple[int, int, int, int, int, int, int, int]
"""kind, sender, nonce, tip, max_fee, deadline, to, amount."""
Receipt = tuple[int, int, int, int, int, int, int]
"""kind, sender, nonce, status, fee, height, subject."""
Waiting = tuple[int, int, int, Transfer]
"""-tip, height of submission, arrival, transaction: tuples that sort in the order of places."""
Queues = dict[int, list[Waiting]]
"""By sender, by nonce."""

TRANSFER = int(Kind.TRANSFER)
GAS = {TRANSFER: 21}
OK, POOL_FULL, NO_SUCH_SENDER, BAD_NONCE = map(int, (Status.OK, Status.POOL_FULL, Status.NO_SUCH_SENDER, Status.BAD_NONCE))
BAD_TIP, BAD_MAX_FEE = map(int, (Status.BAD_TIP, Status.BAD_MAX_FEE))
UNDERPRICED, REPLACED, EVICTED = map(int, (Status.UNDERPRICED, Status.REPLACED, Status.EVICTED))
CANNOT_PAY_FEE, EXPIRED = map(int, (Status.CANNOT_PAY_FEE, Status.EXPIRED))
UNKNOWN_KIND, BAD_AMOUNT = map(int, (Status.UNKNOWN_KIND, Status.BAD_AMOUNT))
NO_SUCH_ACCOUNT, INSUFFICIENT_BALANCE = map(int, (Status.NO_SUCH_ACCOUNT, Status.INSUFFICIENT_BALANCE))


def queues_of(pool: Iterable[Waiting]) -> Queues:
    """The queues of a mempool."""
    queues: Queues = {}
    for waiting in pool:
        sender = waiting[3][1]
        if sender in queues:
            queues[sender].append(waiting)
        else:
            queues[sender] = [waiting]
    for queue in queues.values():
        if len(queue) > 1:
            queue.sort(key=lambda waiting: waiting[3][2])
    return queues


def line_of(queues: Queues, base_fee: int) -> list[Waiting]:
    """All that is in the queues: by the least tip so far that is covered, then age and arrival, a sender's own by nonce."""
    places = []
    for sender, queue in queues.items():
        least = queue[0][0]
        for offer, since, arrival, tx in queue:
            lacking = base_fee - (tx[4] if tx[4] >= 0 else -1)
            if offer > least:
                least = offer
            if lacking > least:
                least = lacking
            places.append((least, since, arrival, sender))
    places.sort()
    return filled(places, queues)


def filled(places: list[tuple[int, int, int, int]], queues: Queues) -> list[Waiting]:
    """Each sender's places filled with its own in turn."""
    following = {sender: iter(queue) for sender, queue in queues.items()}
    return [next(following[place[3]]) for place in places]


def is_valid(tx: Transfer) -> bool:
    """Whether anybody can pay the tip and the limit."""
    return 0 <= tx[3] <= MAX_PRICE and tx[3] <= tx[4]


def is_raise(offer: int, before: int) -> bool:
    """Whether an offer is a tenth more."""
    return offer >= NO_LIMIT or offer >= before + max((before + 9) // 10, 1)


def replaces(new: Transfer, old: Transfer) -> bool:
    """Whether a transaction takes the place of an earlier one."""
    if not is_valid(new):
        return False
    return not is_valid(old) or (is_raise(new[3], old[3]) and is_raise(new[4], old[4]))


class DictLedger:
    """Balances and nonces in dicts by address, receipts in a list."""

    def __init__(
        self,
        balances: Sequence[int],
        *,
        base_fee: int,
        fee_quotient: int,
        gas_limit: int,
        pool: int = 0,
        capacity: int | None = None,
    ) -> None:
        self.balances = dict(enumerate(balances))
        self.nonces = dict.fromkeys(self.balances, 0)
        self.base_fee, self.fee_quotient, self.gas_limit = base_fee, fee_quotient, gas_limit
        self.proposer = 0
        self.height = self.fees_burned = self.tips = 0
        self.receipts: list[Receipt] = []
        self.pool: list[Waiting] = []
        self.pool_size, self.capacity = pool, pool if capacity is None else capacity

    def execute(self, block: Iterable[Transfer], dropped: Sequence[Receipt] = ()) -> int:
        """Execute an ordered block until its gas is used up; returns how many transactions were taken. Receipts of what the
        mempool dropped come first."""
        balances, nonces, proposer, gas_by_kind = self.balances, self.nonces, self.proposer, GAS
        base_fee, gas_limit = self.base_fee, self.gas_limit
        height = self.height = self.height + 1
        gas_used = gas_spent = tips = 0
        receipts = list(dropped)
        write = receipts.append
        for kind, sender, nonce, tip, max_fee, deadline, to, amount in block:
            gas = gas_by_kind.get(kind, 21)
            if gas_used + gas > gas_limit:
                break
            # Admission
            if sender not in balances:
                write((kind, sender, nonce, NO_SUCH_SENDER, 0, height, NOBODY))
                continue
            if nonce != nonces[sender]:
                write((kind, sender, nonce, BAD_NONCE, 0, height, NOBODY))
                continue
            if not 0 <= tip <= MAX_PRICE:
                write((kind, sender, nonce, BAD_TIP, 0, height, NOBODY))
                continue
            if max_fee < tip or max_fee < base_fee:
                write((kind, sender, nonce, BAD_MAX_FEE, 0, height, NOBODY))
                continue
            earned = gas * min(tip, max_fee - base_fee)
            fee = gas * base_fee + earned
            balance = balances[sender]
            if balance < fee:
                write((kind, sender, nonce, CANNOT_PAY_FEE, 0, height, NOBODY))
                continue
            nonces[sender] = nonce + 1
            balances[sender] = balance - fee
            if earned:
                balances[proposer] += earned
                tips += earned
            gas_used += gas
            gas_spent += gas
            # Execution
            if deadline < height:
                status = EXPIRED
            elif kind != TRANSFER:
                status = UNKNOWN_KIND
            elif not 0 <= amount <= MAX_SUPPLY:
                status = BAD_AMOUNT
            elif to not in balances:
                status = NO_SUCH_ACCOUNT
            elif balances[sender] < amount:
                status = INSUFFICIENT_BALANCE
            else:
                balances[sender] -= amount
                balances[to] += amount
                status = OK
            write((kind, sender, nonce, status, fee, height, NOBODY))
        self.receipts = receipts
        self.fees_burned += gas_spent * base_fee
        self.tips += tips
        self.base_fee = int(next_base_fee(base_fee, gas_limit, gas_used, self.fee_quotient))
        return len(receipts) - len(dropped)

    def submit(self, transactions: Iterable[Transfer], arrivals: Iterable[int]) -> int:
        """Put transactions into the mempool, each with the arrival that was drawn for it."""
        balances, pool, size, height = self.balances, self.pool, self.pool_size, self.height
        put = pool.append
        for tx, arrival in zip(transactions, arrivals, strict=True):
            if len(pool) >= size:
                return POOL_FULL
            if tx[1] not in balances:
                return NO_SUCH_SENDER
            put((-tx[3], height, arrival, tx))
        return OK

    def seal(self) -> int:
        """Tidy the mempool, order it, execute, and keep what had no room or waits for a lower base fee."""
        dropped: list[Receipt] = []
        queues = queues_of(self.pool)
        if any(len(queue) > 1 and has_twins(queue) for queue in queues.values()):
            queues = self.replace(queues, dropped)
        if len(self.pool) > self.capacity:
            queues = self.evict(queues, dropped)
        base_fee, nonces = self.base_fee, self.nonces
        if any(waiting[3][4] < base_fee for waiting in self.pool):
            for sender, queue in queues.items():
                for k, waiting in enumerate(queue):
                    tx = waiting[3]
                    if tx[4] < base_fee and is_valid(tx) and tx[2] >= nonces[sender]:
                        del queue[k:]
                        break
            queues = {sender: queue for sender, queue in queues.items() if queue}
        line = line_of(queues, base_fee)
        taken = self.execute([waiting[3] for waiting in line], dropped)
        self.forget(line[:taken])
        return taken

    def replace(self, queues: Queues, dropped: list[Receipt]) -> Queues:
        """Of each sender's transactions with one nonce let one stay, senders in the order in which they were first heard."""
        kept: Queues = {}
        gone = []
        for sender, queue in queues.items():
            stay = kept[sender] = queue[:1]
            for waiting in queue[1:]:
                if waiting[3][2] != stay[-1][3][2]:
                    stay.append(waiting)
                elif replaces(waiting[3], stay[-1][3]):
                    gone.append(stay[-1])
                    dropped.append(self.answer(stay[-1], REPLACED))
                    stay[-1] = waiting
                else:
                    gone.append(waiting)
                    dropped.append(self.answer(waiting, UNDERPRICED))
        self.forget(gone)
        return kept

    def evict(self, queues: Queues, dropped: list[Receipt]) -> Queues:
        """Drop what is last by tip; what will never be paid is worth less than any."""
        base_fee, places = self.base_fee, []
        for sender, queue in queues.items():
            least, nonce, balance = queue[0][0], self.nonces[sender], self.balances[sender]
            for offer, since, arrival, tx in queue:
                least = min(max(least, offer, base_fee - max(tx[4], -1)), MAX_PRICE + 1)
                if not (tx[2] == nonce and is_valid(tx) and balance >= GAS.get(tx[0], 21) * (base_fee + max(-least, 0))):
                    least = MAX_PRICE + 1
                places.append((least, since, arrival, sender))
                nonce += 1
        places.sort()
        last = set(map(id, filled(places, queues)[self.capacity :]))
        gone = [waiting for queue in queues.values() for waiting in queue if id(waiting) in last]
        dropped += [self.answer(waiting, EVICTED) for waiting in gone]
        self.forget(gone)
        return queues_of(self.pool)

    def answer(self, waiting: Waiting, status: int) -> Receipt:
        """The receipt of what is dropped."""
        tx = waiting[3]
        return tx[0], tx[1], tx[2], status, 0, self.height + 1, NOBODY

    def forget(self, done: list[Waiting]) -> None:
        """Take some out of the mempool; the others stay as they stand."""
        gone = set(map(id, done))
        self.pool = [waiting for waiting in self.pool if id(waiting) not in gone] if len(gone) < len(self.pool) else []


def has_twins(queue: list[Waiting]) -> bool:
    """Whether two have one nonce."""
    return any(a[3][2] == b[3][2] for a, b in pairwise(queue))
