"""What one object is, decided over its whole track: its type by majority, its colour by median."""

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from vedette.declaring.operator import operator
from vedette.errors import DeclarationError, Problem, nearest
from vedette.ops.bounds import Share
from vedette.ops.colour import COLOURS, Colour, body_shares
from vedette.ops.votes import MOST_PER_TRACK, Ballots
from vedette.types.media import Crop, Match

EDGE_PX = 2.0
"""A box this close to the picture's edge was cut by it."""


@dataclass(frozen=True, eq=False, slots=True)
class LabelVotes:
    """``votes`` hold indices into ``labels``, which are in the order of their first vote."""

    labels: tuple[str, ...] = ()
    votes: Ballots = field(default_factory=Ballots)


@operator
class Classify:
    """Give a crop the label that most crops of its track had so far, the earlier one if equal."""

    def __init__(self) -> None:
        self.state = LabelVotes()

    def __call__(self, crop: Crop) -> Crop:
        labels = self.state.labels
        if crop.label not in labels:
            labels = (*labels, crop.label)
        stream, time_s = crop.frame.key.stream, float(crop.frame.time_s)
        votes = self.state.votes.add(stream, crop.track, time_s, labels.index(crop.label))
        self.state = LabelVotes(labels, votes)
        own = votes.of(stream).of(crop.track).astype(np.intp)
        counts = np.bincount(own)
        first = own[(counts == counts.max())[own].argmax()]
        return crop if labels[first] == crop.label else replace(crop, label=labels[first])


@operator
class MatchColour:
    """Say if a track's object has a colour: the median of its crops' share of that colour.

    The share is of the body's pixels (:mod:`vedette.ops.colour` says which, and what the names
    mean). A crop has a vote if it shows the object whole and well: not cut by the picture's edge,
    not wider than half of the picture, detected with ``min_confidence``, and its short side at
    least ``min_side`` of the picture's width. From ``min_votes`` on it is a match where the median
    reaches ``threshold``; ``score`` is that median (the lower of two middle ones, so that one crop
    alone never decides), 0 without votes.
    """

    def __init__(
        self,
        *,
        colour: Colour,
        threshold: Share = 0.3,
        min_votes: Annotated[int, Ge(1), Le(MOST_PER_TRACK)] = 2,
        min_confidence: Share = 0.4,
        min_side: Share = 0.05,
    ) -> None:
        if colour not in COLOURS:
            raise DeclarationError(
                Problem(f"colour {colour!r}", "a named colour", nearest(str(colour), COLOURS))
            )
        self.colour: Colour = colour
        self.threshold = threshold
        self.min_votes = min_votes
        self.min_confidence = min_confidence
        self.min_side = min_side
        self.state = Ballots()

    def __call__(self, crop: Crop) -> Match:
        stream = crop.frame.key.stream
        if self._may_vote(crop):
            share = body_shares(crop.frame.picture)[self.colour]
            self.state = self.state.add(stream, crop.track, float(crop.frame.time_s), share)
        shares = self.state.of(stream).of(crop.track)
        score = float(np.sort(shares)[(len(shares) - 1) // 2]) if len(shares) else 0.0
        return Match(
            key=crop.frame.key,
            time_s=crop.frame.time_s,
            track=crop.track,
            label=crop.label,
            box=crop.box,
            score=score,
            is_match=len(shares) >= self.min_votes and score >= self.threshold,
            crop=crop,
            colour=self.colour,
        )

    def _may_vote(self, crop: Crop) -> bool:
        x0, y0, x1, y1 = crop.box
        width, height = crop.frame.size
        whole = min(x0, y0, width - x1, height - y1) > EDGE_PX
        sized = x1 - x0 <= width / 2 and min(x1 - x0, y1 - y0) >= self.min_side * width
        return whole and sized and crop.confidence >= self.min_confidence
