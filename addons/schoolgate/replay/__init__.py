"""What if: what the past weeks would have looked like under edited settings, before anybody saves them.

``run`` goes through the record once; ``rejudging`` judges one event as of its own moment under both settings, or says
why nobody can; ``counts`` weighs what was allowed and only counted; ``outcome`` is what comes of it, without persons.
Nothing here writes anything, and nothing is read but the record and the settings.
"""
