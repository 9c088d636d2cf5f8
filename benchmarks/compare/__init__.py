"""vipkeeperd and keepalived side by side: what happens to the VIP when something happens to the daemon.

::

    rows -> deeds     what is done to the active node, and what must come of it: data
    scene             the three machines, the two programs, the prober and the witness
    witness           on the wire: who answers ARP for the VIP, adverts, announcements
    sightings         what the witness saw -> who held the VIP, and when. Pure
    outcome           one run of one row: what was measured, and what is lost of what must hold. Pure
    comparison        all runs, the two programs in turn
    page, strips      docs/compare.md, and the picture in the README
"""
