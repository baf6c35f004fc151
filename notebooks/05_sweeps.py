# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Sweeps: many experiments, one question
#
# One experiment answers for one setting. A question such as *how good must an arbiter be?* needs many settings, and soon
# there are hundreds of runs, some on another machine, some from last Tuesday, and nobody knows any more which file came from
# what. A **sweep** is the way out: the question is written down first, and everything else follows from it.
#
# In this lesson you
#
# 1. write a spec, and see what it will take before anything runs;
# 2. run it, **kill it midway**, look at what is left, and let it go on;
# 3. ask the rows in SQL, and read the report;
# 4. damage a file, and see that it is found and repaired.
#
# It takes about twenty minutes to read. All cells together run in less than a minute once the rules are compiled.

# %%
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from IPython.display import Image, Markdown

import sim

place = tempfile.TemporaryDirectory()
here = Path(place.name)  # everything that this lesson writes goes here, and the last cell removes it


def ledgerlab(*words):
    """What you would type in a terminal: `ledgerlab words...`"""
    told = subprocess.run([sys.executable, "-m", "sim", *words], capture_output=True, text=True, check=False, cwd=here)
    print((told.stdout + told.stderr).strip())


os.environ.pop("FORCE_COLOR", None)  # Jupyter asks programs for colours and bars; here plain lines are better
# Let the commands find LedgerLab from wherever this notebook was started.
os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(sim.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])

# %% [markdown]
# ## The spec
#
# Clients who hire the cheapest offer meet one provider in eight that takes the money and does no work. An arbiter finds out
# bad work with some chance, and then the provider loses its stake. When does cheating stop paying?
#
# Two things are varied: the arbiter's chance, in hundredths of a percent (`bps`), and the stake, in millionths of a coin.

# %%
spec = """
name: cheating
question: How good must an arbiter be, and how high a stake, so that cheating does not pay?
scenario: service_market
preset: minimal
fixed: {clients: 16, providers: 8}
horizon: 30
grid:
  arbiter_bps: [0, 2_500, 5_000, 10_000]
  min_stake: [0, 20_000_000, 80_000_000]
policies: {client: cheapest}
attacks: {shirker: 0.125}
metrics: [attacker_profit, honest_welfare]
seeds: 100
"""
(here / "cheating.yml").write_text(spec)
ledgerlab("sweep", "cheating.yml", "--dry-run")

# %% [markdown]
# The grid has 4 × 3 = 12 **points**. At each of them three **arms** are played: the attacker's agents honest, attacking, and
# absent. One point and one arm, over all seeds, is a **cell**: 36 of them. A cell is what is run as a whole, kept as a whole,
# and run again as a whole. It is small, so little is lost when something breaks; and it is the same experiment whatever else
# the spec contains. If you add a fifth arbiter tomorrow, the old cells stay what they are.
#
# Why the **same 100 seeds** in all cells? A seed is a random world: its needs, its costs, its luck. Worlds differ from one
# another much more than one arbiter from the next. If every cell drew worlds of its own, that would drown what you look for.
# With the same worlds everywhere you subtract world by world, and what they have in common falls out.
#
# ## Run it, and kill it
#
# We start the sweep as a program of its own and wait until some cells are finished. Then we kill it as a power cut would:
# `SIGKILL` can not be caught, so it gets no chance to tidy up.

