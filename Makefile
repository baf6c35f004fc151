# LedgerLab: every command sets itself up. `make demo` and `make test` need only Python 3.11, git and make.
PYTHON ?= python3.11
# Where to take torch from, if not from your package index (others may name a CPU build here).
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
WORKERS ?= 2

.PHONY: setup demo test test-evm fast slow check bench mutants reference coverage policies resilience sweeps published clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): once, a few minutes (torch is large)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),) torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: $(STAMP)  ## Run the first economy and write its report
	$(BIN)/ledgerlab demo

test: check fast slow  ## Everything that must hold

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fast: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) -m "not slow and not evm" tests chain agents sim

slow: $(STAMP)
	$(BIN)/pytest -n $(WORKERS) -m slow tests

test-evm: $(STAMP)  ## Our rules beside bytecode that others wrote, on a real EVM (needs npm; a few minutes)
	@command -v npm > /dev/null || { echo "make test-evm: npm is not here, it comes with Node.js" >&2; exit 2; }
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[evm]"
	$(BIN)/pytest -n $(WORKERS) -m evm tests/evm

bench: $(STAMP)  ## Speed as ratios, measured side by side in one run
	-$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[evm]"  # where there is no wheel, without it
	$(BIN)/python -m tests.bench

MUTATE := $(BIN)/python -m tests.mutants
KILLERS := tests/chain/test_refusals.py tests/chain/test_exchange_invariants.py
mutants: $(STAMP)  ## Break two contracts in every condition and effect, one at a time, and see the tests notice (a quarter of an hour)
	WORKERS=$(WORKERS) $(MUTATE) chain/contracts/payee_escrow.py $(KILLERS) tests/chain/test_payee_escrow.py
	WORKERS=$(WORKERS) $(MUTATE) chain/contracts/fungible_token.py $(KILLERS) tests/chain/test_fungible_token.py

reference: $(STAMP)  ## Rebuild the committed reference table in results/
	$(BIN)/ledgerlab reference

coverage: $(STAMP)  ## Measure again how often the intervals cover the mean: results/coverage/ (seconds)
	$(BIN)/ledgerlab coverage

TRAIN := $(BIN)/ledgerlab train
policies: $(STAMP)  ## Train the policies anew that ship in results/policies/ (about ten minutes)
	rm -rf build/policies
	$(TRAIN) service_market --role provider --algo ppo --policy client=thompson --out build/policies/provider
	$(TRAIN) service_market --role client --algo maskable_ppo --steps 1_000_000 --policy provider=cost_plus:4+low_effort:4 --out build/policies/client
	$(TRAIN) posted_price --role seller --algo ppo --out build/policies/seller
	cp build/policies/provider/provider-ppo/policy.* results/policies/provider/ppo-standard/
	cp build/policies/client/client-maskable_ppo/policy.* results/policies/client/maskable_ppo-standard/
	cp build/policies/seller/seller-ppo/policy.* results/policies/seller/ppo-standard/
	cp build/policies/provider/learning_curve.png results/policies/provider-ppo-standard.png

resilience: $(STAMP)  ## Study again how well the market withstands attack: results/resilience/ (about twenty minutes)
	rm -rf build/resilience
	$(BIN)/ledgerlab resilience service_market --out build/resilience
	rm -rf results/resilience
	cp -r build/resilience results/resilience

sweeps: $(STAMP)  ## Run the committed sweep anew: results/sweeps/policies/ (seconds)
	rm -rf build/sweeps/policies
	$(BIN)/ledgerlab sweep policies --out build/sweeps/policies
	rm -rf results/sweeps/policies
	mkdir -p results/sweeps
	cp -r build/sweeps/policies results/sweeps/policies
	$(BIN)/ledgerlab report results/sweeps/policies
	rm results/sweeps/policies/report.html

published: $(STAMP)  ## Run the published results of the ledger itself anew: results/fee_market/, results/double_spend/ (about a quarter of an hour)
	rm -rf build/published
	$(BIN)/ledgerlab reproduce fee_market --out build/published/fee_market
	$(BIN)/ledgerlab reproduce double_spend --out build/published/double_spend
	rm -rf results/fee_market results/double_spend
	cp -r build/published/fee_market build/published/double_spend results

clean:
	rm -rf $(VENV) build *.egg-info
