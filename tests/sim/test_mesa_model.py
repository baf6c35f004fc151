"""The Mesa front: the same ledger bytes as the batch engine, agents in AgentSets, figures in a DataCollector."""

import mesa
import pytest

from agents.scripted.cheapest import Cheapest
from agents.scripted.cost_plus import CostPlus
from agents.scripted.random_choice import RandomChoice
from chain.errors import InputError
from sim.fronts.mesa_model import ClientAgent, MarketAgent, MesaModel, ProviderAgent, ServiceMarketModel
from sim.metrics import METRICS
from sim.scenarios import SCENARIOS
from sim.world import World
from tests.sim.worlds import play

POLICIES = {"client": "thompson", "provider": "undercutting"}


def run(model):
    while model.running:
        model.step()
    return model


@pytest.mark.parametrize("preset", ["minimal", "standard"])
@pytest.mark.parametrize("policies", [None, POLICIES], ids=["default", "learning"])
@pytest.mark.parametrize("seed", [0, 41])
def test_the_model_writes_the_same_ledger_as_the_batch_engine(preset, policies, seed):
    model = run(ServiceMarketModel(preset=preset, policies=policies, seed=seed, need_bps=5_000))
    batch, _ = play(policies, preset=preset, seeds=[seed + 1, seed], need_bps=5_000)
    assert model.world.digest() == batch.digest(1)


def test_it_stops_at_the_end_of_the_episode_and_stays_there():
    model = run(ServiceMarketModel(preset="minimal"))
    before = model.world.digest()
    model.step()
    assert model.world.tick == model.world.economy.ticks == 15
    assert len(model.datacollector.get_model_vars_dataframe()) == 15
    assert model.world.digest() == before


def test_model_figures_agree_with_the_metrics_of_the_run():
    model = run(ServiceMarketModel(preset="minimal", policies=POLICIES, seed=3))
    table = model.datacollector.get_model_vars_dataframe()
    _, outcome = play(POLICIES, seeds=[3])
    assert table["efficiency"].iloc[-1] == METRICS["efficiency"].of(outcome)[0]
    assert table["hires"].sum() == outcome.ticks["hires"].sum()
    assert (table["hires"] * table["mean_price"]).sum() == pytest.approx(outcome.ticks["price"].sum() / 1e6)
    assert table["refused"].sum() == model.world.economy.private.ticks["refused"].sum()
    assert table["base_fee"].iloc[-1] == model.world.economy.book.head[0, 0].base_fee


def test_agent_figures_are_those_of_the_ledger():
    model = run(ServiceMarketModel(preset="minimal", seed=3))
    table = model.datacollector.get_agent_vars_dataframe()
    last = table.xs(table.index.get_level_values("Step").max())
    balances = model.world.economy.book.accounts["balance"][0][:9]
    assert last["balance"].tolist() == balances.tolist()
    assert last["jobs"].iloc[:6].sum() == last["jobs"].iloc[6:].sum() == model.outcome.ticks["delivered"].sum() > 0


def test_agents_are_members_of_agent_sets_by_role():
    model = ServiceMarketModel(preset="minimal")
    assert isinstance(model, mesa.Model)
    assert [len(model.agents_by_type[kind]) for kind in (ClientAgent, ProviderAgent)] == [6, 3]
    assert model.agents.select(lambda agent: agent.role == "provider").get("name") == [6, 7, 8]


def test_an_agent_shows_its_view_and_its_account():
    model = ServiceMarketModel(preset="minimal", seed=1)
    for _ in range(4):
        model.step()
    head, accounts = model.world.economy.book.head[0, 0], model.world.economy.book.accounts[0]
    for agent in model.agents:
        assert agent.balance == accounts[agent.address].balance
        assert agent.ticks_left == 15 - 4
        assert agent.base_fee == head.base_fee
        assert type(agent.balance) is int
    provider = model.agents_by_type[ProviderAgent][0]
    assert provider.price == model.world.economy.book.offers[0][provider.address].price > 0
    assert provider.offers.shape == (16,)
    with pytest.raises(AttributeError, match="ClientAgent has no attribute 'cost'"):
        _ = model.agents_by_type[ClientAgent][0].cost


class Dear(ProviderAgent):
    """Asks a hundred coins, whatever the policy proposes."""

    def decide(self, view, proposed):
        return {"price": 100_000_000}


def test_an_agent_may_decide_for_itself():
    model = run(ServiceMarketModel(preset="minimal", seed=2, agents={"provider": Dear}))

    def dear(view, memory, dice):
        return {"price": 100_000_000}

    batch, _ = play({"provider": dear}, seeds=[2])
    assert model.world.digest() == batch.digest()


def test_one_agent_alone_may_decide_for_itself():
    model = ServiceMarketModel(preset="minimal", seed=2, policies={"client": "cheapest"})
    model.agents[0].decide = lambda view, proposed: {"hire": -1}
    run(model)
    assert model.agents[0].jobs == 0
    assert all(agent.jobs > 0 for agent in model.agents_by_type[ClientAgent][1:])


