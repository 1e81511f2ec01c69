"""NoScope's table: a cascade that was learned against the reference that it must agree with.

Seven questions at rates of 1, 2 and 5%. Each is learned on the first half of its clip and reported
on the second, where the tiled reference runs, too, and nobody has learned from it. Speed is that
of the real executor, decoding included; learning is stated apart. Beside the cascade stand the
reference, a single pass of its detector, each stage alone before the reference, decoding with
nothing after it, and what a plain search would have chosen that promises nothing.

NoScope (Kang et al., VLDB 2017) reports 265 to 15,500 times real time at 1 to 5% loss, without
decoding, on a GPU.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from vedette.bench import noscope_long, noscope_optimiser
from vedette.bench.claims import Result, Setting
from vedette.bench.noscope_cells import Cells
from vedette.bench.noscope_claims import claims, notes
from vedette.bench.noscope_hands import Trained
from vedette.bench.noscope_questions import asked
from vedette.learning.trainer import version
from vedette.profiling.cache import machine
from vedette.session.common import Progress

SHOWN = (
    "question",
    "rate",
    "status",
    "stages",
    "speedup",
    "fps",
    "reference_fps",
    "one_pass_fps",
    "decode_fps",
    "kept",
    "plain_kept",
    "one_pass_wins",
)
"""What a terminal has room for; ``--json`` and the folder have the rest."""


def run(setting: Setting, progress: Progress) -> Result:
    """Every question at every rate; what has no clip is not run, and that is said."""
    quick, torch = setting.is_quick, version()  # nobody waits an hour to hear that it is missing
    questions = asked(setting.clips)
    with TemporaryDirectory() as spare:
        folder = setting.folder or Path(spare)
        rows = list(Cells(folder, Trained(quick), progress, quick).rows(questions))
        tables = list(noscope_optimiser.rows(setting.clips))
        streets = list(noscope_long.streets(folder, progress, is_quick=quick))
    missing = "" if setting.clips is not None else "no --clips"
    return Result(
        track="noscope",
        setup={
            "machine": machine(),
            "clips": missing or sorted({each.about for each in questions if each.clip}),
            "torch": torch,
        },
        quick=quick,
        claims=(
            *claims(rows, missing),
            noscope_optimiser.claim(tables),
            noscope_long.claim(streets),
        ),
        rows=(*rows, *tables, *streets),
        notes=notes(rows),
        shown=SHOWN,
    )
