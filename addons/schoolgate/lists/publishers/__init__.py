"""Fetches lists from those who publish them, and keeps the last good copy of each.

``update`` decides what is due and whether a new copy is taken, held back or refused; ``download`` fetches one file
(``publisher`` knows how patient and how polite to be, ``partial`` keeps what has arrived of it, ``checksum`` compares);
``copies`` is the folder of good copies, with a ``state`` file each; ``since`` remembers when entries came into a list.
"""
