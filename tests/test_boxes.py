"""Points in polygons: the even-odd rule, edges that belong to one side, what a polygon encloses."""

import numpy as np
import pytest

from vedette.boxes import inside, polygon_area, polygon_bounds

SQUARE = np.array([[10.0, 10], [30, 10], [30, 30], [10, 30]])
ARROW = np.array([[0.0, 0], [40, 20], [0, 40], [20, 20]])
BOW_TIE = np.array([[0.0, 0], [10, 10], [10, 0], [0, 10]])


def one(polygon: np.ndarray, x: float, y: float) -> bool:
    return bool(inside(polygon, np.array([[x, y]]))[0])


def test_a_point_inside_is_inside_whichever_way_the_outline_goes() -> None:
    for polygon in (SQUARE, SQUARE[::-1], np.roll(SQUARE, 2, axis=0)):
        assert one(polygon, 20, 20)
        assert not one(polygon, 5, 20)


def test_a_dent_is_outside() -> None:
    assert not one(ARROW, 10, 20)
    assert one(ARROW, 30, 20)


def test_where_an_outline_crosses_itself_the_even_odd_rule_decides() -> None:
    assert [one(BOW_TIE, x, y) for x, y in ((1, 5), (9, 5), (5, 1), (5, 9))] == [
        True,
        True,
        False,
        False,
    ]
    star = np.array(
        [[50 + 40 * np.sin(t), 50 - 40 * np.cos(t)] for t in np.arange(5) * 0.8 * np.pi]
    )
    assert one(star, 50, 20)
    assert not one(star, 50, 50)


def test_left_and_upper_edges_belong_to_it_and_right_and_lower_ones_do_not() -> None:
    assert one(SQUARE, 10, 20)
    assert one(SQUARE, 20, 10)
    assert not one(SQUARE, 30, 20)
    assert not one(SQUARE, 20, 30)
    assert one(SQUARE, 10, 10)
    assert not one(SQUARE, 30, 30)


def test_of_polygons_that_share_edges_each_point_lies_in_exactly_one() -> None:
    """A square cut into triangles around an odd middle; points on every cut, too."""
    middle, corners = np.array([7.3, 5.1]), np.array([[0.0, 0], [16, 0], [16, 16], [0, 16]])
    parts = [
        np.stack([a, b, middle]) for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)
    ]
    steps = np.linspace(0, 1, 64, endpoint=False)[:, None]
    cuts = [middle + steps * (corner - middle) for corner in corners]
    grid = np.stack(np.meshgrid(np.arange(16.0), np.arange(16.0)), axis=-1).reshape(-1, 2)
    points = np.concatenate([grid, *cuts])
    held = np.stack([inside(part, points) for part in parts])
    assert (held.sum(axis=0) == 1).all()


def test_it_agrees_with_a_plain_winding_of_rays_on_random_points(rng: np.random.Generator) -> None:
    polygon = rng.uniform(0, 100, (7, 2))
    points = rng.uniform(-10, 110, (500, 2))
    plain = [
        sum(
            (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
            for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, 0), strict=True)
        )
        % 2
        == 1
        for x, y in points
    ]
    assert inside(polygon, points).tolist() == plain


def test_no_points_give_no_answers() -> None:
    assert inside(SQUARE, np.zeros((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("polygon", "area"),
    [(SQUARE, 400), (SQUARE[::-1], 400), (ARROW, 400), (SQUARE[[0, 2, 2]], 0), (BOW_TIE, 0)],
)
def test_an_area_does_not_depend_on_the_direction(polygon: np.ndarray, area: float) -> None:
    assert polygon_area(polygon) == pytest.approx(area)


def test_bounds_are_the_box_around_it() -> None:
    assert polygon_bounds(ARROW) == (0, 0, 40, 40)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
