"""Temperature and humidity of a zone, and its air conditioner: ``driver`` joins a sensor to a ``thermostat``.

May import ``drivers.device``, ``port``, ``supervisor`` and ``errors``. ``modbus`` and ``sht3x`` are the protocols.
"""
