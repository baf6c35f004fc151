"""A run directory answers questions in SQL, and lets them touch nothing else."""

import pytest

import sim
from chain.errors import InputError
from sim.experiments.query import query
from sim.experiments.store import record
from tests.sim.experiments.sweeps import swept


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("whole") / "tiny", {"record": ["series", "ledgers"]})


def test_runs_know_their_cells(whole):
    names, rows = query(whole, "SELECT client, arbiter_bps, avg(efficiency) FROM runs GROUP BY ALL ORDER BY ALL")
    expected = sim.load(whole).groupby(["client", "arbiter_bps"]).efficiency.mean()
    assert names[:2] == ["client", "arbiter_bps"]
    assert {(client, bps): pytest.approx(mean) for client, bps, mean in rows} == expected.to_dict()


def test_what_was_recorded_is_there(whole):
    assert query(whole, "SELECT count(*) FROM runs")[1] == [(24,)]
    assert query(whole, "SELECT status, count(*) FROM cells GROUP BY 1")[1] == [("done", 8)]
    jobs = query(whole, "SELECT count(*) FROM ledger_jobs WHERE price > 0")[1][0][0]
    hires = query(whole, "SELECT sum(hires) FROM ticks")[1][0][0]
    assert 0 < jobs <= hires


def test_cells_that_are_the_same_have_their_rows_once_each(tmp_path):
    spec = {"grid": {}, "policies": {}, "arms": {"one": {}, "other": {}}, "record": ["series"]}
    folder = swept(tmp_path / "twins", spec)
    assert query(folder, "SELECT arm, count(*) FROM runs GROUP BY 1 ORDER BY 1")[1] == [("one", 3), ("other", 3)]
    assert len(sim.load(folder)) == 6
    assert query(folder, "SELECT count(DISTINCT seed), count(*) = count(DISTINCT (seed, tick)) FROM ticks")[1] == [(3, True)]


def test_what_does_not_fit_in_memory_is_not_written_beside_whoever_asks(whole):
    assert query(whole, "SELECT current_setting('temp_directory')")[1] == [("",)]


def test_a_single_run_answers_too(tmp_path):
    folder = record("service_market", seeds=2, preset="minimal", out=tmp_path / "run")
    assert query(folder, "SELECT count(*), max(seed) FROM runs")[1] == [(2, 1)]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY cells TO '{place}/x.csv'",
        "COPY (SELECT 1) TO '{place}/manifest.json'",
        "ATTACH '{place}/x.db'",
        "EXPORT DATABASE '{place}/x'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_parquet('{place}/cells.parquet')",
        "SELEC 1",
        "",
        "; -- nothing",
        "SELECT nothing FROM runs",
    ],
)
def test_a_question_reads_and_writes_nothing_else(whole, question):
    before = {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()}
    with pytest.raises(InputError, match=r"^query: [^\n]*$"):
        query(whole, question.format(place=whole))
    assert {file: file.read_bytes() for file in whole.rglob("*") if file.is_file()} == before
