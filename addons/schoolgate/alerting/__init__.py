"""When to tell whom, and the outbox that surely delivers.

``alerts`` gathers events that someone must hear of at once into one alert for each person and category (``keys``);
``contested`` holds back what a contest is about until it is answered; ``recipients`` are the roles that are told, never
of themselves; ``words`` says it in plain English; ``outbox`` keeps every mail until the mail server has taken it,
through restarts and failures; ``post`` speaks SMTP.
"""
