"""Lists become one memory-mapped file, and an address becomes the categories it stands in.

``formats`` reads what list publishers write, ``guards`` keeps out what a list taken from elsewhere must never block,
``compiler`` puts all categories into one index file, ``index`` opens it, checks that it is whole and looks names up.
"""
