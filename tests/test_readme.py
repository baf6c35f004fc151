"""The README's Python runs as it stands, with smaller numbers of worlds and steps, and so do the commands of its sweep."""

import re
import shlex
from pathlib import Path

import pytest

import sim
from sim.cli import main
from sim.experiments.spec import SPECS

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)
SMALLER = {"seeds=50": "seeds=3", "seeds=20": "seeds=3", "worlds=256": "worlds=8", "batch_size=2_560": "batch_size=80"}
SMALLER |= {"learn(200_000)": "learn(1_600)"}


def test_every_number_that_is_made_smaller_is_in_the_readme():
    assert [number for number in SMALLER if number not in "".join(BLOCKS)] == []


def test_the_spec_that_is_shown_is_the_one_that_ships():
    (shown,) = re.findall(r"```yaml\n(.*?)```", README, re.S)
    assert shown == (SPECS / "policies.yml").read_text()


@pytest.mark.slow
def test_the_commands_of_the_sweep_run_as_they_stand_with_fewer_seeds(monkeypatch, tmp_path, capsys):
    section = README.split("## A sweep, from spec to report\n")[1].split("\n## ")[0]
    lines = [line.removeprefix("ledgerlab ") for line in section.splitlines() if line.startswith("ledgerlab ")]
    commands = [shlex.split(line, comments=True) for line in lines]
    assert [words[0] for words in commands] == ["sweep", "report", "sweep", "query", "verify"]
    monkeypatch.chdir(tmp_path)
    said = {}
    for words in commands:
        fewer = ["--set", "seeds=3"] if words[0] == "sweep" else []
        assert main([*words, *fewer]) == 0, words
        said[words[0]] = capsys.readouterr().out
    assert (tmp_path / "results/clients" / "report.html").is_file()
    assert "thompson" in said["query"]
    assert "results/clients is what was written" in said["verify"]
    assert "2 cells executed again" in said["verify"]


@pytest.mark.slow
def test_the_blocks_run_one_after_another_and_learn_something(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for block in BLOCKS:
        for number, smaller in SMALLER.items():
            block = block.replace(number, smaller)
        exec(compile(block, "README.md", "exec"), names)
    assert names["rows"].efficiency.notna().all()
    assert sorted(sim.load(names["folder"]).min_stake.unique()) == [0, 20_000_000]
    assert set(names["table"].metric) >= {"efficiency"}
    assert sorted(names["taken"].index) == ["none", "stake+dispute"]
    assert names["taken"].notna().all()
    assert (names["study"] / "resilience.md").is_file(), "the study wrote its page"
    assert names["model"].running is False, "the Mesa model played to its end"
    assert names["env"].episode > 0, "the learner's worlds did too"
