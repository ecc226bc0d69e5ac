"""The console: what staff and the school's leaders see of the record, and what they say about it, in a browser.

A request passes these stations, each of which is one file:

1. ``guard``: is it addressed to this console, and small enough? Every answer gets its safety headers here.
2. ``entry``: who asks (``sessions``), may they (``Who``), and is a form really theirs (``forms``)?
3. a screen (``mine``, ``saying``, ``lessons``, ``answering``, ``names``, ...): a plain function from visitor to page.

``app`` holds the one list of all screens and who may open them. Screens read the record through ``desk`` and write
to it only as deeds, so that everything done here is itself on record. Nobody sees another person's record but by a
role, with a reason, and leaving a trace. There is no JavaScript, and nothing is loaded from anywhere else.
"""
