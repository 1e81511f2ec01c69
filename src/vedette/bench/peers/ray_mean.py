"""Ray Serve: one replica behind one proxy, the body's bytes read as they are."""

import signal
import sys
from typing import Any

import ray  # type: ignore[import-not-found,unused-ignore]
from mean import Mean  # type: ignore[import-not-found]
from ray import serve  # type: ignore[import-not-found,unused-ignore]
from starlette.requests import Request  # type: ignore[import-not-found,unused-ignore]
from starlette.responses import Response  # type: ignore[import-not-found,unused-ignore]


@serve.deployment(num_replicas=1, max_ongoing_requests=64)  # type: ignore[untyped-decorator,unused-ignore]
class Service:
    def __init__(self) -> None:
        self.mean = Mean()

    async def __call__(self, request: Request) -> Any:
        if request.method == "GET":  # to see whether it is there
            return Response(b"ready")
        return Response(self.mean.of_bytes(await request.body()))


def main() -> None:
    ray.init(include_dashboard=False, num_cpus=4, log_to_driver=False)
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(sys.argv[1])},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )
    serve.run(
        Service.bind(),  # type: ignore[attr-defined,unused-ignore]
        route_prefix="/",
    )
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    serve.shutdown()  # type: ignore[no-untyped-call,unused-ignore]
    ray.shutdown()  # type: ignore[no-untyped-call,unused-ignore]


if __name__ == "__main__":
    main()
