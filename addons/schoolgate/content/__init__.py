"""What a page or a search says: pure judgements of words and pictures, with no proxy in sight.

The road of a text::

    bytes > unpacking > charset > page (visible words) > fold (one spelling) > phrases + text_model > judge (points)

``searches`` reads what an address searches for, ``safe_search`` makes an engine answer safely, ``passing_text`` judges
answers while they stream, ``pictures`` judges images. ``judge`` gives each category points with what weighed; whether
that is too much for a Year 2 tablet or for a member of staff is policy's to say, not this package's.
"""
