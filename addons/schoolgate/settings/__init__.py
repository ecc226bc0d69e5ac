"""The only reader of YAML: ``config/`` and ``blocklists/`` become one frozen, versioned snapshot, or a list of faults.

``document`` reads YAML nodes strictly and remembers the line of everything; ``values``, ``models`` and
``list_models`` say what each file may hold; ``folders`` finds the school's files and the shipped ones behind them;
``blocklists`` and ``topics`` read the lists. ``checks`` holds what one file says against the others; ``persons``,
``year``, ``year_checks`` and ``monitoring`` do so, and build, for people, calendar and monitoring; ``load`` builds the
snapshot of it all. Either everything is sound or nothing is used. ``notice`` then says to staff what it comes to.
"""
