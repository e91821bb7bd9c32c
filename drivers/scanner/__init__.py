"""Code scanners: lines of text over a serial line, or keys of a Linux input device.

``driver`` is the driver of both. ``lines`` cuts bytes into lines, ``keyboard`` makes bytes of key presses, ``triggers``
has the commands that switch a scanner on.
"""
