"""The command ``quhao``: one module a group of commands, each importing what it needs only when it runs.

May import all of ``kiosk``. Start with ``main``.
"""
