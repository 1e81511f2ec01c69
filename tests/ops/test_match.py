"""Types by majority, colours by median, and which crops have a vote."""

import copy
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from vedette.errors import DeclarationError
from vedette.image import ArrayPicture
from vedette.ops.colour import COLOURS, Colour, body_shares
from vedette.ops.match import Classify, MatchColour
from vedette.ops.votes import Votes
from vedette.types.media import Crop, Frame, Key, Match, Pixels, Region

Bgr = tuple[int, int, int]
WHITE, BLACK, ROAD = (190, 190, 190), (30, 30, 30), (120, 120, 120)
BOX: Region = (100, 100, 200, 160)


def painted(body: Bgr, around: Bgr = ROAD) -> Pixels:
    """A box of 100 x 60 pixels with something in its middle."""
    pixels = np.empty((60, 100, 3), np.uint8)
    pixels[:] = around
    pixels[6:42, 10:90] = body
    return pixels


def crop(
    pixels: Pixels,
    *,
    frame: int = 0,
    track: int = 1,
    box: Region = BOX,
    label: str = "car",
    confidence: float = 0.8,
) -> Crop:
    whole = Frame(Key("a", frame), Fraction(frame, 25), ArrayPicture(pixels), (640, 360), box)
    return Crop(whole, box, label, "vehicle", confidence, track)


def matches(operator: MatchColour, bodies: Sequence[Bgr]) -> list[Match]:
    return [operator(crop(painted(body), frame=n)) for n, body in enumerate(bodies)]


@pytest.mark.parametrize(
    ("name", "rgb"),
    [
        ("white", (235, 235, 230)),
        ("grey", (128, 128, 128)),
        ("black", (20, 20, 22)),
        ("red", (180, 20, 25)),
        ("orange", (255, 150, 10)),
        ("brown", (110, 60, 25)),
        ("yellow", (240, 215, 30)),
        ("green", (20, 110, 40)),
        ("blue", (25, 50, 140)),
    ],
)
def test_paint_has_the_name_that_people_give_it(name: Colour, rgb: Bgr) -> None:
    shares = body_shares(ArrayPicture(painted((rgb[2], rgb[1], rgb[0]))))
    assert shares[name] == 1
    assert set(shares) == set(COLOURS)


def test_shares_of_a_body_sum_to_one_at_most() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 100, 3)).astype(np.uint8)
    assert 0.8 < sum(body_shares(ArrayPicture(noise)).values()) <= 1 + 1e-9


def test_white_paint_in_the_shade_is_white_until_something_outshines_it() -> None:
    shaded = painted((150, 150, 150), around=(90, 90, 90))
    assert body_shares(ArrayPicture(shaded))["white"] == 1
    shaded[50:55] = 255
    assert body_shares(ArrayPicture(shaded))["white"] == 0


def test_glare_does_not_make_a_dark_car_white() -> None:
    """Blurred reflections: neutral, and two fifths of the body as bright as white paint."""
    rows, columns = np.mgrid[:60, :100]
    glare = np.exp(-(((columns - 40) / 24) ** 2) - ((rows - 20) / 15) ** 2)
    pixels = np.repeat((30 + 225 * glare)[..., None], 3, axis=2).astype(np.uint8)
    plain = (pixels[9:39, 15:85, 0] > 131).mean()
    assert plain > 0.4
    assert body_shares(ArrayPicture(pixels))["white"] < 0.3


@pytest.mark.parametrize("side", [1, 2, 5])
def test_tiny_pictures_have_shares_too(side: int) -> None:
    pixels = np.full((side, side, 3), 255, np.uint8)
    assert body_shares(ArrayPicture(pixels))["white"] == 1


def test_a_track_matches_by_the_median_of_its_crops() -> None:
    seen = matches(MatchColour(colour="white"), [WHITE, BLACK, WHITE, BLACK, WHITE])
    assert [each.score for each in seen] == [1, 0, 1, 0, 1]
    assert [each.is_match for each in seen] == [False, False, True, False, True]


def test_one_crop_alone_decides_nothing() -> None:
    seen = matches(MatchColour(colour="white"), [WHITE, WHITE])
    assert [each.is_match for each in seen] == [False, True]


def test_a_match_says_what_was_sought_and_where_the_object_is() -> None:
    (seen,) = matches(MatchColour(colour="red"), [BLACK])
    assert (seen.colour, seen.label, seen.box, seen.track) == ("red", "car", BOX, 1)
    assert (seen.key, seen.time_s) == (Key("a", 0), Fraction(0))


@pytest.mark.parametrize(
    "change",
    [
        {"box": (1.0, 100.0, 101.0, 160.0)},
        {"box": (100.0, 0.0, 200.0, 60.0)},
        {"box": (539.0, 100.0, 639.0, 160.0)},
        {"box": (100.0, 299.0, 200.0, 359.0)},
        {"box": (100.0, 100.0, 421.0, 160.0)},
        {"box": (100.0, 100.0, 200.0, 131.0)},
        {"confidence": 0.39},
    ],
)
def test_crops_that_are_cut_too_wide_too_small_or_unsure_have_no_vote(
    change: dict[str, float],
) -> None:
    operator = MatchColour(colour="white")
    seen = [operator(crop(painted(WHITE), frame=n, **change)) for n in range(4)]  # type: ignore[arg-type]  # one of several keywords
    assert [(each.score, each.is_match) for each in seen] == [(0, False)] * 4


def test_tracks_are_decided_each_by_itself() -> None:
    operator = MatchColour(colour="white")
    for n in range(3):
        white = operator(crop(painted(WHITE), frame=n, track=1))
        black = operator(crop(painted(BLACK), frame=n, track=2))
    assert (white.is_match, black.is_match) == (True, False)


def test_an_unknown_colour_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(DeclarationError, match=r"(?s)found colour 'whit'.*try white"):
        MatchColour(colour="whit")  # type: ignore[arg-type]  # what a user may write


def test_a_matcher_resumed_from_its_state_goes_on_as_before() -> None:
    bodies = [WHITE, BLACK, WHITE, WHITE, BLACK, WHITE]
    expected = [each.score for each in matches(MatchColour(colour="white"), bodies)]
    first, second = MatchColour(colour="white"), MatchColour(colour="white")
    head = [each.score for each in matches(first, bodies[:3])]
    second.state = copy.deepcopy(first.state)
    assert head + [each.score for each in matches(second, bodies[3:])] == expected


def test_a_track_gets_the_label_that_most_of_its_crops_had() -> None:
    operator = Classify()
    labels = ["truck", "car", "car", "truck", "truck"]
    crops = [crop(painted(WHITE), frame=n, label=label) for n, label in enumerate(labels)]
    assert [operator(each).label for each in crops] == ["truck", "truck", "car", "truck", "truck"]


def test_labels_of_other_tracks_do_not_count() -> None:
    operator = Classify()
    for n in range(3):
        operator(crop(painted(WHITE), frame=n, track=1, label="bus"))
    assert operator(crop(painted(WHITE), frame=3, track=2, label="car")).label == "car"


def test_votes_are_bounded_and_old_tracks_forgotten() -> None:
    votes = Votes.none()
    for n in range(600):
        votes = votes.add(1, n / 25, n)
    assert votes.of(1).tolist() == list(range(100, 600))
    later = votes.add(2, 90.0, 1)
    assert (len(later.of(1)), len(later.of(2))) == (0, 1)
