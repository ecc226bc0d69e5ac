"""schoolgate decides what a school's devices may see, records what the rules ask for, and tells the right people.

The road of a request::

    flow > translate > identify > categorise > calendar > rules > verdict > act > record > STORE > alert > report
           `proxy/'   `---------------- policy/ (pure) ----------------'   `- proxy/ -'        `-- the office --'

A worker process (``proxy/``) turns mitmproxy's flow into one ``WebRequest``, asks ``policy.decision.decide`` for a
``Verdict``, acts on it and writes an ``Event`` to its journal before anything leaves the gateway. The recorder
(``store/``) carries journals into the record, a SQLite file. The office (``alerting/``, ``reporting/``) reads the
record and tells people; in the ``console/`` they read it, answer and contest. What people do with the record is an
event in it, too, and a chain of hashes seals all of it. ``settings/`` is the only reader of YAML and gives all of them
one frozen snapshot.
"""
