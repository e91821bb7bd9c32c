"""Clerks' call pads (呼叫器) with residents' evaluation keys (评价器): several on one line.

``ff68`` is the protocol, ``line`` the driver of a whole line.
"""