# %%
folder = here / "cheating"
command = [sys.executable, "-m", "sim", "sweep", "cheating.yml", "--out", "cheating", "--workers", "2"]
running = subprocess.Popen(command, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while running.poll() is None and len(list(folder.glob("parts/*/*.parquet"))) < 5:
    time.sleep(0.005)
running.send_signal(signal.SIGKILL)
running.wait()

parts = sorted(folder.glob("parts/*/*.parquet"))
print(f"{len(parts)} of 36 cells are there")
for file in sorted(folder.iterdir()):
    print(file.name)

# %% [markdown]
# Every finished cell is a file under `parts/`, named by a hash of all that decides its rows: parameters, policies, seeds, the
# source code and the versions below it. It was written under another name first and got its own name only when it was whole.
# So a file that is there is finished, and one that is not has to be run. There is no database that could say otherwise.
# **The directory is the truth.**
#
# What is missing is `manifest.json`. It is written last, so its absence says: this is not the whole thing. `verify` agrees:

# %%
ledgerlab("verify", "cheating")

# %% [markdown]
# ## Go on
#
# Without `--resume` nobody writes into a directory that is taken, not even the same sweep. With it, what is there is kept, and
# only what is missing is run. We note when the finished parts were written, to see that this is true.

# %%
ledgerlab("sweep", "cheating.yml", "--out", "cheating")
written = {file: file.stat().st_mtime_ns for file in parts}
ledgerlab("sweep", "cheating.yml", "--out", "cheating", "--resume")
assert all(file.stat().st_mtime_ns == then for file, then in written.items())

manifest = json.loads((folder / "manifest.json").read_text())
print(manifest["cells"], "in", len(manifest["sessions"]), "sessions")

# %% [markdown]
# The rows are those of a sweep that nobody killed, to the last bit: each cell is a function of its description, whoever runs
# it, on how many processors and after how many accidents.
#
# ## Ask it
#
# `runs` has one row per cell and seed, `cells` one row per cell. The language is SQL:

# %%
ledgerlab(
    "query",
    "cheating",
    "SELECT arbiter_bps, min_stake / 1e6 AS stake, "
    "avg(attacker_profit) FILTER (side = 'honest') AS honest, "
    "avg(attacker_profit) FILTER (side = 'attacked') AS cheating "
    "FROM runs GROUP BY ALL ORDER BY ALL",
)

# %% [markdown]
# Or take everything into pandas. This is the paired difference, made by hand: the same point, the same seed, both sides.

# %%
rows = sim.load(folder)
wide = rows.pivot(index=["arbiter_bps", "min_stake", "seed"], columns="side", values="attacker_profit")
gain = (wide.attacked - wide.honest).groupby(["arbiter_bps", "min_stake"])
gain.agg(["mean", "sem", "count"]).round(2)

# %% [markdown]
# ## Read the report
#
# The report is made of the stored rows alone. It begins with what can be concluded and what can not, in a few sentences,
# which the command prints, too.

# %%
ledgerlab("report", "cheating")
report = (folder / "report.md").read_text()

# %% [markdown]
# The map shows the answer at a glance. Its second panel is what an agent gains by cheating, compared with what it would have
# earned by honest work: blue where crime pays, red where it does not, in brackets where these seeds can not tell.

# %%
Image(folder / "map.png", width=900)

# %% [markdown]
# For every point there is a row with an interval and a p-value. With many comparisons some would look convincing by chance, so
# p is corrected for their number (Holm). Here are the first rows:

# %%
table = report.split("## Point by point")[1].split("\n\n")[2]
Markdown("\n".join(table.splitlines()[:10]))

# %%
Image(folder / "response_1.png", width=560)

# %% [markdown]
# **What does the report not say?** Look at its last section, *Limitations*. The intervals are about other random worlds of the
# same kind, with the same clients, the same shirker and the same 30 ticks. They say nothing of clients who read ratings, of an
# attacker who thinks (lesson 4), or of an arbiter between 25 % and 50 %. And "no difference can be concluded" is not "there is
# no difference": more seeds might tell.

# %%
Markdown(report.split("## Limitations")[1].split("## How to run it again")[0])

# %% [markdown]
# ## Is it what was written?
#
# The manifest knows the SHA-256 of the table of cells, and that table knows the one of every part. `verify` computes all of
# them again; with `--replay` it also executes some cells once more and compares every value.

# %%
ledgerlab("verify", "cheating", "--replay", "2", "--seed", "1")

# %% [markdown]
# Now somebody improves a result: one byte of one part, of some thousands.

# %%
victim = parts[0]
content = bytearray(victim.read_bytes())
content[len(content) // 2] ^= 1
victim.write_bytes(content)
ledgerlab("verify", "cheating")

# %% [markdown]
# The file is named. `--resume` puts it aside under another name, for you to look at, and runs that cell again:

# %%
ledgerlab("sweep", "cheating.yml", "--out", "cheating", "--resume")
ledgerlab("verify", "cheating")
assert sim.load(folder).equals(rows)

# %% [markdown]
# This finds damage and careless edits, not malice: who can write the files can write the digests, too. If that matters, note
# the digest of the manifest somewhere else, and replay: a forged value does not survive when its cell is executed again.
#
# ## Try it
#
# - Let the clients read ratings: `policies: {client: best_rated}`. Where does cheating pay now?
# - Give both kinds of clients as arms: `policies: {client: [cheapest, best_rated]}`. How many cells are there? Look at
#   `--dry-run` first.
# - `--set seeds=10` changes a field without touching the file. How many brackets does the map have then, and what does the
#   report say about intervals that are too wide?
# - Make a cell fail: `--seconds-per-cell 0.001`. What is in the directory, what does `--resume` do, and what `--retry-failed`?
# - Start the same command twice at once, both with `--resume`. Does a cell get run twice? (Look at the `journal` folder.)
# - `record: [series]` keeps what happened in every tick. Which tables does `query` know then?

# %%
place.cleanup()
