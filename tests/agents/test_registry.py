"""Policies by name, from a file, or as they are; and what is said when they can not be had."""

import textwrap

import numpy as np
import pytest

from agents.registry import find
from agents.scripted.cheapest import Cheapest
from chain.errors import InputError
from tests.agents.views import ask, view
from tests.sim.worlds import play

FILE = """
    import numpy as np

    def bargain_hunter(view, memory, dice):
        '''Hires the cheapest offer, at no more than half of what it is worth.'''
        offers = view["offers"]
        price = np.where(offers["address"] >= 0, offers["price"], 2**62)
        return {"hire": np.where(price.min(axis=1) <= view["value"] // 2, price.argmin(axis=1), -1)}

    class Patient:
        memory = np.dtype([("ticks", "i8")])

        def act(self, view, memory, dice):
            memory["ticks"] += 1
            return {"hire": np.where(memory["ticks"] > 3, 0, -1)}

    answer = 42
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(FILE))
    return path


def bargain_hunter(view, memory, dice):
    offers = view["offers"]
    price = np.where(offers["address"] >= 0, offers["price"], 2**62)
    return {"hire": np.where(price.min(axis=1) <= view["value"] // 2, price.argmin(axis=1), -1)}


def test_a_policy_of_ten_lines_is_a_plain_function():
    label, policy = find("client", bargain_hunter)
    assert label == "bargain_hunter"
    assert ask(policy, view("client", [(7, 51), (8, 60)], value=100))["hire"].tolist() == [-1]
    assert ask(policy, view("client", [(7, 51), (8, 50)], value=100))["hire"].tolist() == [1]


def test_the_same_function_from_a_file_plays_the_same_market(file):
    label, policy = find("client", f"{file}:bargain_hunter")
    assert label == "mine.py:bargain_hunter"
    assert play({"client": policy}, seeds=[1])[0].digest() == play({"client": bargain_hunter}, seeds=[1])[0].digest()
    assert play({"client": bargain_hunter}, seeds=[1])[0].digest() != play({"client": "cheapest"}, seeds=[1])[0].digest()


def test_a_class_from_a_file_remembers(file):
    _, outcome = play({"client": f"{file}:Patient"}, seeds=[0], base_fee=0)
    assert outcome.ticks["hires"][0, :3].sum() == 0
    assert outcome.ticks["hires"][0, 3:].sum() > 0


def test_a_policy_is_taken_by_name_as_a_class_or_as_an_object():
    assert find("client", "cheapest") == ("cheapest", Cheapest())
    assert find("client", Cheapest) == find("client", Cheapest()) == ("Cheapest", Cheapest())


@pytest.mark.parametrize(
    ("role", "wanted", "message"),
    [
        ("client", "cheap", "policy client=cheap: no such policy.*; allowed .*random, cheapest, .*did you mean cheapest"),
        ("provider", "cheapest", "policy provider=cheapest: no such policy.*; allowed .*cost_plus"),
        ("client", "nowhere.py:buyer", "no Python file nowhere.py; allowed is path.py:name"),
        ("client", "mine.txt:buyer", "no Python file mine.txt"),
        ("client", 3, "policy client: int given, allowed is a name, path.py:name, or act"),
    ],
)
def test_a_policy_that_can_not_be_had_is_an_error_that_says_what_can(role, wanted, message):
    with pytest.raises(InputError, match=message):
        find(role, wanted)


def test_a_wrong_name_in_a_file_is_an_error_with_the_nearest_one(file):
    with pytest.raises(InputError, match=r"no such name in .*mine.py; allowed are .*did you mean bargain_hunter\?"):
        find("client", f"{file}:bargain_hunt")
    with pytest.raises(InputError, match=r"no such name in .*mine.py"):
        find("client", f"{file}:answer")


def test_a_file_that_can_not_be_imported_is_an_error_with_its_cause(tmp_path):
    (tmp_path / "broken.py").write_text("import nonexistent_module\n")
    with pytest.raises(InputError, match=r"broken.py can not be imported \(ModuleNotFoundError: No module named 'nonexistent"):
        find("client", f"{tmp_path / 'broken.py'}:anything")


@pytest.mark.parametrize(("kind", "act"), [("function", lambda view, memory, dice: {"hire": 0}), ("object", Cheapest())])
def test_functions_and_objects_are_both_asked(kind, act):
    assert ask(act, view("client", [(7, 5)], value=10))["hire"].tolist() == [0], kind
