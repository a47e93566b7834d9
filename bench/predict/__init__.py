"""From spec sheet to tokens/s: the work of a step, its time on a chip, and how wrong that may be.

Parameters have three separate owners: the chip (``model.facts``, from its sheet), the software
stack (``model.stack``, fitted) and the workload (``model.operators``, counted). ``learning`` fits
what sheets do not say, ``validation`` tests it on hold-out data, and the modules here answer.
"""
