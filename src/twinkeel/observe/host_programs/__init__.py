"""Small programs that run on a host, sent there over SSH as text. Standard library only, Python 3.8 and newer.

They read. One of them sends packets; it says which, and why they harm nothing.
"""
