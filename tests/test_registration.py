"""Nothing lies about unregistered: a policy, scenario, contract, metric or kind of transaction that is in no table fails here."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import agents.attacks
import agents.scripted
import chain.contracts
import chain.deployments
import chain.fees
import sim.metrics
import sim.scenarios
from agents.attacks.registry import ATTACKS
from agents.policy import memory_of
from agents.registry import POLICIES
from chain.contracts import service_escrow, service_market
from chain.fees import GAS, gas_of
from chain.invariants import violations
from chain.layout import OUTSIDE, Kind
from chain.ledger import Ledger
from chain.misplaced import misplaced
from chain.status import Status
from sim.metrics import METRICS
from sim.scenarios import SCENARIOS
from tests.chain.recordings import LIVELY

HOUSE = Path(__file__).parents[1]


def modules_of(package):
    """Every module or sub-package of a package, imported."""
    folder = Path(package.__path__[0])
    names = sorted(p.stem for p in folder.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file())
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names if name != "__init__"]


def made_in(module, *, kind):
    """What a module itself defines, without what it imports or hides."""
    return [x for n, x in vars(module).items() if kind(x) and x.__module__ == module.__name__ and not n.startswith("_")]


def contracts_of(deployment):
    """The contracts that a deployment's source imports, or that of a deployment that it is made of."""
    found = set()
    for node in ast.walk(ast.parse(inspect.getsource(deployment))):
        if isinstance(node, ast.ImportFrom) and node.module == "chain.contracts":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "chain.deployments":
            others = [importlib.import_module(f"chain.deployments.{alias.name}") for alias in node.names]
            found |= {contract.__name__.rpartition(".")[2] for other in others for contract in contracts_of(other)}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chain.contracts."):
            found.add(node.module.rpartition(".")[2])
    return {importlib.import_module(f"chain.contracts.{name}") for name in found}


CONTRACTS, DEPLOYMENTS = modules_of(chain.contracts), modules_of(chain.deployments)


@pytest.mark.parametrize("module", modules_of(agents.scripted), ids=lambda m: m.__name__)
def test_every_scripted_policy_is_in_the_registry(module):
    policies = [p for p in made_in(module, kind=inspect.isclass) if hasattr(p, "act")]
    registered = [factory for role in POLICIES.values() for factory in role.values()]
    assert policies, f"{module.__name__} defines no policy"
    assert [p.__name__ for p in policies if p not in registered] == []


def test_every_registered_policy_plays_a_role_of_some_scenario_and_can_be_made():
    roles = {role.name: role for scenario in SCENARIOS.values() for role in scenario.roles}
    for role, policies in POLICIES.items():
        assert role in roles
        for factory in policies.values():
            assert callable(factory().act)
            memory_of(factory())


ATTACK_FILES = [m for m in modules_of(agents.attacks) if m.__name__.rpartition(".")[2] not in ("attack", "registry")]


@pytest.mark.parametrize("module", ATTACK_FILES, ids=lambda m: m.__name__)
def test_every_attack_is_in_the_table_under_the_name_of_its_file(module):
    assert ATTACKS[module.ATTACK.name] is module.ATTACK
    assert module.__name__.endswith(f".{module.ATTACK.name}"), "its file has its name"


def test_every_attack_plays_roles_of_a_scenario_with_policies_of_its_file_and_a_registered_twin():
    for name, attack in ATTACKS.items():
        assert attack.name == name
        for role, policy in attack.policies.items():
            assert policy.__module__ == f"agents.attacks.{name}"
            assert callable(policy().act)
            assert attack.twin[role] in POLICIES[role].values()
            memory_of(policy())
            assert "Source: " in policy.__doc__


def test_the_setting_of_every_attack_is_one_of_the_service_market():
    for attack in ATTACKS.values():
        SCENARIOS["service_market"].settings("standard", dict(attack.setting))


def test_the_default_policy_of_every_role_is_registered():
    for scenario in SCENARIOS.values():
        assert [role.name for role in scenario.roles if role.policy not in POLICIES[role.name]] == []


@pytest.mark.parametrize("module", modules_of(sim.scenarios), ids=lambda m: m.__name__)
def test_every_scenario_is_in_the_table(module):
    assert SCENARIOS[module.SCENARIO.name] is module.SCENARIO
    assert module.__name__.endswith(module.SCENARIO.name), "its file has its name"


def test_every_scenario_has_the_three_presets_and_only_known_metrics():
    for scenario in SCENARIOS.values():
        assert {"minimal", "standard", "large"} <= set(scenario.presets)
        assert [name for name in scenario.metrics if name not in METRICS] == []
        for preset in scenario.presets:
            scenario.settings(preset, {})


