"""What running a pipeline costs beyond the work itself: against a plain loop with equal answers.

**CPU milliseconds a frame** are user and system time of a process and its children, as the
operating system counts them when it ends. Starting takes as long for ten frames as for a week of
them, so each side runs twice, over the first frames of a clip and over all of it, and the
difference is divided by the difference in frames; nothing else is taken off. Sides run in turn
within a repetition, every second one the other way round, and ratios are taken within a
repetition, since a machine that is busy with other things makes all sides slower. Several cameras
are several files at once; the plain loop takes them in turn in its one thread, which costs less
than a thread for each.

Start time, peak memory and install size stand beside it. Peers run where there is an environment
for them, with the same model on the same clip.
"""

import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import av

from vedette.bench import floor, peer
from vedette.bench.claims import Claim, Result, Row, Setting, median_claim
from vedette.bench.processes import Cost, Side, ended
from vedette.errors import Problem, VedetteError
from vedette.models import fetch_model
from vedette.models.assets import fetch
from vedette.models.zoo import CLIPS
from vedette.profiling.cache import machine
from vedette.session.common import Progress

CLIP = "ua_detrac.mp4"
CAMERAS = (1, 4)
FIRST_FRAMES = 16
"""What the short run has: each path has then been taken."""
QUICK_FRAMES = 64
"""What each of several cameras has where it is to be quick."""

FLOOR, PIPELINE, PEER = "plain loop", "vedette", "supervision + trackers"
DECODE, SESSION = "bare decode", "bare session.run"

Measured = Mapping[tuple[str, int], Sequence[Cost]]
"""The cost of each repetition, by side and number of cameras."""


def run(setting: Setting, progress: Progress) -> Result:
    """The track: equal answers first, then every side in turn."""
    clip, repetitions = clip_of(setting), 2 if setting.is_quick else 5
    with TemporaryDirectory() as scratch:
        start, part = Path(scratch) / "start.mkv", Path(scratch) / "part.mkv"
        first_frames(clip, start, FIRST_FRAMES)
        first_frames(clip, part, QUICK_FRAMES)
        long = {number: part if setting.is_quick and number > 1 else clip for number in CAMERAS}
        for done, number in enumerate(CAMERAS):
            progress("equal answers", done, len(CAMERAS))
            ensure_equal([long[number]] * number)
        sides = _sides(setting, start, long)
        measured: dict[tuple[str, int], list[Cost]] = {(s.name, s.cameras): [] for s in sides}
        for turn in range(repetitions):
            for number, side in enumerate(sides if turn % 2 == 0 else sides[::-1]):
                progress("repetitions", turn * len(sides) + number, repetitions * len(sides))
                measured[side.name, side.cameras].append(side.cost())
    versions = {name: metadata.version(name) for name in ("av", "onnxruntime", "numpy")}
    setup = {"machine": machine(), "clip": clip.name, "repetitions": repetitions, **versions}
    return Result(
        track="overhead",
        setup=setup,
        quick=setting.is_quick,
        claims=claims(measured),
        rows=(*rows(measured), *beside()),
        notes=(
            "CPU ms a frame: user and system time with children, start-up taken off every side",
            f"Vedette's answers on {clip.name} equal the plain loop's, bit by bit",
            f"peers: {' '.join(peer.PACKAGES)}, in a virtual environment FOLDER/peers of -o FOLDER",
        ),
    )


def claims(measured: Measured) -> tuple[Claim, ...]:
    """What was measured, held to the targets."""
    held = [
        median_claim(f"over the plain loop, {_cameras(number)}", 1.10, "<=", over, "x", "measured")
        for number in CAMERAS
        for over in [_over(measured[PIPELINE, number], measured[FLOOR, number])]
    ]
    bare = [
        loop.frame_ms / (decode.frame_ms + session.frame_ms)
        for loop, decode, session in zip(
            measured[FLOOR, 1], measured[DECODE, 1], measured[SESSION, 1], strict=True
        )
    ]
    name = "plain loop over bare decode + bare session.run"
    return (*held, median_claim(name, 1.35, "<=", bare, "x", "measured"))


def rows(measured: Measured) -> tuple[Row, ...]:
    """A line a side; a peer that was not run says so."""
    found = [_row(name, number, costs, measured) for (name, number), costs in measured.items()]
    missing = [name for name in (PEER,) if (name, 1) not in measured]
    # it takes 2.7 GB and seconds to import: nobody gets it by asking for a benchmark
    missing.append("Roboflow inference")
    return (*found, *({"what": name, "CPU ms a frame": "not run"} for name in missing))


