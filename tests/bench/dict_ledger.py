"""The baseline of the ledger: transfers over dicts, as one writes them in plain Python for speed.

The rules are those of `chain.block.admit` and `chain.contracts.token.transfer`, and so are the statuses, receipts and fees. Its
mempool knows no replacement, no capacity and nothing that waits for a lower base fee.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from chain.fees import next_base_fee
from chain.layout import MAX_PRICE, MAX_SUPPLY, NOBODY, Kind
from chain.status import Status

Transfer = tuple[int, int, int, int, int, int, int, int]
"""kind, sender, nonce, tip, max_fee, deadline, to, amount."""
Receipt = tuple[int, int, int, int, int, int, int]
"""kind, sender, nonce, status, fee, height, subject."""
Waiting = tuple[int, int, Transfer]
"""-tip, arrival, transaction: tuples that sort in the order of places."""

TRANSFER = int(Kind.TRANSFER)
GAS = {TRANSFER: 21}
OK, POOL_FULL, NO_SUCH_SENDER, BAD_NONCE = map(int, (Status.OK, Status.POOL_FULL, Status.NO_SUCH_SENDER, Status.BAD_NONCE))
BAD_TIP, BAD_MAX_FEE = map(int, (Status.BAD_TIP, Status.BAD_MAX_FEE))
CANNOT_PAY_FEE, EXPIRED = map(int, (Status.CANNOT_PAY_FEE, Status.EXPIRED))
UNKNOWN_KIND, BAD_AMOUNT = map(int, (Status.UNKNOWN_KIND, Status.BAD_AMOUNT))
NO_SUCH_ACCOUNT, INSUFFICIENT_BALANCE = map(int, (Status.NO_SUCH_ACCOUNT, Status.INSUFFICIENT_BALANCE))


class DictLedger:
    """Balances and nonces in dicts by address, receipts in a list."""

    def __init__(self, balances: Sequence[int], *, base_fee: int, fee_quotient: int, gas_limit: int, pool: int = 0) -> None:
        self.balances = dict(enumerate(balances))
        self.nonces = dict.fromkeys(self.balances, 0)
        self.base_fee, self.fee_quotient, self.gas_limit = base_fee, fee_quotient, gas_limit
        self.proposer = 0
        self.height = self.fees_burned = self.tips = 0
        self.receipts: list[Receipt] = []
        self.pool: list[Waiting] = []
        self.pool_size = pool

    def execute(self, block: Iterable[Transfer]) -> int:
        """Execute an ordered block until its gas is used up; returns how many transactions were taken."""
        balances, nonces, proposer, gas_by_kind = self.balances, self.nonces, self.proposer, GAS
        base_fee, gas_limit = self.base_fee, self.gas_limit
        height = self.height = self.height + 1
        gas_used = gas_spent = tips = 0
        receipts: list[Receipt] = []
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
        return len(receipts)

    def submit(self, transactions: Iterable[Transfer], arrivals: Iterable[int]) -> int:
        """Put transactions into the mempool, each with the arrival that was drawn for it."""
        balances, pool, size = self.balances, self.pool, self.pool_size
        put = pool.append
        for tx, arrival in zip(transactions, arrivals, strict=True):
            if len(pool) >= size:
                return POOL_FULL
            if tx[1] not in balances:
                return NO_SUCH_SENDER
            put((-tx[3], arrival, tx))
        return OK

    def seal(self) -> int:
        """Order the mempool by the least tip so far, then arrival, a sender's own by nonce; execute, keep what had no room."""
        queues: defaultdict[int, list[Waiting]] = defaultdict(list)
        for waiting in reversed(self.pool):
            queues[waiting[2][1]].append(waiting)
        for queue in queues.values():
            if len(queue) > 1:
                queue.sort(key=lambda waiting: waiting[2][2], reverse=True)
        places = []
        for queue in queues.values():
            least = 0
            for waiting in reversed(queue):
                least = waiting[0] if waiting is queue[-1] else max(least, waiting[0])
                places.append((least, waiting[1], waiting[2][1]))
        line = [queues[place[2]].pop() for place in sorted(places)]
        taken = self.execute([waiting[2] for waiting in line])
        self.pool = line[taken:]
        return taken
