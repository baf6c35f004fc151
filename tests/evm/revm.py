"""A real EVM (revm, by way of `pyrevm`) with contracts in it that are called by name."""

from typing import Any

import pyrevm
from eth_abi import decode, encode

from tests.evm.packages import Package, artifact

MAX_UINT = 2**256 - 1
ZERO = f"0x{0:040x}"
HASHER = bytes.fromhex("3660006000373660002060005260206000f3")
"""A contract in assembly: it returns the hash (Keccak-256) of what it is called with."""
_COPY = bytes.fromhex("60{0:02x}600c60003960{0:02x}6000f3".format(len(HASHER)))
"""Before a contract's code: the constructor that returns it."""


REFUSALS = ("Revert ", "Transaction(LackOfFund", "Halt { reason: InvalidFEOpcode")
"""How the EVM says that a contract has reverted, that a sender has too little Ether, and that an early compiler's check (as of a
divisor) has failed."""


class Refused(Exception):
    """The EVM has refused: a contract has, or the sender has too little Ether."""


def person(number: int) -> str:
    """The address of an account of ours; the zero address of none."""
    return f"0x{0x1000 + number:040x}" if number >= 0 else ZERO


class Machine:
    """An EVM with as many funded people."""

    def __init__(self, people: int, ether: int = 0) -> None:
        self.evm = pyrevm.EVM()
        for number in range(people):
            self.evm.insert_account_info(person(number), pyrevm.AccountInfo(balance=ether))
        self._hasher = self.evm.deploy(person(0), _COPY + HASHER)

    def call(self, sender: str, to: str, calldata: bytes, value: int = 0) -> bytes:
        """Call a contract; whatever the EVM does not execute is `Refused`, whatever it can not is an error."""
        try:
            return bytes(self.evm.message_call(sender, to, calldata, value))
        except RuntimeError as error:
            if not str(error).startswith(REFUSALS):
                raise
            raise Refused(str(error)) from None

    def selector(self, function: Any) -> bytes:
        """The first four bytes of the hash of a function's signature."""
        signature = f"{function['name']}({','.join(given['type'] for given in function['inputs'])})"
        return self.call(person(0), self._hasher, signature.encode())[:4]

    def deploy(self, package: Package, contract: str, *arguments: Any, sender: int = 0) -> "Contract":
        """Create a contract as its authors compiled it."""
        made = artifact(package, contract)
        types = [given["type"] for part in made["abi"] if part["type"] == "constructor" for given in part["inputs"]]
        code = bytes.fromhex(made["bytecode"].removeprefix("0x")) + encode(types, arguments)
        return Contract(self, self.evm.deploy(person(sender), code), made["abi"])


class Contract:
    """A contract at its address."""

    def __init__(self, machine: Machine, address: str, abi: Any) -> None:
        self.machine, self.address = machine, address
        self._functions = {
            part["name"]: (machine.selector(part), *([x["type"] for x in part[side]] for side in ("inputs", "outputs")))
            for part in abi
            if part["type"] == "function"
        }

    def data(self, function: str, *arguments: Any) -> bytes:
        """What the EVM is given to call a function: its selector and its arguments."""
        selector, inputs, _ = self._functions[function]
        return selector + encode(inputs, arguments)

    def call(self, sender: int, function: str, *arguments: Any, value: int = 0) -> Any:
        """Call a function in the name of a person; what it returns.

        Raises:
            Refused: the contract reverts.
        """
        answer = self.machine.call(person(sender), self.address, self.data(function, *arguments), value)
        values = decode(self._functions[function][2], answer)
        return values[0] if len(values) == 1 else values

    def accepts(self, sender: int, function: str, *arguments: Any, value: int = 0) -> bool:
        """Call a function; whether it was accepted."""
        try:
            self.call(sender, function, *arguments, value=value)
        except Refused:
            return False
        return True
