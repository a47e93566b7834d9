"""From spec sheet to tokens a second: work of a step, time on a chip, and how far that can be off.

Three owners of parameters are kept apart: the chip (``model.facts``, its sheet), the software stack
(``model.stack``, fitted) and the workload (``model.operators``, counted). ``learning`` fits what
sheets do not say, ``validation`` holds it against what it never saw, and what lies here answers.
"""
