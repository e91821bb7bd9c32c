"""A connection to an MQTT broker: ``driver`` keeps what shall stand there; what that is, ``kiosk`` says.

May import ``drivers.device``, ``port``, ``supervisor`` and ``errors``.
"""
