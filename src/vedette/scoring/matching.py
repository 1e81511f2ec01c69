"""Pairing the objects of two sides one to one."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vedette.boxes import Floats

Indices = NDArray[np.intp]


def most_pairs(worth: Floats, allowed: NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """As many allowed pairs of a row and a column as can be, of these the most ``worth`` in all.

    ``worth`` is between 0 and 1 a pair. Rows and columns of the pairs, in the order of the rows.

    >>> worth = np.array([[0.9, 0.5], [0.6, 0.0]])
    >>> rows, columns = most_pairs(worth, worth > 0)
    >>> list(zip(rows.tolist(), columns.tolist()))
    [(0, 1), (1, 0)]
    """
    one_more_pair = 1 + min(worth.shape)
    value = np.where(allowed, one_more_pair + worth, 0)
    rows, columns = linear_sum_assignment(value, maximize=True)
    kept = allowed[rows, columns]
    return rows[kept], columns[kept]
