"""Is this gateway really filtering? Probes through the road that every request takes, and of all that it rests on.

A setting that looks right says little: a rule may have been edited, a list may be empty, a mail server away. So each
hour, and when ``schoolgate doctor`` asks, the gateway is used as each group would use it (``asking``): what the rules
forbid must be refused, with a page and on record (``verdicts``), searches must be made safe (``searches``), ways
round must be shut (``ways_out``), mail must be taken (``mail``), and lists, record, clock and certificates must be
sound (``lists``, ``keeping``, ``certificates``, ``processes``, ``workers``). ``examination`` is the order; ``hourly``
does it by itself and tells the technician once of what is wrong, and once when it is mended; ``history`` is what stays
on record.
"""
