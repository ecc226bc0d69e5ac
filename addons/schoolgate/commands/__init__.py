"""What a technician, a Headteacher or a script can ask at a terminal: one file for the commands of one subject.

``cli.py`` is the list of them all. A command reads the settings, does one thing and says what it did: exit code 0 for
good, 2 where the command or a file is wrong (``terminal.Wrong``), 1 for a fault, 3 where ``check`` found a block. What
a command does to people's records is a deed on record (``deeds.py``), like everything that is done in the console.
"""