def beside() -> tuple[Row, ...]:
    """How long the command line takes to start, and what an installation takes on disk."""
    begun_s = time.monotonic()
    subprocess.run([sys.executable, "-m", "vedette", "--help"], check=True, capture_output=True)
    help_s = time.monotonic() - begun_s
    sizes = installed("vedette")
    megabytes = round(sum(sizes.values()) / 1e6)
    return (
        {"what": "vedette --help", "first answer s": round(help_s, 2)},
        {"what": f"vedette and {len(sizes) - 1} distributions it needs", "installed MB": megabytes},
    )


def ensure_equal(clips: Sequence[Path]) -> None:
    """Raise VedetteError where the pipeline's answers are not the plain loop's."""
    files = [str(clip) for clip in clips]
    loop = ended([*_floor(), "--check", *files]).said["seen"]
    pipeline = ended([*_pipeline(), "--check", *files]).said["seen"]
    if pipeline != loop:
        other = ", ".join(name for name in loop if pipeline.get(name) != loop[name])
        found = f"answers that are not the plain loop's: {other} of {clips[0].name}"
        hint = "a clip whose pts increase; otherwise this is a mistake of Vedette's"
        raise VedetteError(Problem(found, "equal boxes, labels and tracks", hint))


def first_frames(clip: Path, into: Path, frames: int) -> None:
    """Copy the first packets of a video, as they are."""
    with av.open(str(clip)) as source, av.open(str(into), "w") as target:
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        for packet in islice(source.demux(stream), frames):
            packet.stream = copied
            target.mux(packet)


def installed(name: str) -> dict[str, int]:
    """Bytes on disk of a distribution and of all that it needs, by name, extras left out."""
    sizes: dict[str, int] = {}
    left = [name]
    while left:
        each = left.pop()
        try:
            found = metadata.distribution(each)
        except metadata.PackageNotFoundError:  # for another system or Python
            continue
        if found.name in sizes:
            continue
        paths = [Path(str(file.locate())) for file in found.files or ()]
        sizes[found.name] = sum(path.stat().st_size for path in paths if path.is_file())
        needed = [line for line in found.requires or () if "extra ==" not in line]
        left += [match[0] for line in needed if (match := re.match(r"[\w.-]+", line))]
    return sizes


def _sides(setting: Setting, start: Path, long: Mapping[int, Path]) -> list[Side]:
    """Every program with its short and its long run; of one camera the longer is played twice."""
    passes = ["--passes", "1" if setting.is_quick else "2"]
    once = [*passes, str(long[1])]
    sides = []
    for number in CAMERAS:
        few = [str(start)] * number
        many = once if number == 1 else [str(long[number])] * number
        sides += [
            Side(FLOOR, number, _floor(), few, many),
            Side(PIPELINE, number, _pipeline(), few, many),
        ]
    sides.append(Side(DECODE, 1, [*_floor(), "--bare", "decode"], [str(start)], once))
    none = ["--passes", "0", str(long[1])]
    sides.append(Side(SESSION, 1, [*_floor(), "--bare", "session"], none, once))
    python = None if setting.folder is None else setting.folder / "peers" / "bin" / "python"
    if python is not None and python.exists():
        command = [str(python), peer.__file__, "--model", _model()]
        sides.append(Side(PEER, 1, command, [str(start)], once))
    return sides


def clip_of(setting: Setting) -> Path:
    """The clip out of the folder that was given, or the packaged one."""
    given = None if setting.clips is None else setting.clips / CLIP
    return given.resolve() if given is not None and given.is_file() else fetch(CLIPS["bikes"])


def _model() -> str:
    return str(fetch_model(f"yolox-nano-{floor.SIZE}"))


def _floor() -> list[str]:
    return [sys.executable, floor.__file__, "--model", _model()]


def _pipeline() -> list[str]:
    return [sys.executable, "-m", "vedette.bench.pipeline"]


def _cameras(number: int) -> str:
    return f"{number} camera{'s' if number > 1 else ''}"


def _over(costs: Sequence[Cost], floors: Sequence[Cost]) -> list[float]:
    return [one.frame_ms / other.frame_ms for one, other in zip(costs, floors, strict=True)]


def _row(name: str, cameras: int, costs: Sequence[Cost], measured: Measured) -> Row:
    each = [cost.frame_ms for cost in costs]
    peaks_mb = [cost.long.said["peak_mb"] for cost in costs if "peak_mb" in cost.long.said]
    starts_s = [cost.short.first_s for cost in costs if cost.short.first_s is not None]
    return {
        "what": name,
        "cameras": cameras,
        "CPU ms a frame": median(each),
        "spread": f"{min(each):.3g} to {max(each):.3g}",
        "x plain loop": median(_over(costs, measured[FLOOR, cameras])),
        "peak MB": round(median(peaks_mb)) if peaks_mb else "",
        "first answer s": round(median(starts_s), 2) if starts_s else "",
    }
