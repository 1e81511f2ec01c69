"""Image classifiers: one score a label, as logits or as probabilities."""

import numpy as np

from vedette.models.heads.common import Fit, Floats, Outputs, View, softmax


def classes(outputs: Outputs) -> Floats:
    """Probabilities (labels,): what already sums to one is left alone, logits become softmax.

    >>> classes({"p": np.array([[0.25, 0.75]], np.float32)}).tolist()
    [0.25, 0.75]
    >>> classes({"x": np.array([[0.0, 0.0]], np.float32)}).tolist()
    [0.5, 0.5]
    """
    (output,) = outputs.values()
    scores = np.asarray(output, np.float32).reshape(-1)
    is_shares = scores.min() >= 0 and abs(float(scores.sum()) - 1) < 1e-3
    return scores if is_shares else softmax(scores)


def fits_classes(outputs: Outputs, view: View) -> Fit | None:
    if len(outputs) != 1:
        return None
    (output,) = outputs.values()
    labels = output.size
    is_vector = output.ndim in (2, 4) and output.shape[0] == 1 and labels == max(output.shape)
    if not is_vector or labels < 2 or (view.labels and labels != view.labels):
        return None
    return Fit(labels, f"one output of {labels} scores for the whole picture")
