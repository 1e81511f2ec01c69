"""What users write in workflow.yaml and cluster.yaml, as types: readers and schemas use both.

A name's text, a number's bounds and its unit are annotations. Defaults are those of
:mod:`vedette.types`, which a test compares.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

from vedette.types.cluster import Tier
from vedette.types.coding import STILL, Codec
from vedette.types.graph import Accuracy, Metric, Scalar, Value
from vedette.types.models import HeadName


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts; a message and the schema say it."""

    name: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "description": f"in {self.name}"}


@dataclass(frozen=True, slots=True)
class Form:
    """What text of a pattern is, in words, where it is no name."""

    words: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks text that is one of ``names``, more than a message should list; ``kind`` says what."""

    names: tuple[str, ...]
    kind: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._known, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "enum": list(self.names)}

    def _known(self, name: str) -> str:
        if name not in self.names:
            raise ValueError(self.kind)
        return name


class ZooLabel(OneOf):
    """Marks a label of the zoo's models; where a step runs a model of the user's, of that."""


NAME_PATTERN = r"^\w[\w-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1)]
FrameNumber = Annotated[int, Ge(0), Le(10**12), Unit("frames")]
Seconds = Annotated[float, Gt(0), Le(1e6), Unit("seconds")]
Pixels = Annotated[float, Ge(0), Le(1e5), Unit("pixels")]
Rate = Annotated[float, Gt(0), Le(1e6), Unit("Mbit/s")]
Delay = Annotated[float, Ge(0), Le(1e5), Unit("milliseconds")]
Share = Annotated[float, Gt(0), Le(1)]
Weight = Annotated[float, Gt(0), Le(1e9)]
Quantiser = Annotated[int, Ge(0), Le(51)]
Still = Annotated[
    str, StringConstraints(pattern=STILL), Form("jpeg or webp with a quality, as in jpeg 90")
]
Number = Annotated[float, Ge(-1e6), Le(1e6)]
ModelSize = (
    Annotated[int, Ge(16), Le(8192), Unit("pixels")]
    | Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{1,3}-wide$")]
)
Version = Literal[1]


class Syntax(BaseModel):
    """A mapping whose keys are these fields and no others."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class StreamSyntax(Syntax):
    """One camera."""

    url: Text
    """A file, folder, URL or webcam (webcam:0); a relative path starts at this file's folder."""
    plan_on: Annotated[list[FrameNumber], MaxLen(2)] | None = None
    """Frames [start, end) to plan on; [start] goes to the end, [] is none."""
    report_on: Annotated[list[FrameNumber], MaxLen(2)] | None = None
    """Frames [start, end) to report on; [start] goes to the end, [] is none."""
    pace: Literal["file", "live"] = "file"
    """live: frames arrive when they were captured, and a full queue drops the oldest.

    It is the only pace of rtsp, rtmp, srt, tcp, udp and webcams: no need to say it of them."""
    repeat: Annotated[int, Ge(1), Le(10**6)] = 1
    """How often to play it."""
    labels: Text | None = None
    """A file of what people saw in it (NAME.txt as MOTChallenge has it, or COCO's NAME.json).

    Accuracy is then against these labels. A relative path starts at this file's folder."""
    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise to put upright what a player shows: for cameras that hang sideways."""
    decode: Literal["all", "asked"] = "all"
    """When a file is decoded: all of it as it is read, which no step is charged for, or what a step
    asks for, which is charged to that step."""


class ModelSyntax(Syntax):
    """A model file of yours; what is left out is found out from the file, or usual for its head."""

    file: Text
    """ONNX, TorchScript (.pt) or torch.export (.pt2): a path, or an https address with sha256."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    """What the file's digest has to be."""
    head: HeadName | None = None
    """How its outputs are read."""
    size: ModelSize | Annotated[list[ModelSize], MinLen(1)] | None = None
    """Pixels of a square input, or "416-wide": the longer side. Several are a variant each."""
    labels: Text | Annotated[list[Text], MinLen(1)] | None = None
    """What its classes are called, in their order; or a file with a name in each line."""
    colours: Literal["rgb", "bgr"] | None = None
    range: Annotated[list[Number], MinLen(2), MaxLen(2)] | None = None
    """What a pixel's 0 to 255 becomes, as in [0, 1]."""
    mean: Annotated[list[Number], MinLen(3), MaxLen(3)] | None = None
    """Taken off after that, for each channel in the order of its colours."""
    std: Annotated[list[Annotated[float, Gt(0), Le(1e6)]], MinLen(3), MaxLen(3)] | None = None
    """Divided by after that."""
    pad: Annotated[float, Ge(0), Le(255)] | None = None
    """The pixel beside a picture that keeps its proportions."""
    fit: Literal["letterbox", "stretch"] | None = None
    """letterbox keeps a picture's proportions and pads it."""
    layout: Literal["nchw", "nhwc"] | None = None
    """Where the input's channels lie."""
    boxes: Literal["pixels", "shares"] | None = None
    """Whether its boxes count pixels of the input or shares of it."""
    anchors: (
        Annotated[
            dict[
                Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}$")],
                Annotated[list[Annotated[list[Number], MinLen(2), MaxLen(2)]], MinLen(1)],
            ],
            MinLen(1),
        ]
        | None
    ) = None
    """Of raw grids: pairs of width and height in pixels of the input, by the grid's stride."""
    provider: Literal["cpu", "cuda", "tensorrt", "openvino"] = "cpu"
    """What runs it."""


