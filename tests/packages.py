"""Tiny packages with operators in them, installed into a folder as an installer leaves them."""

from pathlib import Path

BLUR = '''
import vedette as vd
from vedette.types.media import Frame


@vd.operator
def blur(frame: Frame, *, strength: int = 3) -> Frame | None:
    """A frame that nobody can read a number plate in."""
    return frame if frame.key.frame % strength == 0 else None
'''


def install(folder: Path, package: str, source: str, points: dict[str, str]) -> Path:
    """A distribution ``package`` 1.0 with the module ``{package}_ops`` and its entry points."""
    told = folder / f"{package}-1.0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (told / "entry_points.txt").write_text("\n".join(["[vedette.operators]", *lines, ""]))
    (folder / f"{package}_ops.py").write_text(source)
    return folder
