"""A school's gateway in one file, and back again: ``schoolgate backup`` and ``schoolgate restore``.

``contents`` says what belongs to a school: its own files, and of the data folder all but what is made anew by itself.
``writing`` packs it while the gateway runs: stores as SQLite copies them, journals so that no event is missing and none
comes twice. ``restoring`` looks at all of a backup before it changes anything, and puts what was there aside.

A backup holds the record, the school's certificate authority and its keys: who has it can read all and pretend to be
the gateway. It is written for its owner only; where it is kept is the school's to decide (docs/backup.md).
"""
