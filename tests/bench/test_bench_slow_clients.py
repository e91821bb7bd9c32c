"""Requests of a hall at work beside slow clients: silent, or half-way through a head, a body or a TLS handshake."""

import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import slow
from certificates import make_certificate
from load import Raw
from program import CONFIG, QuhaoProcess


def told(values: Sequence[float], digits: int = 1) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)


class TlsProcess(QuhaoProcess):
    """The same over TLS; ready once it listens."""

    def _answers(self, _path: str) -> bool:
        assert self.process and self.process.poll() is None, self.log.read_text("utf-8")
        try:
            Raw(self.port).close()
        except OSError:
            return False
        return True


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_bench_slow_clients(tmp_path: Path, whole: bool, figure: Callable[[str], None], kind: str) -> None:
    count, seconds = (2000, 60.0) if whole else (100, 0.5)
    context: ssl.SSLContext | None = None
    config = CONFIG
    if kind == "tls":
        certificate, key = make_certificate(tmp_path)
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False
        config = CONFIG.replace("port = {port}", f'port = {{port}}\ntls_cert = "{certificate}"\ntls_key = "{key}"')
    with (TlsProcess if context else QuhaoProcess)(tmp_path, config=config, forked=True) as quhao:
        desk, clerk = quhao.token("desk"), quhao.token("clerk", "3")
        quhao.start()

        def work(seconds: float) -> list[float]:
            """Times of a kiosk's and a window's requests, at the pace of a busy hall."""
            times: list[float] = []
            kiosk, window = Raw(quhao.port, desk, context), Raw(quhao.port, clerk, context)
            over = time.monotonic() + seconds
            while not times or time.monotonic() < over:
                for raw, path, body in (
                    (kiosk, "/api/v1/tickets", {"service": "business-licence"}),
                    (window, "/api/v1/windows/3/call-next", {}),
                    (window, "/api/v1/windows/3/finish", {"outcome": "done"}),
                ):
                    begin = time.perf_counter()
                    assert raw.post(path, dict(body))[0] in (200, 201)
                    times.append((time.perf_counter() - begin) * 1000)
                    time.sleep(0.01)
            kiosk.close()
            window.close()
            return times

        work(min(3.0, seconds))
        alone = work(seconds / 4)
        flood = subprocess.Popen(
            [sys.executable, slow.__file__, str(quhao.port), str(count), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert flood.stdout
            assert flood.stdout.readline() == "open\n"
            beside = work(seconds)
            said, _ = flood.communicate("")
        finally:
            flood.kill()
            flood.wait()
        still_open, opened = map(int, said.split())
        alone += work(seconds / 4)
        # Of those that were open at first, none is left.
        assert not whole or opened > 2 * count
    ours, theirs = (
        (statistics.median(times), sorted(times)[int(len(times) * 0.99)], max(times)) for times in (beside, alone)
    )
    figure(
        f"{kind}: beside {still_open} slow connections ({opened - still_open} more were cut): p50, p99, longest "
        f"{told(ours)} ms; without them {told(theirs)} ms; "
        f"ratios {told([a / b for a, b in zip(ours, theirs, strict=True)], 2)}"
    )
