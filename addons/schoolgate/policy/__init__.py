"""Who, what, when, therefore: every judgement of schoolgate, and nothing but judgement.

A ``WebRequest`` says what was asked for, in one spelling. ``identity`` says which person or group stands behind it, the
lists say which categories it falls in, ``calendar`` says which part of the school's day it is and (from ``contracts``)
whether that person is at work, ``rules`` say what the group may do, and ``decision.decide`` puts the answers together,
in that order, into one ``Verdict`` that carries its reason; ``said`` does so for words and pictures. Before all of it
stands what is ``sealed``; ``wrapped`` and ``signs`` see what would go round it; ``passing`` says what may stay closed.

Nothing here reads a file, a clock or a network: time, lists and settings are parameters, so that the proxy, the
command line and a test of a whole school day get the same answer from the same code.
"""
