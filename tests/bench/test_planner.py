import pytest

from vedette.bench import planner, track
from vedette.bench.planner import Case, Solved, claims, instance, row, solved
from vedette.planning.answer import require
from vedette.planning.fleet_table import problems


@pytest.mark.parametrize("level", planner.LEVELS)
@pytest.mark.parametrize("beside", [False, True])
def test_every_instance_is_a_valid_table_of_its_size(level: str, beside: bool) -> None:
    table = instance(3, 0, level, beside=beside)
    require(problems(table))
    assert len(table.devices) == 5
    assert [len(step.variants) for step in table.cameras[0].steps] == [1, 8, 8, 8, 8, 8, 8]


def test_all_tables_of_an_instance_differ_and_a_seed_repeats_them() -> None:
    cameras = instance(100, 1).cameras
    assert len({camera.steps for camera in cameras}) == 100
    assert cameras == instance(100, 1).cameras != instance(100, 2).cameras


def test_a_solved_case_tells_its_gap_and_both_times() -> None:
    found = solved(Case(4, "loose"), 0)
    assert found.gap >= 0
    assert found.wall_s > 0
    assert found.cpu_s > 0


def test_claims_are_medians_held_to_two_percent_and_five_seconds() -> None:
    found = [Solved(gap, 4 * gap, 1.0, 9) for gap in (0.01, 0.03, 0.0125)]
    gap, wall = claims(found)
    assert (gap.value, gap.target, gap.is_met) == (0.0125, 0.02, True)
    assert (wall.value, wall.target, wall.spread) == (0.05, 5.0, (0.04, 0.12))
    assert row(Case(3), found)["gap max"] == 0.03


def test_the_claim_is_among_the_cases_quick_or_not() -> None:
    assert planner.CLAIMED in planner.CASES
    assert planner.CLAIMED in planner.QUICK_CASES
    assert track("planner") is planner
