"""Feeds of illegal material, which only licensed schools get: taken from files in a folder, kept as keyed digests.

``feeds`` says which there are and what each is about, ``reading`` reads what publishers and providers write, ``marks``
digests an entry as ``policy.sealed`` looks it up, ``kept`` is the file of digests that stays when a feed goes, and
``taking`` looks into the folders, takes up what is sound, and says what is not. ``fetching`` downloads a feed, where
its folder holds an address and credentials for that. No message of any of them holds an address of a feed.
"""