def test_every_kind_of_transaction_has_exactly_one_entry_point_and_costs_gas():
    """But for those of the two escrows: which one a service market has, its book says."""
    offered = [kind for contract in CONTRACTS if contract is not service_escrow for kind in contract.ENTRY_POINTS]
    assert sorted(offered) == sorted(Kind)
    assert service_escrow.ENTRY_POINTS.keys() == service_market.ENTRY_POINTS.keys()
    assert [kind.name for kind in Kind if GAS[kind] <= 0 or gas_of(kind) != GAS[kind]] == []
    unset = [kind.name for kind in Kind if f"GAS[Kind.{kind.name}] = " not in inspect.getsource(chain.fees)]
    assert unset == [], "chain/fees.py says nothing of their gas"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda m: m.__name__)
def test_every_contract_is_deployed_somewhere(contract):
    deployed = any(contract in contracts_of(deployment) for deployment in DEPLOYMENTS)
    assert deployed, f"no file of chain/deployments imports {contract.__name__} and dispatches its kinds"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda m: m.__name__)
def test_every_entry_point_is_a_rule_of_its_contract_with_its_refusals_in_order(contract):
    for entry_point, refusals in contract.ENTRY_POINTS.values():
        assert getattr(contract, entry_point.__name__) is entry_point
        assert all(isinstance(status, Status) and status != Status.OK for status in refusals)
        assert len(set(refusals)) == len(refusals)


def test_every_deployment_is_found_by_its_name_so_that_its_ledgers_can_be_audited():
    files = [deployment.__name__.rpartition(".")[2] for deployment in DEPLOYMENTS]
    assert sorted(chain.deployments.NAMES) == files, "NAMES of chain/deployments/__init__.py are not its files"
    assert [chain.deployments.find(name) for name in files] == DEPLOYMENTS


def test_every_deployment_has_a_lively_ledger_on_which_audits_proofs_and_forks_are_tried():
    assert set(LIVELY) >= set(chain.deployments.NAMES), "LIVELY of tests/chain/recordings.py lacks a deployment"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda m: m.__name__)
def test_money_that_a_deployment_locks_for_nobody_breaks_an_invariant(deployment):
    ledger = Ledger(balances=[10, 0], deployment=deployment, record=False)
    assert violations(ledger.batch) == []
    ledger.book.accounts[0].balance, ledger.book.head[0].locked = 9, 1
    if any(hasattr(contract, "lock") for contract in contracts_of(deployment)):
        assert violations(ledger.batch), "chain/invariants.py does not say what is locked in this book"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda m: m.__name__)
def test_no_table_with_a_record_per_account_may_come_from_outside_too_short(deployment):
    accounts, book = 11, Ledger(balances=[10] * 11, deployment=deployment, record=False).batch
    tables = [name for name in book._fields if name not in OUTSIDE and getattr(book, name).shape[1] == accounts]
    assert misplaced(book) == []
    short = [name for name in tables if not misplaced(book._replace(**{name: getattr(book, name)[:, :-1]}))]
    assert short == [], "chain/misplaced.py has them not among the tables with a record per account"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda m: m.__name__)
def test_a_deployment_dispatches_the_kinds_of_its_contracts_and_no_others(deployment):
    kinds = {kind for contract in contracts_of(deployment) for kind in contract.ENTRY_POINTS}
    for kind in Kind:
        ledger = Ledger(balances=[10, 0], deployment=deployment)
        ledger.submit(kind, 0, to=1)
        (receipt,) = ledger.seal()
        assert (receipt.status != Status.UNKNOWN_KIND) == (kind in kinds), kind.name


NOT_METRICS = (
    "aggregates", "bootstrap", "contrasts", "coverage", "doubts", "effects", "outcome", "resilience", "statistics",
)  # fmt: skip
"""Files of `sim.metrics` that are about what metrics came to."""


@pytest.mark.parametrize("module", modules_of(sim.metrics), ids=lambda m: m.__name__)
def test_every_metric_is_in_the_table(module):
    """A metric maps an outcome to floats; what counts money in whole units is a part of one."""
    if module.__name__.rpartition(".")[2] in NOT_METRICS:
        return
    functions = [f for f in made_in(module, kind=inspect.isfunction) if list(inspect.signature(f).parameters) == ["outcome"]]
    metrics = [f for f in functions if "float64" in str(inspect.signature(f).return_annotation)]
    assert metrics, f"{module.__name__} defines no metric"
    assert [f.__name__ for f in metrics if METRICS.get(f.__name__, (None,))[0] is not f] == []


def test_every_metric_is_measured_by_some_scenario():
    measured = {name for scenario in SCENARIOS.values() for name in (*scenario.metrics, *scenario.attack_metrics)}
    assert sorted(set(METRICS) - measured) == []
