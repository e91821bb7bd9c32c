"""The one program: it builds the parts, joins them, and serves pages, HTTP API and command line."""
