"""Residents' data: sealed before they reach the store, opened only for who may look, each look logged.

May import ``store`` and ``model``. Start with ``keys`` (the chain) and ``vault`` (which key opens what), then
``access_log`` (who looked).
"""
