"""Uniswap's pair with two tokens of OpenZeppelin's, and what its router does with them in one transaction."""

from collections.abc import Callable

from chain.contracts.constant_product import CREDITS, MONEY
from tests.evm.packages import OPENZEPPELIN, UNISWAP, artifact
from tests.evm.revm import Contract, Machine, Refused, person

OWNER = 0


def require(holds: bool) -> None:
    """Revert unless this holds."""
    if not holds:
        raise Refused


class Router:
    """`UniswapV2Router02`'s arithmetic in whole numbers of any size, on the pair's own bytecode."""

    def __init__(self, people: int, money: list[int], credits: list[int]) -> None:
        self.machine = Machine(people)
        tokens = [self.machine.deploy(OPENZEPPELIN, "ERC20PresetMinterPauser", "Token", "T", sender=OWNER) for _ in range(2)]
        self.tokens = sorted(tokens, key=lambda token: int(token.address, 16))
        for token, amounts in zip(self.tokens, (money, credits), strict=True):
            for number, held in enumerate(amounts):
                token.call(OWNER, "mint", person(number), held)
        factory = self.machine.deploy(UNISWAP, "UniswapV2Factory", person(OWNER))
        address = factory.call(OWNER, "createPair", *(token.address for token in self.tokens))
        self.pair = Contract(self.machine, address, artifact(UNISWAP, "UniswapV2Pair")["abi"])
        self.refused_one_more = 0

    def reserves(self) -> tuple[int, int]:
        """Of money and credits."""
        money, credits, _ = self.pair.call(OWNER, "getReserves")
        return money, credits

    def accepts(self, action: Callable[..., None], *arguments: int) -> bool:
        """Whether an action goes through; if not, all is as it was."""
        checkpoint = self.machine.evm.snapshot()
        try:
            action(*arguments)
        except Refused:
            self.machine.evm.revert(checkpoint)
            return False
        self.machine.evm.commit()  # or checkpoints stack up, and the EVM takes their number for the depth of calls
        return True

    def swap(self, sender: int, asset: int, amount: int, least: int) -> None:
        """Pay an amount of an asset in; the pair refuses to give one unit more than `getAmountOut` says."""
        paid_in, paid_out = self.reserves()[:: 1 if asset == MONEY else -1]
        require(amount > 0 and paid_in > 0 and paid_out > 0)
        out = amount * 997 * paid_out // (paid_in * 1_000 + amount * 997)
        require(out >= least)
        self.tokens[asset].call(sender, "transfer", self.pair.address, amount)
        one_more = (out + 1, 0) if asset == CREDITS else (0, out + 1)
        assert not self.pair.accepts(sender, "swap", *one_more, person(sender), b"")
        self.refused_one_more += 1
        self.pair.call(sender, "swap", *((out, 0) if asset == CREDITS else (0, out)), person(sender), b"")

    def add(self, sender: int, money: int, credits: int, least: int) -> None:
        """Add the optimal amounts of at most so much of both."""
        reserves = self.reserves()
        if reserves != (0, 0):
            require(money > 0)
            optimal = money * reserves[1] // reserves[0]
            if optimal <= credits:
                credits = optimal
            else:
                require(credits > 0)
                money = credits * reserves[0] // reserves[1]
        self.tokens[0].call(sender, "transfer", self.pair.address, money)
        self.tokens[1].call(sender, "transfer", self.pair.address, credits)
        require(self.pair.call(sender, "mint", person(sender)) >= least)

    def remove(self, sender: int, shares: int, least_money: int, least_credits: int) -> None:
        """Give shares back."""
        self.pair.call(sender, "transfer", self.pair.address, shares)
        money, credits = self.pair.call(sender, "burn", person(sender))
        require(money >= least_money and credits >= least_credits)
