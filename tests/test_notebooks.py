"""Lessons: each is one text in two forms, carries no outputs, and runs from its first cell to its last."""

import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

HOUSE = Path(__file__).parents[1]
LESSONS = sorted((HOUSE / "notebooks").glob("*.ipynb"))
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def cells_of(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_every_lesson_has_both_forms():
    scripts = sorted((HOUSE / "notebooks").glob("*.py"))
    assert [path.stem for path in LESSONS] == [path.stem for path in scripts] != []


@every_lesson
def test_both_forms_say_the_same(lesson):
    script = jupytext.read(lesson.with_suffix(".py"))
    assert cells_of(nbformat.read(lesson, as_version=4)) == cells_of(script)


@every_lesson
def test_no_outputs_are_committed(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []


@every_lesson
def test_a_lesson_explains_more_than_it_computes(lesson):
    cells = nbformat.read(lesson, as_version=4).cells
    words = {kind: sum(len(c.source.split()) for c in cells if c.cell_type == kind) for kind in ("markdown", "code")}
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert words["markdown"] > words["code"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::DeprecationWarning:jupyter_client")
@every_lesson
def test_a_lesson_runs_without_an_error_and_shows_its_figures(lesson, tmp_path):
    notebook = nbformat.read(lesson, as_version=4)
    paths = os.pathsep.join(filter(None, [str(HOUSE), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": paths, "IPYTHONDIR": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
