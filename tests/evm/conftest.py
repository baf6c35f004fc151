"""Without an EVM there is nothing to import here; `make test-evm` sets up all that these tests need."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("pyrevm") and find_spec("eth_abi") else ["*.py"]
