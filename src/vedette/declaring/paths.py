"""Where a path in a declaration leads: it starts at the folder of the file that it stands in."""

import os.path
import re
from pathlib import Path


def local_path(url: str, folder: Path) -> str:
    """A relative path as seen from the current folder; URLs and absolute paths stay.

    >>> local_path("camera1.mp4", Path("city")), local_path("rtsp://10.0.0.7/a", Path("city"))
    ('city/camera1.mp4', 'rtsp://10.0.0.7/a')
    """
    return url if is_absolute(url) else os.path.normpath(folder / url)


def is_absolute(url: str) -> bool:
    """Whether it means the same in any folder; of a variable only its user knows."""
    return re.match(r"[A-Za-z][\w+.-]+:|\$\{", url) is not None or Path(url).is_absolute()
