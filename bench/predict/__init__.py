"""From spec sheet to tokens a second: work of a step, time on a chip, and how far that can be off.

Three owners of parameters are kept apart: the chip (``facts``, its sheet), the software stack
(``stack``, fitted) and the workload (``operators``, counted).
"""
