"""All that reaches into mitmproxy beyond its hooks, in one room: what a hook cannot do, and a filter must.

``full`` lets go of a held answer that grows too large or never ends, ``ending`` ends an answer or a WebSocket that was
cut, ``held`` looks at a body that waits while a hook is awaited, ``framing`` bounds what is read of a message's frame.

``few_addons`` spares memory, and ``faster`` work: it names every change for speed and makes those that fit. A device
comes to the ``doorstep`` first; what passes unread is ``relayed``, and what mitmproxy looks into is ``served`` from its
first word to its last: ``directly`` takes what comes, ``layers`` hand it on, ``hooks`` calls the duties, ``messages``,
``header_texts`` and ``hello`` read what was said, and ``released`` takes apart what is over.

Each is bound to the version of mitmproxy that it was written for and stays off with any other, where the filter then is
slower, or holds or swallows more than it need, and opens nothing.
"""
