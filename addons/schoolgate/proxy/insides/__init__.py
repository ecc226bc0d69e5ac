"""All that reaches into mitmproxy beyond its hooks, in one room: what a hook cannot do, and a filter must.

``full`` lets go of a held answer that grows too large or never ends, ``ending`` ends an answer or a WebSocket that was
cut, ``held`` looks at a body that waits while a hook is awaited; ``faster`` spares work and ``few_addons`` memory. Each
is bound to the version of mitmproxy that it was written for and stays off with any other, where the filter then is
slower, or holds or swallows more than it need, and opens nothing.
"""
