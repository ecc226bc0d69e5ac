"""Who is where on the school's network, as far as it can be told without asking a device for a proxy login.

One process watches (``watcher``): lease files of DHCP servers (``leases``), the MACs that this machine sees
(``neighbours``, remembered by ``wire``), and RADIUS accounting (``radius`` reads packets, ``accounting`` draws the
conclusions). It hands what it found to the workers through one file (``sightings``), which it touches every round: a
file that was not touched for some seconds is believed no more. Logins at the gateway's own page stand in a file beside
it, which the workers write. At each new connection a worker asks the kernel itself for the MAC (``on_link``). What the
sightings mean is policy's to say (``policy.whereabouts``). ``directory`` asks an LDAP directory whether a password is
right.
"""
