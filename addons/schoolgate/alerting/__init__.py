"""When to tell whom, and the outbox that surely delivers.

``alerts`` gathers events that someone must hear of at once into one alert for each person and category; ``words``
says it in plain English; ``outbox`` keeps every mail until the mail server has taken it, through restarts and failures;
``post`` speaks SMTP.
"""
