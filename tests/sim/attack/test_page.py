"""The page of a study, made from stored rows alone."""

import re
import shlex

import numpy as np
import pytest

import sim
from agents.attacks.registry import ATTACKS
from chain.errors import InputError
from sim.attack.keeping import PAGE, read, write_up
from sim.attack.limits import command
from sim.attack.measures import compared, learner
from sim.attack.page import coins, page
from sim.cli import main
from sim.plots.resilience import FIGURES
from tests.sim.attack.studies import SCRIPTS, TINY, guard

PNG = b"\x89PNG"


@pytest.fixture(autouse=True)
def _guarded(monkeypatch):
    guard(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        guard(patch)
        return sim.resilience(**TINY, **SCRIPTS, out=tmp_path_factory.mktemp("page") / "study")


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A study with two trainings of each end, of hardly any steps."""
    with pytest.MonkeyPatch.context() as patch:
        guard(patch)
        given = {**TINY, "shares": (0.34,), "attacks": ("shirker",), "trainings": 2, "steps": 100}
        return sim.resilience(**given, out=tmp_path_factory.mktemp("page") / "taught")


def drawn(text):
    """The figures that a page shows."""
    return set(re.findall(r"\]\((\w+)\.png\)", text))


def test_a_page_has_every_part_and_its_figures(folder):
    text = (folder / PAGE).read_text()
    for part in ("What was studied", "Honest welfare under attack", "What defences save", "What defences cost", "Limitations"):
        assert f"\n## {part}\n" in text
    assert drawn(text) == set(FIGURES) - {"trained"}
    assert all((folder / f"{name}.png").read_bytes().startswith(PNG) for name in drawn(text))
    assert "No attacker was trained in this study." in text
    assert "nan" not in text
    assert "parameters changed: horizon = 10, spare = 16. Of them spare was raised by the study itself" in text


def test_the_numbers_of_the_page_are_those_of_the_rows(folder):
    manifest, tables = read(folder)
    text, cells = (folder / PAGE).read_text(), compared(tables["runs"], manifest["config"])
    for attack in SCRIPTS["attacks"]:
        (row,) = re.findall(rf"\n(\| {attack} \|(?: [^|]+ \|){{4}})\n", text)
        shown = [cell.strip(" *†") for cell in row.split("|")[2:-1]]
        assert shown == [coins(cell.lost) for cell in cells[attack].values()]


def test_the_same_rows_give_the_same_page_and_figures(folder):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    write_up(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_the_command_on_the_page_plays_the_same_ledgers(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    words = shlex.split(re.search(r"```sh\nledgerlab (.*)\n```", (folder / PAGE).read_text())[1])
    assert main([*words, "--out", str(tmp_path / "again")]) == 0
    manifest, tables = read(tmp_path / "again")
    known, stored = read(folder)
    assert tables["runs"]["digest"].tolist() == stored["runs"]["digest"].tolist()
    assert {**manifest["config"], "raised": {}} == {**known["config"], "raised": {}}
    shown = capsys.readouterr().out
    assert "lost by honest agents" in shown
    assert f"Page: {tmp_path / 'again' / PAGE}" in " ".join(shown.split("\n"))


def test_policies_that_have_no_name_are_shown_in_python(folder):
    config = read(folder)[0]["config"]
    seats = {"client": {"label": "Mine", "given": None, "source_sha256": None}}
    text, shell = command({**config, "policies": {**config["policies"], **seats}})
    assert not shell
    assert "policies={'client': Mine, 'provider': 'cost_plus'}" in text


def test_a_study_without_any_defence_is_not_repeated_with_all_of_them(folder):
    text, shell = command({**read(folder)[0]["config"], "defences": {}})
    assert not shell, "the command without --defence plays all that there are"
    assert "defences=[]" in text


def test_report_writes_the_page_anew(folder, capsys):
    (folder / PAGE).write_text("something else")
    assert main(["report", str(folder)]) == 0
    assert (folder / PAGE).read_text().startswith("# Resilience of service_market, minimal\n")
    assert "The study raised spare to 16" in capsys.readouterr().out


def test_a_foreign_directory_and_changed_rows_are_refused_in_one_line(folder, tmp_path):
    with pytest.raises(InputError, match="is no study, allowed is a directory that `ledgerlab resilience` made"):
        write_up(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format": "ledgerlab resilience", "version": 1, "complete": true, "files": {}}')
    with pytest.raises(InputError, match="lacks what its page needs"):
        write_up(tmp_path)
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "runs.parquet").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"runs.parquet is not the file that was written"):
        write_up(tmp_path)


def test_one_world_has_a_page_without_intervals(tmp_path):
    folder = sim.resilience(**{**TINY, "seeds": 1}, **SCRIPTS, out=tmp_path / "study")
    text = (folder / PAGE).read_text()
    assert "no attack can be shown to cost honest agents anything" in text
    assert "n/a" in text
    assert "nan" not in text


def test_a_page_with_learners_compares_them_with_their_twin_and_the_scripts(taught):
    manifest, tables = read(taught)
    text = (taught / PAGE).read_text()
    assert drawn(text) == set(FIGURES)
    assert "PPO was trained for 100 agent-steps with the accounts of whitewasher (1 provider each, 8 identities)" in text
    assert text.count("attackers that learn ") == 4, "in the headline and in its own part, for both ends"
    for end in ("none", "all"):
        one = learner(tables["runs"], tables["training"], manifest["config"], end)
        assert len(one.seeds) == 2
        assert coins(one.found.gain) in text
    assert re.search(
        r"script shirker \(by [^)]*\) earned more than the learners|no script with the same accounts earned more", text
    )


def test_what_was_measured_during_training_is_what_the_trained_attacker_earns(taught):
    manifest, tables = read(taught)
    for end in ("none", "all"):
        one = learner(tables["runs"], tables["training"], manifest["config"], end)
        assert one.found.gain.mean == pytest.approx(one.profit.mean - one.twin.mean)


def test_the_headline_does_not_claim_harm_where_there_is_none(folder):
    """Rows in which the attack is turned round: nobody is harmed, and the headline says so."""
    manifest, tables = read(folder)
    runs = dict(tables["runs"])
    swap = {"honest": "attacked", "attacked": "honest"}
    runs["side"] = runs["side"].copy()
    for row in np.flatnonzero(runs["attack"] != "nobody"):
        runs["side"][row] = swap.get(runs["side"][row], runs["side"][row])
    text = page({**tables, "runs": runs}, manifest)
    assert "costs honest agents most" not in text.partition("## What was studied")[0]
    assert "of no attack can it be concluded that it does harm" in text


def test_list_and_explain_show_attacks_and_defences(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for words in (["list"], ["explain", "service_market"]):
        assert main(words) == 0
        shown = capsys.readouterr().out
        for attack in ATTACKS.values():
            assert attack.name in shown
            assert attack.about in shown
        assert "1 provider, 4 clients, no new identities" in shown
        assert "min_stake = 60_000_000" in shown
    assert main(["explain", "posted_price"]) == 0
    assert "Attacks" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--shares", "0.34,x"], "--shares: 'x' given, allowed is a number"),
        (["--attack", "shirkr"], "attack shirkr: no such attack"),
        (["--set", "seeds=3"], "--set seeds: no such parameter"),
        (["--seeds", "many"], "--seeds: 'many' given"),
    ],
)
def test_the_command_refuses_in_one_line(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["resilience", "service_market", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []
