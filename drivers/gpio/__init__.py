"""Buttons, sensors and lamps on the pins of a Raspberry Pi.

``board`` is all that is asked of gpiozero, which is loaded only where there are such pins; ``driver`` gives pins a
meaning.
"""
