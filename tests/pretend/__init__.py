"""A pretend world on loopback: sites with certificates of their own authority, a mail server, and a school to run in it."""
