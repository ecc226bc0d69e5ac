"""Lists become one memory-mapped file, and an address becomes the categories it stands in.

``formats/`` reads what list publishers write, ``guards`` keeps out what a list taken from elsewhere must never block
(``delicate`` says which names need a second word), ``compiler`` puts all categories into one index file, ``index``
opens it, checks that it is whole and looks names up. ``local_words`` is the school's own word beside it, ``names``
judges the name of a site that no list knows, and ``catalogue`` gives one answer from all three. ``publishers/``
fetches lists and keeps the last good copy of each.
"""
