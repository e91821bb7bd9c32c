"""What is printed: the lines of slips and receipts, laid out for a paper's width.

May import the rest of ``display``; drivers turn the lines into bytes. Start reading in ``slip``.
"""
