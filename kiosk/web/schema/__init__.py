"""The API's contract: request bodies, answers, shared route helpers, and the OpenAPI description made from them.

May import ``kiosk.web.auth`` and ``problems``. Start with ``answers``.
"""
