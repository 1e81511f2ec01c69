"""What a crop shows, asked of an image classifier."""

from dataclasses import replace
from typing import Annotated

from annotated_types import MinLen

from vedette.declaring.operator import Model, operator
from vedette.errors import ModelError, Problem, nearest
from vedette.models.backend import Classifier
from vedette.ops.bounds import Share
from vedette.types.media import Crop

LabelNames = Annotated[dict[str, Annotated[list[str], MinLen(1)]], MinLen(1)]


@operator
def classify_image(
    crop: Crop,
    *,
    model: Model[Classifier],
    threshold: Share = 0.5,
    merge: LabelNames | None = None,
) -> Crop:
    """Give a crop the label that an image classifier is surest of, where it is sure enough.

    Below ``threshold`` the crop keeps its detector's label. ``merge`` adds the probabilities of
    several of the classifier's labels under one name, as in ``{"lorry": ["moving van", "trailer
    truck"]}``; only such names are given then. The confidence stays the detector's. A ``classify``
    step behind it takes the majority over the object's track.
    """
    (shares,) = model.classify([crop.frame])
    sure = (
        {model.labels[shares.argmax()]: float(shares.max())}
        if merge is None
        else {
            name: sum(float(shares[_number(label, model.labels)]) for label in labels)
            for name, labels in merge.items()
        }
    )
    best = max(sure, key=sure.__getitem__)
    return replace(crop, label=best) if sure[best] >= threshold else crop


def _number(label: str, labels: tuple[str, ...]) -> int:
    if label not in labels:
        raise ModelError(
            Problem(f"the label {label}", "a label of the classifier", nearest(label, labels))
        )
    return labels.index(label)
