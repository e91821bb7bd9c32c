"""The HTML pages, rendered from ``templates``; their data come over the API.

May import ``kiosk.web``'s ``auth``, ``hall`` and ``problems``. Start with ``public``.
"""
