"""The only reader of YAML: ``config/`` and ``blocklists/`` become one frozen, versioned snapshot, or a list of faults.

``document`` reads YAML nodes strictly and remembers the line of everything; ``models`` says what each file may hold;
``folders`` finds the school's files and the shipped ones behind them; ``blocklists`` and ``load`` check what one file
says against the others and build the snapshot. Either everything is sound or nothing is used.
"""
