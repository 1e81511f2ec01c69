from vedette.models.ledger import PARTS, Ledger
from vedette.models.wire import Timings


def test_the_mean_of_each_part_is_kept_by_name() -> None:
    ledger = Ledger()
    ledger.add("cloud-1-street", Timings(0.002, 0.010, 0.004, 0.020))
    ledger.add("cloud-1-street", Timings(0.004, 0.030, 0.000, 0.040))
    ledger.add("nano", Timings(0.0, 0.001))
    found = ledger.breakdowns()
    street = found["cloud-1-street"]
    parts = (
        street.client_queue_ms,
        street.transmission_ms,
        street.server_queue_ms,
        street.compute_ms,
    )
    assert [round(each, 9) for each in parts] == [3.0, 20.0, 2.0, 30.0]
    assert (street.count, round(street.total_ms, 9)) == (2, 55.0)
    assert found["nano"].count == 1


def test_histograms_count_every_request_in_all_four_parts() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.add("nano", Timings(0.0002, 0.02, 0.0, 20.0))
    found = {part: (counts, total_s) for _, part, counts, total_s in ledger.histograms()}
    assert tuple(found) == PARTS
    assert found["client_queue"][0][0] == 3
    assert found["compute"][0][-2:] == [0, 3]
    assert found["compute"][1] == 60.0
