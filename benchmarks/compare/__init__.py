"""vipkeeperd and keepalived side by side: what becomes of the VIP when a daemon meets trouble.

::

    rows -> deeds     what is done to the active node, and what must come of it: data
    scene             the machines, the two programs, the prober and the witness
    witness           on the wire: who answers ARP for the VIP, adverts, announcements
    sightings         what the witness saw -> who held the VIP, and when. Pure
    outcome           one run of one row: what was measured, what of its bound was missed. Pure
    comparison        all runs, the two programs in turn
    results           what was measured on which machine, as JSON
    page, strips      docs/compare.md, and the picture in the README. Pure
"""
