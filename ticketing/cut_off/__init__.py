"""A box that goes on without the store: it issues numbers that it holds, and merges them when the store is back.

The rules are one page of the README ("Without the store").
"""
