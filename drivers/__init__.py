"""Hall hardware: words and bytes go onto it, readings come back. Knows no other package.

A protocol is a function of bytes (no socket, thread or clock in it); a driver joins a protocol to a port; a supervisor
keeps one driver at work on one thread and opens its port again whenever it is lost. Floors from the top, each imports
only those below: ``kinds`` (a row for each device) > ``simulators`` > families of devices, which do not know each other
> ``device`` (settings, events, sinks) > ``port``, ``supervisor`` > ``errors``. Start reading at ``kinds``.
"""
