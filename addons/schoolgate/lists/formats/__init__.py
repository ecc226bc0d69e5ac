"""What list publishers and administrators write, read line by line.

``source_text`` gives the lines of a file, a folder or an archive within limits. A reader (one module a format, all of
them in ``registry``) yields what it finds as (line, host, path, how): ``how`` says how far an entry reaches and whether
it speaks for the list or against it. What a line says that this gateway cannot do is never done by half: the line is
left out and counted with its reason, and a line that cannot be read costs itself only.
"""
