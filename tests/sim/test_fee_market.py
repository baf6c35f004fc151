"""The fee market: EIP-1559's base fee settles at V (1 - T/N) while N/T < 2q + 1, and oscillates above."""

import numpy as np
import pytest
from scipy import stats

import sim
from chain.errors import InputError
from chain.fees import next_base_fee
from sim.cli import main
from sim.experiments.run import joined
from sim.experiments.store import Stopped, read_table
from sim.published.base_fee import alternation, attractor, level, level_of, market, next_fee, plan, play, slope, threshold
from sim.published.fee_market import FIGURES
from sim.reproduction import TABLE, command, keep, read

SMALL = {"blocks": 60, "users": 200, "worlds": 3}
"""Markets that take no time, for what does not depend on how exact they are."""
ERROR = 1e-4
"""A test of levels refuses a fee market that is right once in so many times, over all of its ratios."""


def rows(*ratios, **given):
    """The rows of `runs`, by ratio."""
    return {ratio: part["runs"] for ratio, part in zip(ratios, play(plan(ratios, **given)), strict=True)}


def errors_of(values, expected):
    """How many standard errors the mean over independent markets is away."""
    return (values.mean() - expected) / (values.std(ddof=1) / np.sqrt(values.size))


def most_errors(markets, ratios):
    """What |errors_of| stays below, for all ratios at once but for a chance of `ERROR` (Student, Bonferroni)."""
    return stats.t.ppf(1 - ERROR / (2 * ratios), markets - 1)


@pytest.mark.slow
def test_the_fee_settles_where_demand_is_the_target_while_that_is_stable():
    """Once in 10,000 times a right market is refused. The uncorrected mean is further away at 16 than its error, as it must be:
    the bias, -2.4e-4, is six standard errors of 4e-5."""
    found = rows(2, 4, 8, 12, 16, blocks=600, users=4_000, worlds=20)
    for ratio, runs in found.items():
        assert runs["predicted"][0] == 1 - 1 / ratio
        assert abs(errors_of(runs["level"], 1 - 1 / ratio)) < most_errors(20, len(found)), ratio
        assert runs["level"].std(ddof=1) / np.sqrt(20) < 1.5e-4, (
            "the error is small enough to tell V (1 - T/N) from its neighbours"
        )
        assert runs["fee"].mean() == pytest.approx(1 - 1 / ratio, abs=4e-4)
        assert runs["full"].max() < 1e-3, "no block is too small for its demand"
    assert errors_of(found[16]["fee"], 15 / 16) < -most_errors(20, 1), "noise has lowered the mean itself"


@pytest.mark.slow
def test_above_the_threshold_the_oscillation_does_not_die_out_and_below_it_is_noise_that_shrinks_with_the_number_of_users():
    """Amplitudes at 20 and 24 have standard errors below 2e-4 over 8 markets, and 1e-3 is allowed for what noise changes. The
    spread of noise halves with four times the users: over markets it has a standard deviation of 8 % of itself at most, so that
    the ratio of two means of 8 leaves 0.5 ± 0.1 once in a million times."""
    few, many = (rows(12, 16, 20, 24, blocks=240, users=users, worlds=8) for users in (4_000, 16_000))
    for ratio in (20, 24):
        expected = alternation(attractor(np.array([float(ratio)]), kept=20_000))[0]
        for runs in (few[ratio], many[ratio]):
            for quarter in ("first", "last"):
                assert runs[f"alternation_{quarter}"].mean() == pytest.approx(expected, abs=1e-3), "the map's own amplitude"
        assert many[ratio]["spread"].mean() > 0.95 * few[ratio]["spread"].mean(), "noise is not what drives it"
    for ratio in (12, 16):
        assert few[ratio]["alternation_last"].mean() < 0.01 < few[20]["alternation_last"].mean()
        assert many[ratio]["spread"].mean() / few[ratio]["spread"].mean() == pytest.approx(0.5, abs=0.1)


def test_a_small_market_settles_within_its_error():
    """Once in 10,000 times a right market is refused."""
    for ratio, runs in rows(2, 5, 9, blocks=200, users=800, worlds=12).items():
        assert abs(errors_of(runs["level"], runs["predicted"][0])) < most_errors(12, 3), ratio
        assert runs["level"] == pytest.approx(runs["fee"] + runs["spread"] ** 2 / runs["fee"], rel=1e-12)


