"""The gateway itself: mitmproxy addons, one duty a file, and the worker process that runs them.

``chain`` is the ordered list of duties, and that list is the product: ``login`` says who is there, ``replies`` takes
what people answer to the gateway's own pages, ``gate`` decides on addresses and searches, ``safe_search`` makes engines
answer safely, ``asking`` judges questions that are sent as a body, ``recording`` keeps what a rule asks to keep,
``documents`` holds back pages until their words are judged, ``answers`` judges what streams, ``files`` and ``pictures``
what is moved and shown, and ``streaming`` lets everything else flow by. On a network of the school's own ``redirected``
gives connections a name, ``names`` answers DNS, ``portal`` and ``captive`` are the gateway's own site, ``pinned`` and
``challenges`` learn what may stay closed, ``coverage`` counts what was seen, and ``probes`` answers the doctor;
``doors`` and ``away`` are the ways in, ``tunnels`` says which begin without a question, ``kept_out`` where none leads;
``odd_ports`` and ``posted`` see ways round.

Whatever goes wrong in one of them, nothing is shown: each takes care of itself, and ``shut`` of what that leaves. They
share one ``Live`` value, the settings in force and the journal, and one ``Act``, which blocks, warns, asks, records and
fails; ``footing`` says of whom anything may be kept at all, ``tls`` and ``loop`` are what all stand on, and ``insides``
is what reaches beyond mitmproxy's hooks.
"""

from schoolgate.proxy.insides.few_addons import spare_the_others

spare_the_others()
