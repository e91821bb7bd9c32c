"""The HTTP API under ``/api/v1``, one module a resource.

May import ``kiosk.web.schema`` (bodies and answers) and ``kiosk.web``'s ``auth``, ``hall`` and ``problems``; a resource
does not hold logic: it reads the request, calls one verb, and shapes the answer. Start with ``tickets``.
"""
