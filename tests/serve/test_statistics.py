"""What a model counts, as Triton's statistics extension has it."""

import pytest

from vedette.serve.statistics import Statistics


def test_batches_have_their_own_counts_and_times() -> None:
    """Two requests in one batch of 3 rows that took 30 ms, and one alone that took 20 ms."""
    counted = Statistics()
    for rows, together, compute_s in ((1, 3, 0.03), (2, 3, 0.03), (1, 1, 0.02)):
        counted.succeeded(
            rows=rows, batch_rows=together, queue_s=0.0, compute_s=compute_s, whole_s=compute_s
        )
    told = counted.to_protocol("m", "1")
    assert (told["inference_count"], told["execution_count"]) == (4, 2)
    each = {one["batch_size"]: one["compute_infer"] for one in told["batch_stats"]}
    assert each[3] == {"count": 1, "ns": pytest.approx(30e6)}
    assert each[1] == {"count": 1, "ns": pytest.approx(20e6)}
