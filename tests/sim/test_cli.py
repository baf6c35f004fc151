"""The command line, mostly called in this process."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sim
from agents.registry import POLICIES
from sim.cli import main
from sim.demo import REFERENCE_FILES
from sim.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


def test_the_list_names_every_scenario_policy_and_metric(capsys):
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for scenario in SCENARIOS.values():
        for name in (scenario.name, *scenario.presets, *scenario.metrics):
            assert name in text
    for policies in POLICIES.values():
        for name in policies:
            assert name in text


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_explain_names_every_role_field_and_parameter_with_unit_range_and_default(name, capsys):
    assert main(["explain", name]) == 0
    text = capsys.readouterr().out
    scenario = SCENARIOS[name]
    for role in scenario.roles:
        for column in (*role.view, *role.action):
            assert column.name in text
            assert column.about.split(";")[0][:40] in text
    for parameter, field in scenario.parameters.model_fields.items():
        assert parameter in text
        assert f"{field.default:_}" in text
        assert (field.json_schema_extra or {})["unit"] in text


def test_run_prints_the_table_and_writes_rows_and_report(capsys):
    arguments = ["--preset", "minimal", "--seeds", "2", "--policy", "client=random,cheapest", "--set", "horizon=1_2"]
    assert main(["run", "service_market", *arguments, "--report"]) == 0
    text = capsys.readouterr().out
    assert "efficiency (of optimum)" in text
    assert "client=cheapest" in text
    (folder,) = Path("results").iterdir()
    assert str(folder / "report.md") in text
    assert (folder / "report.md").is_file()
    assert len(sim.load(folder)) == 4


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_every_scenario_runs_compares_its_policies_and_writes_its_report(name, capsys):
    scenario = SCENARIOS[name]
    role = scenario.roles[0].name
    names = list(POLICIES[role])
    arguments = ["--preset", "minimal", "--seeds", "3", "--policy", f"{role}={','.join(names)}", "--out", "here", "--report"]
    assert main(["run", name, *arguments]) == 0
    text = capsys.readouterr().out
    assert all(metric in text for metric in scenario.metrics)
    report = Path("here/report.md").read_text()
    for figure in ("policies_compared", *scenario.figures):
        assert f"({figure}.png)" in report
        assert Path(f"here/{figure}.png").stat().st_size > 10_000
    table = sim.compare(name, {role: names}, seeds=3, preset="minimal")
    assert set(table["metric"]) == set(scenario.metrics)
    assert len(table) == len(scenario.metrics) * len(names)


def test_rows_alone_can_be_asked_for_and_the_report_made_later(capsys):
    assert main(["run", "service_market", "--preset", "minimal", "--seeds", "2", "--no-report", "--out", "here"]) == 0
    assert not Path("here/report.md").exists()
    assert main(["report", "here"]) == 0
    assert Path("here/report.md").is_file()
    assert "efficiency" in capsys.readouterr().out


def test_many_arms_are_shown_in_several_tables(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    clients = ",".join(POLICIES["client"])
    assert (
        main(["run", "service_market", "--preset", "minimal", "--seeds", "2", "--no-report", "--policy", f"client={clients}"])
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert sum("efficiency (of optimum)" in line for line in lines) > 1
    assert max(map(len, lines)) <= 90


def test_the_first_compilation_is_announced_in_one_plain_line(capsys, monkeypatch):
    monkeypatch.setattr("sim.screen.is_warm", lambda folder: False)
    assert main(["run", "service_market", "--preset", "minimal", "--seeds", "1", "--no-report"]) == 0
    assert capsys.readouterr().err == "Compiling the rules: once per version, about a minute ...\n"


def test_nothing_is_said_on_stderr_otherwise(capsys):
    assert main(["run", "service_market", "--preset", "minimal", "--seeds", "1", "--no-report"]) == 0
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_with_130_and_one_line_that_says_what_was_kept(capsys):
    Path("p.py").write_text("def stop(view, memory, dice):\n    raise KeyboardInterrupt\n")
    arguments = ["run", "service_market", "--preset", "minimal", "--seeds", "2", "--out", "here"]
    assert main([*arguments, "--policy", "client=random,p.py:stop"]) == 130
    assert capsys.readouterr().err == "ledgerlab: stopped: 2 of 4 runs kept in here\n"
    assert main(["report", "here"]) == 0
    assert "The run was stopped before its end" in Path("here/report.md").read_text()


def test_a_disk_that_fails_is_one_line_and_exit_1(capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.experiments.store.Writer.add", full)
    assert main(["run", "service_market", "--preset", "minimal", "--seeds", "1"]) == 1
    assert capsys.readouterr().err == "ledgerlab: file: No space left on device\n"
    assert not Path("results").exists()


def test_a_bar_is_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert main(["run", "service_market", "--preset", "minimal", "--seeds", "1", "--no-report"]) == 0
    assert "running" in capsys.readouterr().err


def test_python_m_sim_is_the_command_and_help_is_quick():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "sim"], env=environment, capture_output=True, text=True, check=True)
    assert "explain" in done.stdout
    assert time.perf_counter() - started < 5  # a tenth of it on an idle machine


def test_a_pipe_that_closes_early_is_no_error():
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", "explain", "service_market"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.slow
def test_the_demo_writes_two_reports_and_the_page_of_a_study(capsys, monkeypatch):
    monkeypatch.setattr("sim.demo.STEPS", 8_000)
    assert main(["demo", "--seeds", "3"]) == 0
    assert len(sorted(Path("results").glob("*/report.md"))) == 2
    (page,) = Path("results").glob("*/resilience.md")
    assert "Attackers that learn" in page.read_text()
    printed = capsys.readouterr().out
    assert "provider=low_effort" in printed
    assert str(page) in printed


@pytest.mark.slow
def test_the_reference_is_the_same_each_time_and_can_be_loaded(monkeypatch):
    monkeypatch.setattr("sim.demo.REFERENCE_SEEDS", 2)
    assert main(["reference"]) == 0
    folder = Path("results/reference")
    first = {name: (folder / name).read_bytes() for name in REFERENCE_FILES[:-1]}
    assert main(["reference"]) == 0
    assert {name: (folder / name).read_bytes() for name in REFERENCE_FILES[:-1]} == first
    assert len(sim.load(folder)) == 2 * len(POLICIES["client"]) * len(POLICIES["provider"])
    (folder / "mine.txt").write_text("keep me")
    assert main(["reference"]) == 2
