"""The ledger of the Mesa market: accounts in lists, offers and jobs as objects, a method for each entry point."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

POST, HIRE, DELIVER, ACCEPT, DISPUTE = range(5)
GAS = (50, 80, 50, 60, 90)
WHOLE_BPS = 10_000
OK, BAD_NONCE, CANNOT_PAY_FEE, BAD_AMOUNT, NO_OFFER, PRICE_TOO_HIGH, NO_CAPACITY = range(7)
INSUFFICIENT_STAKE, INSUFFICIENT_BALANCE, NO_SUCH_JOB, NOT_YOUR_JOB, WRONG_PHASE, STAKE_TOO_SMALL = range(7, 13)
FUNDED, DELIVERED, PAID, CLOSED = range(4)
DELIVERY_WINDOW, DISPUTE_WINDOW, MIN_STAKE = 2, 2, 100
RELIABILITY, ARBITER, SLASH_BPS, NO_SHOW_BPS, COMPENSATION_BPS = 0.95, 0.8, 5_000, 2_500, 5_000
BASE_FEE, FEE_QUOTIENT = 1, 8


@dataclass(slots=True)
class Transaction:
    """A signed request; the mempool gives it its nonce and its arrival."""

    kind: int
    sender: int
    tip: int
    to: int = 0
    subject: int = 0
    amount: int = 0
    stake: int = 0
    count: int = 0
    bps: int = 0
    nonce: int = 0
    arrival: float = 0.0


@dataclass(slots=True)
class Offer:
    """A provider's standing offer, and the jobs it took in the block of `taken_height`."""

    provider: int
    service: int
    price: int
    stake: int
    capacity: int
    taken: int = 0
    taken_height: int = 0


@dataclass(slots=True)
class Job:
    """A hire in escrow: `due` is the last block in which its next step may happen."""

    client: int
    provider: int
    service: int
    price: int
    stake: int
    due: int
    phase: int = FUNDED
    quality_bps: int = 0


@dataclass(slots=True)
class Receipt:
    """What became of a transaction."""

    kind: int
    sender: int
    nonce: int
    status: int
    fee: int
    height: int


def place(tx: Transaction) -> tuple[int, float]:
    """Where a transaction stands in the block: by tip, then by arrival."""
    return -tx.tip, tx.arrival


class Market:
    """Money, stake, offers, jobs and ratings, with a mempool in front."""

    def __init__(self, random: Random, balances: Sequence[int], gas_limit: int) -> None:
        self.random = random
        self.balances, self.minted = list(balances), sum(balances)
        self.nonces, self.pending = [0] * len(balances), [0] * len(balances)
        self.bonded, self.locked_stake = [0] * len(balances), [0] * len(balances)
        self.rating_sums, self.ratings = [0] * len(balances), [0] * len(balances)
        self.height = self.escrow = self.burned = self.opened = 0
        self.base_fee, self.gas_limit, self.proposer = BASE_FEE, gas_limit, 0
        self.offers: dict[int, Offer] = {}
        self.jobs: dict[int, Job] = {}
        self.hired: defaultdict[int, list[int]] = defaultdict(list)
        self.delivered: defaultdict[int, list[int]] = defaultdict(list)
        self.pool: list[Transaction] = []
        self.receipts: list[Receipt] = []
        self.calls = (self.post, self.hire, self.deliver, self.accept, self.dispute)

    def bond(self, address: int, amount: int) -> None:
        """Put up stake."""
        self.balances[address] -= amount
        self.bonded[address] += amount

    def submit(self, tx: Transaction) -> None:
        """Put a transaction into the mempool, with the sender's next nonce and a drawn latency."""
        tx.nonce = self.nonces[tx.sender] + self.pending[tx.sender]
        tx.arrival = self.random.random()
        self.pending[tx.sender] += 1
        self.pool.append(tx)

    def line_up(self) -> list[Transaction]:
        """The mempool by tip, then arrival; a sender's own transactions by nonce."""
        line = sorted(self.pool, key=place)
        queues: dict[int, list[Transaction]] = {}
        for tx in reversed(self.pool):
            queues.setdefault(tx.sender, []).append(tx)
        return [queues[tx.sender].pop() for tx in line]

    def seal(self) -> None:
        """Execute one block and settle what is due."""
        self.height += 1
        gas_used, self.receipts = 0, []
        line = self.line_up()
        for tx in line:
            gas = GAS[tx.kind]
            if gas_used + gas > self.gas_limit:
                break
            fee, status = gas * (self.base_fee + tx.tip), OK
            if tx.nonce != self.nonces[tx.sender]:
                fee, status = 0, BAD_NONCE
            elif self.balances[tx.sender] < fee:
                fee, status = 0, CANNOT_PAY_FEE
            else:
                self.nonces[tx.sender] += 1
                self.balances[tx.sender] -= fee
                self.balances[self.proposer] += gas * tx.tip
                self.burned += gas * self.base_fee
                gas_used += gas
                status = self.calls[tx.kind](tx)
            self.pending[tx.sender] -= 1
            self.receipts.append(Receipt(tx.kind, tx.sender, tx.nonce, status, fee, self.height))
        self.pool = line[len(self.receipts) :]
        self.settle()
        target = self.gas_limit // 2
        self.base_fee = max(1, self.base_fee + self.base_fee * (gas_used - target) // target // FEE_QUOTIENT)

    def post(self, tx: Transaction) -> int:
        """Put up, or replace, the sender's offer."""
        if tx.amount < 0 or tx.count < 0:
            return BAD_AMOUNT
        if tx.stake < MIN_STAKE:
            return STAKE_TOO_SMALL
        self.offers[tx.sender] = Offer(tx.sender, tx.subject, tx.amount, tx.stake, tx.count)
        return OK

    def hire(self, tx: Transaction) -> int:
        """Lock the price of an offer, and the provider's stake for the job."""
        offer = self.offers.get(tx.to)
        if offer is None or offer.service != tx.subject:
            return NO_OFFER
        if offer.price > tx.amount:
            return PRICE_TOO_HIGH
        if offer.taken_height != self.height:
            offer.taken, offer.taken_height = 0, self.height
        if offer.taken >= offer.capacity:
            return NO_CAPACITY
        if self.bonded[tx.to] - self.locked_stake[tx.to] < offer.stake:
            return INSUFFICIENT_STAKE
        if self.balances[tx.sender] < offer.price:
            return INSUFFICIENT_BALANCE
        self.balances[tx.sender] -= offer.price
        self.escrow += offer.price
        self.locked_stake[tx.to] += offer.stake
        offer.taken += 1
        due = self.height + DELIVERY_WINDOW
        self.jobs[self.opened] = Job(tx.sender, tx.to, tx.subject, offer.price, offer.stake, due)
        self.hired[tx.to].append(self.opened)
        self.opened += 1
        return OK

    def deliver(self, tx: Transaction) -> int:
        """Hand over a job: good with probability effort × reliability."""
        job = self.jobs.get(tx.subject)
        if job is None:
            return NO_SUCH_JOB
        if job.provider != tx.sender:
            return NOT_YOUR_JOB
        if job.phase != FUNDED:
            return WRONG_PHASE
        if self.random.random() < RELIABILITY * tx.bps / WHOLE_BPS:
            job.quality_bps = WHOLE_BPS
        job.phase, job.due = DELIVERED, self.height + DISPUTE_WINDOW
        self.hired[tx.sender].remove(tx.subject)
        self.delivered[job.client].append(tx.subject)
        return OK

    def refuse_answer(self, tx: Transaction) -> int:
        """The conditions that accepting and disputing share."""
        job = self.jobs.get(tx.subject)
        if job is None:
            return NO_SUCH_JOB
        if job.client != tx.sender:
            return NOT_YOUR_JOB
        return OK if job.phase == DELIVERED else WRONG_PHASE

    def pay_out(self, number: int, job: Job, to: int, phase: int) -> None:
        """Release the escrow of a delivered job."""
        self.escrow -= job.price
        self.balances[to] += job.price
        job.phase = phase
        self.delivered[job.client].remove(number)

    def accept(self, tx: Transaction) -> int:
        """Pay the provider and rate it."""
        refusal = self.refuse_answer(tx)
        if refusal != OK:
            return refusal
        job = self.jobs[tx.subject]
        self.pay_out(tx.subject, job, job.provider, PAID)
        self.rate(job.provider, tx.bps)
        return OK

    def dispute(self, tx: Transaction) -> int:
        """Call the arbiter, and rate the provider."""
        refusal = self.refuse_answer(tx)
        if refusal != OK:
            return refusal
        job = self.jobs[tx.subject]
        self.rate(job.provider, tx.bps)
        if job.quality_bps < WHOLE_BPS and self.random.random() < ARBITER:
            self.pay_out(tx.subject, job, job.client, CLOSED)
            self.free_stake(job, SLASH_BPS)
            del self.jobs[tx.subject]
        else:
            self.pay_out(tx.subject, job, job.provider, PAID)
        return OK

    def rate(self, address: int, bps: int) -> None:
        """Add one rating."""
        self.rating_sums[address] += bps
        self.ratings[address] += 1

    def free_stake(self, job: Job, slash_bps: int) -> None:
        """Unlock the stake of a job; slash a part, of which the client gets its share."""
        slashed = job.stake * slash_bps // WHOLE_BPS
        compensation = slashed * COMPENSATION_BPS // WHOLE_BPS
        self.locked_stake[job.provider] -= job.stake
        self.bonded[job.provider] -= slashed
        self.balances[job.client] += compensation
        self.burned += slashed - compensation

    def settle(self) -> None:
        """Refund what was not delivered, pay what nobody answered, unlock the stake of old jobs."""
        closed = [number for number, job in self.jobs.items() if job.due <= self.height]
        for number in closed:
            job = self.jobs.pop(number)
            if job.phase == FUNDED:
                self.escrow -= job.price
                self.balances[job.client] += job.price
                self.hired[job.provider].remove(number)
            elif job.phase == DELIVERED:
                self.pay_out(number, job, job.provider, CLOSED)
            self.free_stake(job, NO_SHOW_BPS if job.phase == FUNDED else 0)

    def check(self) -> None:
        """Raise unless the books balance."""
        assert sum(self.balances) + self.escrow + sum(self.bonded) + self.burned == self.minted