class ChooseSyntax(Syntax):
    """Values that the planner chooses from."""

    choose: Annotated[list[Scalar], MinLen(1)]
    """The most accurate first."""


class StepSyntax(Syntax):
    """One operator with its settings: a value each, or {choose: [...]}."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)
    __pydantic_extra__: dict[str, ChooseSyntax | Value] = Field(init=False)

    run: Text
    """The operator's name."""
    inputs: Name | Annotated[list[Name], MinLen(1)] = Field(alias="from")
    """Steps or sources to read from."""
    when: dict[Text, Scalar | Annotated[list[Scalar], MinLen(1)]] = {}
    """Only items whose attribute has one of these values."""


class ObjectiveSyntax(Syntax):
    """Minimise the sum of weight x metric, under floors and ceilings."""

    minimise: Annotated[dict[Metric, Weight], MinLen(1)] = {"wan_mbps": 1.0}
    floors: dict[Accuracy, Share] = {"event_f1": 0.9}
    """The least accuracy; of a workflow that answers yes or no {answers: 0.95} by default."""
    ceilings: dict[Metric, Weight] = {}
    """The most of a metric, in its own unit."""


class EventsSyntax(Syntax):
    """What counts as an event."""

    min_duration_s: Seconds = 1.0
    min_side_px: Pixels | None = None
    """By default 20 at 320 px source width, 24 at 640, 32 at 960."""
    start_confidence: Share = 0.5
    tracks: Name = "track"
    """The step whose detections are tracked."""


class TransportSyntax(Syntax):
    """How frames travel between machines."""

    qp: Annotated[list[Quantiser | Still], MinLen(1)] = [18, 22, 26, 30, 34]
    """What the planner chooses from, the most accurate first: constant quantisers of H.264, or
    `jpeg 90` and `webp 80`, with qualities up to 100."""
    gop_s: Seconds = 2.0
    """Time between keyframes."""


SourceSyntax = (
    Text | Annotated[list[Text], MinLen(1)] | Annotated[dict[Name, Text | StreamSyntax], MinLen(1)]
)


class WorkflowSyntax(Syntax):
    """What to find in which cameras, and at what accuracy and cost."""

    version: Version = 1
    name: Name
    sources: Annotated[dict[Name, SourceSyntax], MinLen(1)]
    """Streams that are treated alike: by name, a list of URLs, or one URL."""
    models: dict[Name, Text | ModelSyntax] = {}
    """Model files of yours, for steps to name beside those of the zoo."""
    cascades: dict[Name, Text] = {}
    """Folders that `vedette learn cascade` wrote, for presence steps to name as models."""
    steps: Annotated[dict[Name, StepSyntax], MinLen(1)]
    objective: ObjectiveSyntax = ObjectiveSyntax()
    events: EventsSyntax = EventsSyntax()
    transport: TransportSyntax = TransportSyntax()
    deliver_to: Name = "edge"
    """The tier or device where answers are wanted."""
    evidence_to: Name | None = None
    """The tier or device that each event's picture is sent to."""


class DeviceSyntax(Syntax):
    """A machine."""

    tier: Tier
    cores: Annotated[float, Gt(0), Le(4096), Unit("cores")]
    speed: Annotated[float, Gt(0), Le(1000)] = 1.0
    """1: one pass of YOLOX-Nano 416 takes 7.7 CPU ms."""
    memory_gb: Annotated[float, Gt(0), Le(1e5), Unit("GB")] = 4.0
    price_per_hour: Annotated[float, Ge(0), Le(1e6), Unit("money per hour")] = 0.0
    encoder: Codec | None = None
    """A codec that costs this device no core."""
    per_stream: bool = False
    """One such machine beside every stream."""
    max_replicas: Annotated[int, Ge(1), Le(64)] = 1
    """How many machines like this there are: the planner chooses how many of them are used."""
    max_batch: Annotated[int, Ge(1), Le(64)] = 1
    """How many frames a model there may take in one pass: the planner chooses up to so many."""


class LinkSyntax(Syntax):
    """A connection between two devices."""

    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    rate_mbps: Rate
    back_mbps: Rate | None = None
    """From `to` back to `from`; by default rate_mbps."""
    rtt_ms: Delay
    price_per_gb: Annotated[float, Ge(0), Le(1e6), Unit("money per GB")] = 0.0


class ClusterSyntax(Syntax):
    """The machines and links that a plan may use."""

    version: Version = 1
    name: Name
    devices: Annotated[dict[Name, DeviceSyntax], MinLen(1)]
    links: list[LinkSyntax] = []
