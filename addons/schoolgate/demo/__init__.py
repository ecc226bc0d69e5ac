"""A school to look at before anything is installed: ``schoolgate demo``.

``school`` writes the folder of a pretend school in the formats of a real one; ``past`` lives through its last two weeks
with the product's own parts and a clock moved by hand (``fortnight`` says what happened in them); ``world`` is the
pretend internet, of the sites that ``sites`` describes, and ``mail`` the pretend mail server. ``gateway`` starts the
real gateway on top of them, ``day`` is the school day that pupils, staff and guests then play through it, each at a
``device`` (or as a ``visitor`` at the console), and ``guide`` is the page that shows what to look at, the letters, and
what people saw on their screens. ``play`` puts it all together and takes it all down. Nothing of it leaves loopback:
``signposts`` leads every connection that the gateway would open to the pretend internet.
"""
