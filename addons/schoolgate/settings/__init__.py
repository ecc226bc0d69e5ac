"""The only reader of YAML: ``config/`` and ``blocklists/`` become one frozen, versioned snapshot, or a list of faults.

``document`` reads YAML nodes strictly and remembers the line of everything; ``values`` and ``models`` say what each
file may hold; ``folders`` finds the school's files and the shipped ones behind them; ``blocklists`` reads the lists;
``checks`` holds what one file says against the others; ``load`` builds the snapshot. Either everything is sound or
nothing is used.
"""
