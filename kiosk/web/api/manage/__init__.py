"""Routes of the manager's pages, one module a page; by the rules of ``kiosk.web.api``."""
