"""The gateway itself: mitmproxy addons, one duty a file, and the worker process that runs them.

``chain`` is the ordered list of duties, and that list is the product: ``login`` says who is there, ``gate`` decides
(the only duty that does, and it fails closed), ``recording`` keeps what a rule asks to keep, ``streaming`` lets
everything that is not judged flow by. They share one ``Live`` value: the settings in force and the journal.
"""
