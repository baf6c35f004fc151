"""The README's Python runs as it stands, with smaller numbers of worlds and steps."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.S)
SMALLER = {"seeds=50": "seeds=3", "seeds=20": "seeds=3", "worlds=256": "worlds=8", "batch_size=2_560": "batch_size=80"}
SMALLER |= {"learn(200_000)": "learn(1_600)"}


def test_every_number_that_is_made_smaller_is_in_the_readme():
    assert [number for number in SMALLER if number not in "".join(BLOCKS)] == []


@pytest.mark.slow
def test_the_blocks_run_one_after_another_and_learn_something(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for block in BLOCKS:
        for number, smaller in SMALLER.items():
            block = block.replace(number, smaller)
        exec(compile(block, "README.md", "exec"), names)
    assert names["rows"].efficiency.notna().all()
    assert set(names["table"].metric) >= {"efficiency"}
    assert sorted(names["taken"].index) == ["none", "stake+dispute"]
    assert names["taken"].notna().all()
    assert (names["study"] / "resilience.md").is_file(), "the study wrote its page"
    assert names["model"].running is False, "the Mesa model played to its end"
    assert names["env"].episode > 0, "the learner's worlds did too"
