"""The only reader of YAML: ``config/`` and ``blocklists/`` become one frozen, versioned snapshot, or a list of faults.

``document`` reads YAML nodes strictly and remembers the line of everything; ``values`` and the ``..._models`` (one for
each file of config/; ``models`` lists them) say what each file may hold; ``folders`` finds the school's files and the
shipped ones behind them; ``blocklists`` and ``topics`` read the lists. The ``..._checks`` and ``checks`` hold what one
file says against the others; ``persons``, ``year`` and ``monitoring`` do so, and build, for people, calendar and
monitoring. ``written`` reads and checks it all, ``load`` builds the snapshot of it. Either everything is sound or
nothing is used. ``notice`` then says to staff what it comes to.
"""
