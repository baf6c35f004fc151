"""The report of whatever a run directory holds: a single run, a sweep, or a study of resilience."""

from pathlib import Path


def report(folder: str | Path) -> Path:
    """Write the report of a run directory anew, from its stored rows alone, and return the report's path.

    Nothing is run again: the same rows give the same report.

    Raises:
        InputError: the directory is missing, foreign or damaged, or can not be written.
    """
    place = Path(folder)
    from sim.experiments.opening import is_sweep

    if is_sweep(place):
        from sim.experiments.conclusions.page import write_report
        from sim.experiments.loading import read_sweep

        return write_report(read_sweep(place))
    from sim.attack.keeping import is_study, write_up

    if is_study(place):
        return write_up(place)
    from sim.experiments.report import report as of_run

    return of_run(place)
