"""Agents of a user's own in the Mesa front: they join on a seat for guests, and trade as everybody else."""

import mesa
import pytest

from agents.scripted.cheapest import Cheapest
from chain.errors import InputError
from sim.fronts.mesa_model import ClientAgent, ProviderAgent, ServiceMarketModel
from sim.metrics import METRICS
from sim.seats import join
from tests.sim.test_mesa_model import run
from tests.sim.worlds import play, world


class Copying(mesa.Agent):
    """A guest that hires as the policy `cheapest` does."""

    def __init__(self, model):
        super().__init__(model)
        self.seat = model.join("client")
        self.steps = 0

    def step(self):
        self.steps += 1
        view = self.model.world.economy.views["client"][self.seat.row : self.seat.row + 1]
        self.seat.act(**Cheapest().act(view, None, None))


class Seller(mesa.Agent):
    """A guest that asks a tenth less than a job costs it; it leaves after a while."""

    def __init__(self, model, stays=10):
        super().__init__(model)
        self.seat, self.stays = model.join("provider"), stays

    def step(self):
        self.stays -= 1
        if self.stays < 0:
            self.seat.leave()
            self.remove()
        else:
            self.seat.act(price=int(self.seat.view.cost + self.seat.view.effort_cost) * 9 // 10)


def test_guests_join_as_plain_mesa_agents_and_trade():
    model = ServiceMarketModel(preset="minimal", seed=6, need_bps=9_000, client_guests=2, provider_guests=1)
    buyers, seller = [Copying(model), Copying(model)], Seller(model)
    run(model)
    assert [type(agent) for agent in model.agents] == [ClientAgent] * 6 + [ProviderAgent] * 3 + [Copying] * 2, "the seller left"
    assert [buyer.steps for buyer in buyers] == [15, 15]
    assert all(buyer.seat.gained > 0 for buyer in buyers)
    assert model.world.economy.private.providers[0, seller.seat.row].jobs > 0
    assert seller not in model.agents
    figures = model.datacollector.get_agent_vars_dataframe().loc[15]
    for buyer in buyers:
        assert figures.loc[buyer.unique_id, "balance"] == model.world.economy.book.accounts[0, buyer.seat.address].balance
        assert figures.loc[buyer.unique_id, "jobs"] == model.world.economy.private.clients[0, buyer.seat.row].jobs > 0
    assert model.efficiency == METRICS["efficiency"].of(model.outcome)[0] <= 1


def test_guests_write_the_same_ledger_in_mesa_as_without_it():
    model = ServiceMarketModel(preset="minimal", seed=4, need_bps=6_000, client_guests=2)
    bare = world(seeds=[4], need_bps=6_000, client_guests=2)
    seats = []
    while model.running:
        if model.world.tick == 3:
            _, _ = Copying(model), Copying(model)
            seats = [join(bare, "client"), join(bare, "client")]
        for seat in reversed(seats):
            seat.act(**Cheapest().act(bare.economy.views["client"][seat.row : seat.row + 1], None, None))
        model.step()
        bare.step()
    assert model.world.digest() == bare.digest()
    assert model.world.digest() != play(seeds=[4], need_bps=6_000, client_guests=2)[0].digest()


def test_guests_may_join_while_others_act_and_are_asked_from_the_next_tick_on():
    class Host(mesa.Agent):
        friend = None

        def step(self):
            if self.model.world.tick == 5:
                self.friend = Copying(self.model)

    model = ServiceMarketModel(preset="minimal", seed=4, client_guests=1)
    host = Host(model)
    run(model)
    assert host.friend.steps == 15 - 6


def test_a_model_without_a_free_seat_says_how_to_get_one():
    with pytest.raises(InputError, match=r"join: 0 seats for a guest who is a client, none of them free; .*client_guests"):
        Copying(ServiceMarketModel(preset="minimal"))