def test_an_agent_is_told_its_view_and_what_its_policy_proposes():
    seen = []

    class Watching(ClientAgent):
        def decide(self, view, proposed):
            seen.append((int(view.need), view["value"] > 0, proposed["hire"]))

    model = run(ServiceMarketModel(preset="minimal", seed=2, agents={"client": Watching}))
    assert len(seen) == 6 * 15
    assert all((need >= 0) == valued for need, valued, _ in seen)
    assert all(hire == -1 for need, _, hire in seen if need < 0)
    batch, _ = play(seeds=[2])
    assert model.world.digest() == batch.digest(), "None takes the proposal as it is"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "tiny"}, "preset: 'tiny' given"),
        ({"scenario": "market"}, "scenario: 'market' given"),
        ({"policies": {"client": "cheap"}}, "policy client=cheap: .*did you mean cheapest"),
        ({"agents": {"clients": MarketAgent}}, "agents: role 'clients' given"),
        ({"clints": 3}, "clints: no such parameter"),
        ({"seed": -1}, "seeds: -1 given"),
        ({"seed": 1.5}, "seeds: .*1.5.* given"),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_it(given, message):
    with pytest.raises(InputError, match=message):
        MesaModel(**{"scenario": "service_market", "preset": "minimal", **given})


def test_a_wrong_decision_is_an_error_that_names_the_field():
    class Wrong(ClientAgent):
        def decide(self, view, proposed):
            return {"hire": 99}

    model = ServiceMarketModel(preset="minimal", agents={"client": Wrong})
    with pytest.raises(InputError, match="action of client: hire is 99"):
        model.step()


def test_an_agent_can_not_forge_what_it_is_shown():
    class Forger(ClientAgent):
        def decide(self, view, proposed):
            view.need = 0

    with pytest.raises(ValueError, match="read-only"):
        ServiceMarketModel(preset="minimal", agents={"client": Forger}).step()


def test_agents_may_propose_in_any_order():
    """They see one frozen view, so turning the order round changes nothing."""

    class Choosy(ClientAgent):
        def decide(self, view, proposed):
            return {"limit": int(view.value) // 2}

    model = run(ServiceMarketModel(preset="minimal", seed=5, agents={"client": Choosy}))
    mirrored = ServiceMarketModel(preset="minimal", seed=5)
    while mirrored.running:
        actions = mirrored.world.actions()
        for agent in reversed(list(mirrored.agents_by_type[ClientAgent])):
            actions["client"][agent.row]["limit"] = int(agent.view.value) // 2
        mirrored.world.step(actions)
        mirrored.running = not mirrored.world.done
    assert model.world.digest() == mirrored.world.digest()


class Counting:
    """Plays a policy and counts how often it is asked."""

    def __init__(self, policy):
        self.policy, self.asked = policy, []

    def act(self, view, memory, dice):
        self.asked.append(view.size)
        return self.policy.act(view, memory, dice)


def test_a_thousand_agents_decide_in_three_calls_a_tick():
    first, second, third = Counting(Cheapest()), Counting(RandomChoice()), Counting(CostPlus())
    policies = {"client": {first: 500, second: 300}, "provider": third}
    model = ServiceMarketModel(preset="large", policies=policies, seed=1, collect=False)
    assert len(model.agents) == 1_000
    for _ in range(5):
        model.step()
    assert (first.asked, second.asked, third.asked) == ([500] * 5, [300] * 5, [200] * 5)
    named = ServiceMarketModel(preset="large", policies={"client": "cheapest:500+random:300"}, seed=1)
    for _ in range(5):
        named.step()
    assert named.world.digest() == model.world.digest()
    assert named.hires > 0


def test_collecting_figures_changes_nothing_and_can_be_left_out():
    loud, quiet = (run(ServiceMarketModel(preset="minimal", seed=3, collect=collect)) for collect in (True, False))
    assert loud.world.digest() == quiet.world.digest()
    assert len(quiet.datacollector.get_model_vars_dataframe()) == 0
    assert quiet.efficiency == loud.efficiency == loud.datacollector.get_model_vars_dataframe()["efficiency"].iloc[-1]


def test_the_efficiency_so_far_is_the_same_whenever_it_is_asked():
    often, seldom = (ServiceMarketModel(preset="minimal", seed=3, need_bps=6_000, collect=False) for _ in "12")
    while often.running:
        often.step()
        seldom.step()
        tick = often.world.tick
        outcome = often.outcome
        best = outcome.best.surplus[0, :tick].sum()
        realised = (outcome.ticks["value"] - outcome.ticks["cost"]).sum()
        assert often.efficiency == realised / best if best else True
    assert seldom.efficiency == often.efficiency


def test_an_agent_that_was_removed_decides_no_more():
    model = ServiceMarketModel(preset="minimal", seed=2)
    agent, asked = model.agents[0], []
    agent.decide = lambda view, proposed: asked.append(view.need)
    model.step()
    agent.remove()
    model.step()
    assert len(asked) == 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_a_model_with_the_figures_of_its_ledger(scenario):
    model = run(MesaModel(scenario, preset="minimal", seed=3))
    batch = World(SCENARIOS[scenario], SCENARIOS[scenario].settings("minimal", {}), seeds=[3])
    batch.play()
    assert model.world.digest() == batch.digest()
    assert {"base_fee", "refused"} <= set(model.datacollector.get_model_vars_dataframe())
    balances = model.datacollector.get_agent_vars_dataframe().loc[batch.tick]["balance"].tolist()
    assert balances == [int(model.world.economy.book.accounts[0, agent.address].balance) for agent in model.agents]
