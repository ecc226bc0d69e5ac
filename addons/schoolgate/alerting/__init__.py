"""When to tell whom, and the outbox that surely delivers.

``alerts`` gathers events that someone must hear of at once into one alert for each person and theme (``keys``);
``gathered`` is what it knows, ``priority`` how soon it must be read, ``quiet_hours`` when it waits; ``contested`` holds
back what a contest is about until it is answered. ``audience`` and ``recipients`` say which roles are told, never of
themselves. ``words`` says it in plain English for a mail, ``brief`` for a chat channel; ``outbox`` keeps every message
until it is taken, through restarts and failures; ``sending`` drives one outbox each for the mail (``post``, SMTP) and
for the ``channels``. ``cases`` opens a case for what needs a person, and ``clocks`` says when its time is over.
"""
