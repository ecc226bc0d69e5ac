"""The machine between devices and the internet: how their traffic comes to the filter, and nothing goes past it.

``schoolgate gateway install`` gives the machine one nftables table of its own (``redirect``) and its systemd units
(``units``); ``status`` tells whether they are in force as the settings now say, ``remove`` takes away just these. The
table belongs to schoolgate alone: no rule of anybody else is read, changed or taken away. If the filter is not running,
redirected connections meet a closed port: what cannot be filtered does not go round the filter.
"""