def test_another_quotient_moves_the_threshold_with_it():
    """At N/T = 8 a quotient of 3 oscillates (threshold 7), with a spread of 0.1 without noise; one of 4 settles (threshold 9)."""
    fast, slow = (rows(8, quotient=q, blocks=200, users=2_000, worlds=4)[8]["spread"] for q in (3, 4))
    assert (threshold(3), threshold(4)) == (7, 9)
    assert fast.min() > 0.08 > 0.04 > slow.max()


def test_the_ledger_itself_keeps_out_who_can_not_pay_and_the_fee_follows_eip_1559():
    e = plan([8], blocks=60, users=400, worlds=2, value=10**6)
    fees, used, _ = market(e, 8)
    limit = 2 * e.target(8)
    assert (used % 21 == 0).all()
    assert used.max() <= limit
    pairs = zip(fees[:-1].flat, used[:-1].flat, strict=True)
    assert fees[1:].ravel().tolist() == [next_base_fee(int(fee), limit, int(gas), 8) for fee, gas in pairs]
    unpaid, served = 1 - fees[30:] / e.value, used[30:] / (21 * e.users)
    assert abs(errors_of((served - unpaid).ravel(), 0)) < most_errors(60, 1), "who values it at the fee at least is served"


def test_the_slope_is_the_derivative_of_the_fee_map_at_the_level():
    for quotient in (4, 8):
        for ratio in (2.0, 9.0, 16.0, 20.0):
            at, h = np.array([level(ratio)]), 1e-7
            assert next_fee(at, ratio, quotient) == pytest.approx(at)
            numeric = (next_fee(at + h, ratio, quotient) - next_fee(at - h, ratio, quotient)) / (2 * h)
            assert numeric[0] == pytest.approx(slope(ratio, quotient), abs=1e-5)
        assert slope(threshold(quotient), quotient) == -1


def test_the_map_without_noise_settles_below_the_threshold_and_alternates_above():
    below, above = attractor(np.array([3.0, 16.5])), attractor(np.array([17.5, 20.0, 26.0]))
    assert below == pytest.approx(np.tile(level(np.array([3.0, 16.5])), (100, 1)), abs=1e-9)
    assert (alternation(above) > 0.05).all()
    assert (np.sign(np.diff(above, axis=0))[:-1] == -np.sign(np.diff(above, axis=0))[1:]).all(), "up and down in turn"


def test_the_level_of_a_noisy_path_has_no_bias_and_its_mean_has():
    """A path of a million blocks with noise of the fee map's own kind: the standard error is 6e-6, five of them are allowed."""
    ratio, x, noise = 12.0, level(12.0), np.random.default_rng(1).normal(size=1_000_000)
    path = np.empty(noise.size)
    for k, z in enumerate(0.006 * noise):
        x *= 1 + (ratio * (1 - x) - 1) / 8 + ratio * z / 8
        path[k] = x
    assert level_of(path[:, None])[0] == pytest.approx(level(ratio), abs=3e-5)
    assert path.mean() == pytest.approx(level(ratio) - path.var() / level(ratio), abs=3e-5)
    assert path.mean() < level(ratio) - 5e-5


def test_worlds_are_markets_of_their_own_and_a_ratio_does_not_depend_on_which_others_are_played():
    alone = rows(8, **SMALL)[8]
    among = rows(4, 8, **SMALL)[8]
    for name, column in alone.items():
        assert (column == among[name]).all(), name
    assert len(set(alone["digest"].tolist())) == 3
    later = rows(8, **SMALL | {"worlds": 1, "seed": 2})[8]
    assert later["digest"][0] == alone["digest"][2]


