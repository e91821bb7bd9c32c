"""A Modbus device that others wrote: pymodbus' servers, on a pty and on TCP."""

import asyncio
import threading
from pathlib import Path
from typing import Any

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.simulators.plug_pty import PlugPty


class ForeignModbus:
    """Sensors at units 1 (26.1 °C, 45.0 %, input registers) and 3 (the same, holding), relay and set point at 2.

    Args:
        tcp: Modbus TCP instead of a pty.
    """

    def __init__(self, tcp: bool = False) -> None:
        self.url = ""
        self.writes: list[tuple[int, int, list[Any]]] = []
        self._tcp = tcp
        self._pair = (_Null("a"), _Null("b")) if not tcp else None
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="pymodbus")
        self._server: Any = None

    def start(self) -> None:
        if self._pair:
            for end, other in (self._pair, self._pair[::-1]):
                end.other = other
                end.plug.start()
            self.url = self._pair[0].plug.url
        self._thread.start()
        assert self._started.wait(30)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(30)
        self._thread.join(30)
        for end in self._pair or ():
            end.plug.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async def acted(
            function: int, _start: int, address: int, _count: int, _registers: list[int], values: Any
        ) -> None:
            if values is not None:
                self.writes.append((function, address, list(values)))

        sensor = [SimData(0, values=[261, 450], datatype=DataType.REGISTERS)]
        nothing = [SimData(900, values=[0], datatype=DataType.REGISTERS)]
        coils = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        aim = [SimData(16, values=[0], datatype=DataType.REGISTERS)]
        no_bits = [SimData(900, values=[False] * 16, datatype=DataType.BITS)]
        devices = [
            SimDevice(1, (no_bits, no_bits, nothing, sensor)),
            SimDevice(2, (coils, no_bits, aim, nothing), action=acted),
            SimDevice(3, (no_bits, no_bits, sensor, nothing)),
        ]
        if self._tcp:
            self._server = ModbusTcpServer(devices, address=("127.0.0.1", 0))
        else:
            assert self._pair
            self._server = ModbusSerialServer(
                devices, framer=FramerType.RTU, port=str(Path(self._pair[1].plug.url)), baudrate=9600
            )
        await self._server.serve_forever(background=True)
        if self._tcp:
            self.url = f"tcp://127.0.0.1:{self._server.transport.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._server.serving


class _Null:
    """One end of a null modem made of two ptys: what comes in here goes out there."""

    def __init__(self, name: str) -> None:
        self.other: _Null = self
        self.plug = PlugPty(lambda data: self.other.plug.send(data) and None, name)
