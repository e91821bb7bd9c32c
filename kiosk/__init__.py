"""The one program: it builds the parts, joins them, and serves pages, HTTP API and command line.

Floors, from the top; a room imports only what is below it (import-linter holds that):

::

    cli                         the command ``quhao``
    wiring settings             builds everything; reads the settings it is built from
    web                         server, log-in check, API, pages
    demonstration               the virtual hall of ``quhao demo``
    resident devices            the person at the kiosk; what this box does with its devices
    exchange opening event_feed files of other programs; the store opened in order; event streams
    clock service audience      the hall's time; parts that start and stop; broadcasts to open streams

Start reading at ``wiring``.
"""
