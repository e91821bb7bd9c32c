"""Hall hardware: words and bytes go onto it, readings come back.

A protocol is a function of bytes (no socket, thread or clock in it); a driver joins a protocol to a
:class:`~drivers.port.Port`; a :class:`~drivers.supervisor.Supervisor` keeps one driver at work on one thread
and opens its port again whenever it is lost. Simulators (``drivers.simulators``) sit at the other end of a real
pty or socket, so that a demonstration runs the very code of a hall.
"""
