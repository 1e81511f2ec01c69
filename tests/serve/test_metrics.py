"""A client's own metrics: the two parts of a request that no server knows, and the others."""

from urllib.request import urlopen

import pytest

from vedette.errors import InputError
from vedette.models.ledger import Ledger
from vedette.models.wire import Timings
from vedette.serve.metrics import listening


def test_prometheus_reads_all_four_parts_while_a_run_goes_on() -> None:
    ledger = Ledger()
    with listening(ledger, 0) as port:
        ledger.add("cloud-1-street", Timings(0.002, 0.010, 0.004, 0.020))
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    name = "vedette_client_request_seconds_sum"
    found = {line for line in text.splitlines() if line.startswith(name)}
    asked = 'asked="cloud-1-street"'
    assert found == {
        f'{name}{{{asked},part="client_queue"}} 0.002',
        f'{name}{{{asked},part="transmission"}} 0.01',
        f'{name}{{{asked},part="server_queue"}} 0.004',
        f'{name}{{{asked},part="compute"}} 0.02',
    }


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with (
        listening(Ledger(), 0) as port,
        pytest.raises(InputError, match=f"the port {port}"),
        listening(Ledger(), port),
    ):
        pass