def test_the_command_writes_rows_page_figures_and_a_manifest(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "mine"
    options = ["--demand-ratios", "4,20.5", "--blocks", "60", "--users", "300", "--worlds", "2", "--seed", "7"]
    assert main(["reproduce", "fee_market", *options, "--out", str(out)]) == 0
    assert "V (1 - T/N)" in capsys.readouterr().out
    names = {"runs.parquet", "blocks.parquet", TABLE, *FIGURES, "manifest.json"}
    assert {file.name for file in out.iterdir()} == names
    manifest = read(out)
    assert manifest["complete"]
    assert (manifest["threshold"], manifest["targets"]) == (17, {"N/T=4": 1575, "N/T=20.5": 307})
    parts = list(play(plan([4, 20.5], blocks=60, users=300, worlds=2, seed=7)))
    for table in ("runs", "blocks"):
        stored, again = read_table(out, table, manifest), joined([part[table] for part in parts])
        assert all((stored[name] == again[name]).all() for name in again)
    text = (out / TABLE).read_text()
    assert command(manifest["config"]) in text
    assert command(manifest["config"]).split()[3:] == options
    assert "no prediction" in text
    with pytest.raises(InputError, match="exists already"):
        sim.reproduce("fee_market", [2], out=out, **SMALL)


def test_the_same_rows_give_the_same_files_from_python(tmp_path):
    first, second = (sim.reproduce("fee_market", [2, 20], out=tmp_path / name, **SMALL) for name in "ab")
    for name in ("runs.parquet", "blocks.parquet", *FIGURES):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert command(read(first)["config"]).endswith("--demand-ratios 2,20 --blocks 60 --users 200 --worlds 3")


def test_a_stopped_run_keeps_the_ratios_that_were_finished(tmp_path):
    def stop(done, total):
        assert total == 180
        if done == 130:
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="6 of 9 runs kept"):
        keep("fee_market", plan([2, 4, 8], **SMALL), tmp_path / "part", stop)
    manifest = read(tmp_path / "part")
    assert not manifest["complete"]
    assert set(read_table(tmp_path / "part", "runs", manifest)["arm"].tolist()) == {"N/T=2", "N/T=4"}
    assert "stopped before its end: 3 ratios" in (tmp_path / "part" / TABLE).read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--demand-ratios", "1"], "demand_ratios: 1.0 given, allowed is above 1 to 400 with 4000 users"),
        (["--demand-ratios", "401"], "demand_ratios: 401.0 given"),
        (["--demand-ratios", "nan"], "demand_ratios: nan given"),
        (["--demand-ratios", "4,4.0"], "demand_ratios: [4.0, 4.0] given, allowed is each once"),
        (["--demand-ratios", "4,x"], "--demand-ratios: 'x' given, allowed is a numbe"),
        (["--quotient", "1"], "quotient: 1 given, allowed is 2 to 1000"),
        (["--blocks", "39"], "blocks: 39 given"),
        (["--users", "19"], "users: 19 given"),
        (["--worlds", "0"], "worlds: 0 given"),
        (["--worlds", "1049"], "worlds: 1049 given, allowed is 1 to 1048"),
        (["--value", "999"], "value: 999 given"),
        (["--value", "500_000_000_000"], "value: 500000000000 given, allowed is up to 54901024028 where 4000 users can pay it"),
        (["--seed", "x"], "--seed: 'x' given, allowed is a whole numbe"),
        (["--block", "9"], "No such option: --block"),
        (["--out", "full"], "out: full exists already"),
    ],
)
def test_what_is_given_wrongly_is_refused_in_one_line_and_nothing_is_written(options, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert main(["reproduce", "fee_market", *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"ledgerlab: {message}")
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["full", "mine.txt"]


def test_python_names_the_nearest_setting_and_result():
    with pytest.raises(InputError, match=r"blokcs: no setting of fee_market; .*did you mean blocks"):
        sim.reproduce("fee_market", blokcs=3)
    with pytest.raises(InputError, match="fee_market: too many positional arguments; allowed are demand_ratios"):
        sim.reproduce("fee_market", [2], 3)
    with pytest.raises(InputError, match="demand_ratios: 'x' given, allowed is a list of numbers"):
        sim.reproduce("fee_market", "x")
    with pytest.raises(InputError, match="did you mean fee_market"):
        sim.reproduce("fee_markets")
    with pytest.raises(InputError, match="reproduce: no name given, allowed are calvano, fee_market"):
        main_without_exit()


def main_without_exit():
    import typer

    from sim.cli import app

    command = typer.main.get_command(app)
    with command.make_context("ledgerlab", ["reproduce"]) as context:
        command.invoke(context)
