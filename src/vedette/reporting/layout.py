"""Where each step of a plan is drawn: a column for each device, a row for each layer of the graph.

Boxes never overlap and lines run between them: sideways only in the gaps between rows, each
source of a line at its own height; past other boxes only in tracks at a column's right edge.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from vedette.types.cluster import Device
from vedette.types.graph import Source, Step
from vedette.types.plan import Plan

WIDTH = 216.0
SMALL_HEIGHT = 22.0
PADDING = 16.0
LANE_GAP = 12.0
TRACK = 16.0
TIERS = ("camera", "edge", "cloud")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A source or a step. ``is_small``: it only packs, unpacks or hands over."""

    name: str
    device: str
    step: Step | None
    is_small: bool
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + WIDTH / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one box to another; ``crossing`` is where it leaves its device."""

    start: str
    end: str
    points: tuple[Point, ...]
    crossing: Point | None


@dataclass(frozen=True, slots=True)
class Lane:
    """A device's column."""

    device: Device
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Drawing:
    lanes: tuple[Lane, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Node:
    name: str
    inputs: tuple[str, ...]
    step: Step | None
    lane: int
    row: int
    height: float

    @property
    def is_small(self) -> bool:
        return self.height == SMALL_HEIGHT


def is_transport(step: Step) -> bool:
    return step.operator in {"encode", "decode"}


def arrange(plan: Plan, heights: Mapping[str, float]) -> Drawing:
    """The drawing of a plan; ``heights`` has the height of every box that is not small."""
    devices = _devices(plan)
    nodes = tuple(_nodes(plan, [device.name for device in devices], heights))
    columns = _columns(nodes)
    edges = [(source, node.name) for node in nodes for source in node.inputs]
    tracks = _tracks(nodes, columns, edges)
    lanes = tuple(_lanes(devices, nodes, columns, tracks))
    levels = _levels(nodes, edges)
    boxes = {box.name: box for box in _boxes(nodes, columns, lanes, levels)}
    route = _Router({node.name: node for node in nodes}, boxes, lanes, tracks, levels)
    return Drawing(
        lanes=lanes,
        boxes=tuple(boxes.values()),
        arrows=tuple(route(start, end) for start, end in edges),
        width=lanes[-1].x + lanes[-1].width,
        height=max((box.bottom for box in boxes.values()), default=0) + PADDING,
    )


def _devices(plan: Plan) -> list[Device]:
    """The devices from camera to cloud; those without work only where there are few."""
    devices = sorted(plan.cluster.devices, key=lambda device: TIERS.index(device.tier))
    busy = set(plan.placement.values())
    return devices if len(devices) <= 4 else [each for each in devices if each.name in busy]


def _nodes(plan: Plan, devices: list[str], heights: Mapping[str, float]) -> Iterator[_Node]:
    rows: dict[str, int] = {}
    everything: tuple[Source | Step, ...] = (*plan.workflow.sources, *plan.workflow.ordered())
    for each in everything:
        step = each if isinstance(each, Step) else None
        inputs = step.inputs if step else ()
        rows[each.name] = max((rows[name] + 1 for name in inputs), default=0)
        lane = devices.index(plan.placement.get(each.name, devices[0]))
        small = step is not None and is_transport(step)
        height = SMALL_HEIGHT if small else heights[each.name]
        yield _Node(each.name, inputs, step, lane, rows[each.name], height)


def _columns(nodes: Iterable[_Node]) -> dict[str, int]:
    """Steps side by side in a lane: each below its first input where there is room."""
    columns: dict[str, int] = {}
    taken: set[tuple[int, int, int]] = set()
    lane_of: dict[str, int] = {}
    for node in nodes:
        wished = next((columns[name] for name in node.inputs if lane_of[name] == node.lane), 0)
        column = next(
            each
            for each in (wished, *range(len(taken) + 1))
            if (node.lane, node.row, each) not in taken
        )
        columns[node.name], lane_of[node.name] = column, node.lane
        taken.add((node.lane, node.row, column))
    return columns


def _tracks(
    nodes: Iterable[_Node], columns: Mapping[str, int], edges: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """The track of each line that must pass beside boxes; lines of one source share one."""
    by_name = {node.name: node for node in nodes}
    cells = {(node.lane, columns[node.name], node.row) for node in by_name.values()}
    tracks: dict[tuple[str, str], int] = {}
    spans: dict[tuple[int, int], list[tuple[int, int, str]]] = defaultdict(list)
    for start, end in edges:
        first, last = by_name[start], by_name[end]
        between = range(first.row + 1, last.row)
        if not any((last.lane, columns[end], row) in cells for row in between):
            continue
        tracks[start, end] = next(
            track
            for track in range(len(by_name) + 1)
            if all(
                source == start or high <= first.row or low >= last.row
                for low, high, source in spans[last.lane, track]
            )
        )
        spans[last.lane, tracks[start, end]].append((first.row, last.row, start))
    return tracks


def _lanes(
    devices: Iterable[Device],
    nodes: tuple[_Node, ...],
    columns: Mapping[str, int],
    tracks: Mapping[tuple[str, str], int],
) -> Iterator[Lane]:
    lane_of = {node.name: node.lane for node in nodes}
    x = 0.0
    for index, device in enumerate(devices):
        boxes = 1 + max((columns[node.name] for node in nodes if node.lane == index), default=0)
        beside = 1 + max((t for (_, end), t in tracks.items() if lane_of[end] == index), default=-1)
        width = PADDING + boxes * (WIDTH + PADDING) + beside * TRACK
        yield Lane(device, x, width)
        x += width + LANE_GAP


def _levels(
    nodes: tuple[_Node, ...], edges: Iterable[tuple[str, str]]
) -> dict[tuple[int, str], tuple[float, float]]:
    """For each gap (below a row) and source of lines in it: its height there, and the gap's."""
    by_name = {node.name: node for node in nodes}
    sources: dict[int, dict[str, bool]] = defaultdict(dict)
    for start, end in edges:
        first, last = by_name[start], by_name[end]
        crosses = first.lane != last.lane
        for gap, is_labelled in ((first.row, crosses), (last.row - 1, False)):
            sources[gap][start] = sources[gap].get(start, False) or is_labelled
    levels: dict[tuple[int, str], tuple[float, float]] = {}
    for gap, names in sources.items():
        step = 18.0 if any(names.values()) else 8.0
        size = 12.0 + step * len(names)
        for index, name in enumerate(names):
            levels[gap, name] = (6.0 + step * (index + 0.5), size)
    return levels


def _boxes(
    nodes: tuple[_Node, ...],
    columns: Mapping[str, int],
    lanes: tuple[Lane, ...],
    levels: Mapping[tuple[int, str], tuple[float, float]],
) -> Iterator[Box]:
    gaps = {gap: size for (gap, _), (_, size) in levels.items()}
    y = PADDING
    for row in range(1 + max(node.row for node in nodes)):
        members = [node for node in nodes if node.row == row]
        height = max(node.height for node in members)
        for node in members:
            x = lanes[node.lane].x + PADDING + columns[node.name] * (WIDTH + PADDING)
            top = y + (height - node.height) / 2 if node.is_small else y
            yield Box(
                node.name,
                lanes[node.lane].device.name,
                node.step,
                node.is_small,
                x,
                top,
                node.height,
            )
        y += height + gaps.get(row, 0.0)


@dataclass(frozen=True, slots=True)
class _Router:
    nodes: Mapping[str, _Node]
    boxes: Mapping[str, Box]
    lanes: tuple[Lane, ...]
    tracks: Mapping[tuple[str, str], int]
    levels: Mapping[tuple[int, str], tuple[float, float]]

    def __call__(self, start: str, end: str) -> Arrow:
        first, last = self.boxes[start], self.boxes[end]
        leave = self._height(self.nodes[start].row, start)
        x = self._entry(start, end)
        points = [(first.middle, first.bottom), (first.middle, leave)]
        if (start, end) in self.tracks:
            beside = self._track(start, end)
            arrive = self._height(self.nodes[end].row - 1, start)
            points += [(beside, leave), (beside, arrive), (x, arrive)]
        else:
            points += [(x, leave)]
        points.append((x, last.y))
        crossing = (self._border(start, end), leave)
        crosses = first.device != last.device
        return Arrow(start, end, _straight(points), crossing if crosses else None)

    def _border(self, start: str, end: str) -> float:
        """Where a line leaves its lane towards another."""
        here, there = self.lanes[self.nodes[start].lane], self.lanes[self.nodes[end].lane]
        right = here.x + here.width + LANE_GAP / 2
        return right if there.x > here.x else here.x - LANE_GAP / 2

    def _height(self, gap: int, source: str) -> float:
        """Where in a gap this source's lines run: under the row's tallest box."""
        row = (box.bottom for name, box in self.boxes.items() if self.nodes[name].row == gap)
        return max(row) + self.levels[gap, source][0]

    def _entry(self, start: str, end: str) -> float:
        """Inputs enter side by side, the one from straight above in the middle."""
        box = self.boxes[end]
        inputs = sorted(
            self.nodes[end].inputs,
            key=lambda name: (
                (name, end) in self.tracks,
                abs(self.boxes[name].middle - box.middle),
            ),
        )
        return box.middle + min(24.0, WIDTH / 2 / len(inputs)) * inputs.index(start)

    def _track(self, start: str, end: str) -> float:
        lane = self.lanes[self.nodes[end].lane]
        beside = [
            t for (_, e), t in self.tracks.items() if self.nodes[e].lane == self.nodes[end].lane
        ]
        left = lane.x + lane.width - (1 + max(beside)) * TRACK
        return left + (self.tracks[start, end]) * TRACK


def _straight(points: Iterable[Point]) -> tuple[Point, ...]:
    """The corners only: repeated points and points on a straight line are left out."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return tuple(kept)
