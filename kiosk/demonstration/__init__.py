"""The virtual hall of ``quhao demo``: hands and eyes of its simulators, and a hall day that goes by itself, sped up.

Production never imports it: ``kiosk.wiring`` loads ``virtual_hall`` where a device is simulated, and the rest where
``quhao demo`` hands it a :class:`~kiosk.demonstration.hall_time.HallTime`.

::

    virtual_hall               what the page ``/bench`` sees and does
    hall_day                   a day: who comes, which clerks work, how fast
    clerks residents           what clerks and residents do, by the office's verbs and the simulators' hands
    day_plan hall_time         who comes when, drawn; a clock that can be sped up
"""
