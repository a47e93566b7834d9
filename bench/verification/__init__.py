"""The reports of ``bench report``: verification of one device, sampling plan, fleet summary."""
